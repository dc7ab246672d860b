"""The order of a play, and what follows from it: quantities, status, averages.

OrdStatus is the highest that holds, in the standard's order of precedence: pending cancel,
pending replace, done for the day, filled, stopped, canceled, partially filled, new.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from simulator.values.numbers import plain
from simulator.values.requests import NewOrder
from simulator.values.words import OrdStatus

_EIGHT_PLACES = Decimal("0.00000001")


@dataclass(slots=True)
class Fill:
    """A standing execution."""

    exec_id: str
    quantity: int
    price: Decimal
    day: int


@dataclass(slots=True)
class Change:
    """A cancel or replace that is not decided yet."""

    cl_ord_id: str
    cancels: bool
    quantity: int
    price: str
    told: bool = False  # Reported as pending.


@dataclass(slots=True)
class Line:
    """One order's life in a play."""

    order_id: str
    order: NewOrder
    cl_ord_id: str  # The last one that was accepted; empty for an order by telephone.
    quantity: int
    price: str
    stays_open: bool  # Good till canceled: done for the day does not end it.
    fills: list[Fill] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    accepted: bool = False
    ended: OrdStatus | None = None  # Canceled or Rejected.
    done_for_day: bool = False
    stopped: bool = False
    day: int = 1

    @property
    def cum(self) -> int:
        """Shares executed, busts out and corrections in."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def leaves(self) -> int:
        """Shares still open."""
        if self.ended or (self.done_for_day and not self.stays_open):
            return 0
        return max(self.quantity - self.cum, 0)

    @property
    def status(self) -> OrdStatus:
        """The highest status that holds."""
        pending = [change for change in self.changes if change.told]
        cum = self.cum
        ranked = (
            (any(change.cancels for change in pending), OrdStatus.PENDING_CANCEL),
            (bool(pending), OrdStatus.PENDING_REPLACE),
            (self.done_for_day, OrdStatus.DONE_FOR_DAY),
            (0 < self.quantity <= cum, OrdStatus.FILLED),
            (self.stopped, OrdStatus.STOPPED),
            (self.ended is not None, self.ended or OrdStatus.CANCELED),
            (cum > 0, OrdStatus.PARTIALLY_FILLED),
            (self.accepted, OrdStatus.NEW),
        )
        return next((status for holds, status in ranked if holds), OrdStatus.PENDING_NEW)

    @property
    def average(self) -> str:
        """AvgPx: exact, or rounded to eight places where it has no end."""
        gross = sum((fill.quantity * fill.price for fill in self.fills), Decimal(0))
        return plain((gross / self.cum).quantize(_EIGHT_PLACES, ROUND_HALF_UP) if self.cum else 0)

    @property
    def day_cum(self) -> int:
        """DayCumQty (425): of today's executions."""
        return sum(fill.quantity for fill in self.fills if fill.day == self.day)

    @property
    def day_quantity(self) -> int:
        """DayOrderQty (424): OrderQty less what was done on days before."""
        return self.quantity - (self.cum - self.day_cum)

    @property
    def day_average(self) -> str:
        """DayAvgPx (426)."""
        today = [fill for fill in self.fills if fill.day == self.day]
        gross = sum((fill.quantity * fill.price for fill in today), Decimal(0))
        shares = self.day_cum
        return plain((gross / shares).quantize(_EIGHT_PLACES, ROUND_HALF_UP) if shares else 0)

    def change(self, cl_ord_id: str = "") -> Change | None:
        """The open change of that name; the oldest where none is named."""
        named = (one for one in self.changes if cl_ord_id in {"", one.cl_ord_id})
        return next(named, None)

    def fill(self, exec_id: str) -> Fill | None:
        """The standing execution of that id."""
        return next((fill for fill in self.fills if fill.exec_id == exec_id), None)

    def split(self, ratio: int) -> None:
        """Every share becomes `ratio` shares, of today's orders and yesterday's executions."""
        self.quantity *= ratio
        for fill in self.fills:
            fill.quantity *= ratio
            fill.price /= ratio

    def new_day(self, day: int) -> None:
        """What was done for the day may trade again."""
        self.day = day
        if self.stays_open:
            self.done_for_day = False
