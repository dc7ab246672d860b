"""A client's order that a strategy works, and the child orders that it has out."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from simulator.broker.plan import Plan
from simulator.values.numbers import plain, whole_number
from simulator.values.requests import CancelOrder, NewOrder, ReplaceOrder
from simulator.values.words import OrdStatus, OrdType

_EIGHT_PLACES = Decimal("0.00000001")


@dataclass(slots=True)
class Fill:
    """A standing execution, by the client's ExecID."""

    exec_id: str
    quantity: int
    price: Decimal


@dataclass(slots=True)
class Child:
    """An order of ours on an exchange that is not closed yet."""

    cl_ord_id: str
    venue: str
    leaves: int
    cancels: int = 0  # Cancel requests sent.


@dataclass(slots=True)
class Parent:
    """One order of a client's."""

    number: int
    broker: str
    order_id: str
    order: NewOrder
    cl_ord_id: str
    quantity: int
    price: str
    plan: Plan
    began: int = 0  # Shares done when the plan began: a replace makes a new plan for the rest.
    volume: int | None = None  # What others had traded then; None before it begins.
    due: datetime | None = None
    fills: dict[str, Fill] = field(default_factory=dict)  # By the exchange's name and ExecID.
    children: dict[str, Child] = field(default_factory=dict)
    sent: int = 0  # Children so far.
    names: list[str] = field(default_factory=list)  # Every ClOrdID it has used up.
    kept: bool = False  # Closed, and counted among those that are remembered.
    change: CancelOrder | ReplaceOrder | None = None  # Waits until no child is out.
    told: bool = False  # The change was reported as pending.
    ended: OrdStatus | None = None
    closing: bool = False  # The end time is reached; what is out may still trade.
    called_off: str = ""  # Why it ends before its time, by the client's wish about its list.

    @classmethod
    def of(cls, order: NewOrder, plan: Plan, number: int, broker: str) -> "Parent":
        """A new order; its first slice is due when its plan starts."""
        return cls(
            number=number,
            broker=broker,
            order_id=f"{broker}-{number:06d}",
            order=order,
            cl_ord_id=order.cl_ord_id,
            quantity=whole_number(order.quantity) or 0,
            price=order.price if order.ord_type == OrdType.LIMIT else "",
            plan=plan,
            due=plan.start,
        )

    @property
    def client(self) -> str:
        """Whose it is."""
        return self.order.client

    @property
    def cum(self) -> int:
        """Shares executed."""
        return sum(fill.quantity for fill in self.fills.values())

    @property
    def out(self) -> int:
        """Shares of children that may still trade."""
        return sum(child.leaves for child in self.children.values())

    @property
    def leaves(self) -> int:
        """Shares still to do."""
        return 0 if self.ended else max(self.quantity - self.cum, 0)

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.ended is None and self.cum < self.quantity

    @property
    def status(self) -> OrdStatus:
        """The highest status that holds."""
        cum = self.cum
        if self.change is not None and self.told:
            cancels = isinstance(self.change, CancelOrder)
            return OrdStatus.PENDING_CANCEL if cancels else OrdStatus.PENDING_REPLACE
        if self.ended is OrdStatus.DONE_FOR_DAY:
            return OrdStatus.DONE_FOR_DAY
        if 0 < self.quantity <= cum:
            return OrdStatus.FILLED
        if self.ended is not None:
            return self.ended
        return OrdStatus.PARTIALLY_FILLED if cum else OrdStatus.NEW

    @property
    def average(self) -> str:
        """AvgPx: exact, or rounded to eight places where it has no end."""
        cum = self.cum
        if not cum:
            return "0"
        gross = sum((fill.quantity * fill.price for fill in self.fills.values()), Decimal(0))
        return plain((gross / cum).quantize(_EIGHT_PLACES, ROUND_HALF_EVEN))
