"""An order as the venue keeps it: an immutable value, replaced at every change."""

from dataclasses import dataclass
from datetime import datetime

from simulator.words import OrdStatus, OrdType, ResponseTo, Side, TimeInForce

LIVE = frozenset({OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingChange:
    """A cancel or replace that was acknowledged and is not decided yet."""

    kind: ResponseTo
    cl_ord_id: str
    due: datetime
    quantity: int = 0  # Of a replace.
    price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one client. Prices in ticks; `gross` is the sum of ticks x shares filled.

    `status` says what stands apart from a pending change; `reported_status`
    is what goes on the wire (a pending change outranks everything).
    """

    order_id: str
    number: int  # Its number in the book.
    priority: int  # Grows each time the order queues anew.
    client: str
    cl_ord_id: str  # The last one that the venue accepted.
    chain: tuple[str, ...]  # Every ClOrdID it had, oldest first.
    symbol: str
    security_id: str
    side: Side
    quantity: int
    ord_type: OrdType
    price: int | None
    time_in_force: TimeInForce
    account: str
    link_id: str
    secondary_id: str
    status: OrdStatus
    filled: int = 0
    gross: int = 0
    pending: PendingChange | None = None

    def __post_init__(self) -> None:
        assert 0 <= self.filled <= self.quantity

    @property
    def is_live(self) -> bool:
        """More fills may come."""
        return self.status in LIVE

    @property
    def leaves(self) -> int:
        """Shares still to fill; 0 once closed."""
        return self.quantity - self.filled if self.is_live else 0

    @property
    def reported_status(self) -> OrdStatus:
        """OrdStatus as the wire shows it."""
        if self.pending is None:
            return self.status
        if self.pending.kind is ResponseTo.CANCEL:
            return OrdStatus.PENDING_CANCEL
        return OrdStatus.PENDING_REPLACE


def standing(quantity: int, filled: int) -> OrdStatus:
    """The status of an order that nobody ended."""
    if filled == quantity:
        return OrdStatus.FILLED
    return OrdStatus.PARTIALLY_FILLED if filled else OrdStatus.NEW
