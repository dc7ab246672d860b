"""An order as the venue keeps it, its executions, and the changes that wait to be decided."""

from datetime import datetime
from typing import NamedTuple

from simulator.exchange.listing import Listing
from simulator.matching.entries import Kind, Stay
from simulator.values.messages import Fields
from simulator.values.requests import CancelOrder, NewOrder, ReplaceOrder
from simulator.values.words import OrdStatus, ResponseTo

# An enum's member costs a look-up that every report would pay.
_NEW = OrdStatus.NEW
_PARTIALLY_FILLED = OrdStatus.PARTIALLY_FILLED
_FILLED = OrdStatus.FILLED
_DONE_FOR_DAY = OrdStatus.DONE_FOR_DAY


class Fill(NamedTuple):
    """An execution as it stands after corrections."""

    exec_id: str  # Of the latest report of it.
    trade: int  # The same number on both sides.
    quantity: int
    price: int
    date: str  # YYYYMMDD, of the execution.


class Terms(NamedTuple):
    """What a request asks for, checked. Prices in units."""

    quantity: int
    price: int | None
    stop: int | None = None
    kind: Kind = Kind.LIMIT
    stay: Stay = Stay.WAIT
    offset: int = 0
    display: int = 0
    minimum: int = 0
    all_or_none: bool = False
    best_only: bool = False  # ExecInst Z: canceled when it is not the best of its side.
    on_halt: str = ""  # ExecInst J (wait) or K (cancel).
    expires: datetime | None = None


class Change:
    """A cancel or replace that is not decided yet."""

    __slots__ = ("begun", "kind", "request", "terms")

    def __init__(
        self, kind: ResponseTo, request: CancelOrder | ReplaceOrder, terms: Terms | None
    ) -> None:
        self.kind = kind
        self.request = request
        self.terms = terms  # Of a replace.
        self.begun = False  # Pending. Before, it waits behind another one.


class Order:
    """One order of one client. An empty client is a stranger: nobody hears of it.

    `gross` is the sum of units x shares over the fills that stand. Whether it is open follows
    from `ended`, `quantity` and `filled` alone.
    """

    __slots__ = (
        "account",
        "alloc_id",
        "allocations",
        "chain",
        "changes",
        "cl_ord_id",
        "client",
        "conditions",
        "done_for_day",
        "ended",
        "entered",
        "filled",
        "fills",
        "gross",
        "link_id",
        "list_id",
        "listing",
        "number",
        "ord_type",
        "order_id",
        "price_text",
        "prior_filled",
        "prior_gross",
        "quantity",
        "queued",
        "restate_reason",
        "secondary_id",
        "security_id",
        "side",
        "since",
        "stop_text",
        "stopped",
        "symbol",
        "terms",
        "time_in_force",
        "triggered",
    )

    def __init__(
        self,
        number: int,
        request: NewOrder,
        terms: Terms,
        listing: Listing,
        *,
        venue: str,
        since: str,
    ) -> None:
        self.number = number
        self.order_id = f"{venue}-{number:06d}"
        self.client = request.client
        self.cl_ord_id = request.cl_ord_id  # The last one that the venue accepted.
        self.chain: tuple[str, ...] = (request.cl_ord_id,)  # Every ClOrdID it had, oldest first.
        self.listing = listing
        self.symbol = listing.symbol
        self.security_id = listing.instrument.security_id
        self.side = request.side
        self.ord_type = request.ord_type
        self.time_in_force = request.time_in_force
        self.terms = terms
        self.quantity = terms.quantity
        self.since = since  # The trade date it came on.
        self.price_text = ""
        self.stop_text = ""
        self.conditions: Fields = ()  # ExecInst, MaxFloor and the like, as every report has them.
        self.account = request.account
        self.link_id = request.link_id
        self.secondary_id = request.secondary_id
        self.allocations = request.allocations
        self.alloc_id = request.alloc_id
        self.list_id = request.list_id
        self.filled = 0
        self.gross = 0
        self.prior_filled = 0  # Of earlier days.
        self.prior_gross = 0
        self.fills: list[Fill] = []
        self.changes: list[Change] = []
        self.entered = False  # Accepted: New was said. Until then it is pending.
        self.ended: OrdStatus | None = None  # What ended it before it was filled.
        self.done_for_day = False  # It works again tomorrow.
        self.stopped = False  # A price was guaranteed for a part that is not traded yet.
        self.triggered = False  # A stop order that has become a live one.
        self.queued = False  # Among the closed orders that will be forgotten.
        self.restate_reason: int | None = None  # What the morning's restatement will say.

    @property
    def buys(self) -> bool:
        return self.side == "1"

    @property
    def is_open(self) -> bool:
        """More fills may come."""
        return self.ended is None and self.filled < self.quantity

    @property
    def leaves(self) -> int:
        """Shares still to fill; 0 once closed."""
        return 0 if self.ended is not None else self.quantity - self.filled

    @property
    def standing(self) -> OrdStatus:
        """OrdStatus apart from pending changes, by the standard's precedence."""
        if self.done_for_day or self.ended is _DONE_FOR_DAY:
            return _DONE_FOR_DAY
        if self.filled >= self.quantity:
            return _FILLED
        if self.stopped:
            return OrdStatus.STOPPED
        if self.ended is not None:
            return self.ended
        if not self.entered:
            return OrdStatus.PENDING_NEW
        return _PARTIALLY_FILLED if self.filled else _NEW

    @property
    def status(self) -> OrdStatus:
        """OrdStatus (39) as the wire shows it: a pending change outranks everything."""
        if self.changes:
            pending = [change.kind for change in self.changes if change.begun]
            if ResponseTo.CANCEL in pending:
                return OrdStatus.PENDING_CANCEL
            if pending:
                return OrdStatus.PENDING_REPLACE
        return self.standing
