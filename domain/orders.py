"""Orders: what we intend, what the venue says, and what stands now.

Words are FIX's. A filled quantity is never negative here; `Side` says the
direction. AvgPx is not stored: `gross` is the exact sum of LastQty x LastPx of
the fills that stand, so AvgPx x CumQty is exact.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.exact import ZERO
from domain.splits import Split, factor, per_share, rounded_times
from domain.values import quickly_made


class Side(StrEnum):
    """Side (54)."""

    BUY = "1"
    SELL = "2"


class OrdType(StrEnum):
    """OrdType (40). On-open and on-close are times in force, as FIX has had them since 4.3."""

    MARKET = "1"
    LIMIT = "2"
    STOP = "3"
    STOP_LIMIT = "4"
    PEGGED = "P"


class TimeInForce(StrEnum):
    """TimeInForce (59)."""

    DAY = "0"
    GTC = "1"  # Good till cancelled.
    OPG = "2"  # At the opening.
    IOC = "3"  # Immediate or cancel.
    FOK = "4"  # Fill or kill.
    GTD = "6"  # Good till date.
    CLS = "7"  # At the close.


class PegTo(StrEnum):
    """What a pegged order follows, as ExecInst (18) says it."""

    MIDPOINT = "M"
    MARKET = "P"  # The other side's best price.
    PRIMARY = "R"  # Its own side's best price.


class Strategy(StrEnum):
    """A broker's algorithm; each profile says by which tags it is asked for."""

    TWAP = "TWAP"
    VWAP = "VWAP"
    POV = "POV"  # A percentage of the volume.


class OrdStatus(StrEnum):
    """OrdStatus (39), and two of our own for an order that no venue has spoken of."""

    INTENDED = "intended"  # Committed by us; the venue has not said anything.
    UNSENT = "unsent"  # Never handed to the engine, and never will be: proven dead.
    NEW = "0"
    PARTIALLY_FILLED = "1"
    FILLED = "2"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    CALCULATED = "B"
    EXPIRED = "C"
    PENDING_REPLACE = "E"


class ExecType(StrEnum):
    """ExecType (150), FIX 4.4."""

    NEW = "0"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    REPLACED = "5"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    CALCULATED = "B"
    EXPIRED = "C"
    RESTATED = "D"
    PENDING_REPLACE = "E"
    TRADE = "F"
    TRADE_CORRECT = "G"
    TRADE_CANCEL = "H"
    ORDER_STATUS = "I"
    TRIGGERED = "L"  # A stop was reached. Of FIX 5.0, and said over FIX 4.4 too.


@dataclass(frozen=True, slots=True, kw_only=True)
class Peg:
    """What the price follows, and how far from it."""

    to: PegTo
    offset: Decimal = ZERO  # Dollars a share, PegOffsetValue (211); plus is up.


@dataclass(frozen=True, slots=True, kw_only=True)
class Algo:
    """How a broker is to work an order: by which algorithm, when, and how much of the volume."""

    strategy: Strategy
    start: datetime | None = None  # None: at once.
    end: datetime | None = None  # None: until the close.
    participation: Decimal | None = None  # Fraction of the volume; POV needs it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Why an order goes where and how it goes."""

    rule: str  # The routing rule's name.
    why: str  # One sentence, for people.
    choice: int = 1  # Which of the rule's choices, counted from 1.
    follows: str | None = None  # ClOrdID of the certainly dead order whose rest this one carries.


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One account's part of a block, written before the block is sent."""

    account_id: str
    quantity: Decimal
    lot_ids: tuple[str, ...] = ()  # Sales under SPECIFIC: which lots to relieve, in order.
    strategy: str = ""  # The account's model, by which limits count and kill switches stop.


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """One block order as we mean to send it. Immutable once committed, but see `Raised`.

    `cl_ord_id` is used once, for ever. The allocations add up to `quantity`. An order for an
    amount of cash is of as many shares as the venue says when it takes it.
    """

    cl_ord_id: str
    run_id: UUID
    venue: str
    security_id: str
    symbol: str
    side: Side
    quantity: Decimal
    ord_type: OrdType
    limit_price: Decimal | None
    time_in_force: TimeInForce
    reference_price: Decimal  # The snapshot's price that the decision was made on.
    trade_date: date
    decided_at: datetime
    allocations: tuple[Allocation, ...]
    stop_price: Decimal | None = None  # StopPx (99).
    expires: date | None = None  # ExpireDate (432) of a GTD order: its last trading day,
    expires_at: datetime | None = None  # and where it ends within it, ExpireTime (126).
    peg: Peg | None = None
    algo: Algo | None = None
    routed: Routed | None = None
    cash_quantity: Decimal | None = None  # CashOrderQty (152), dollars; `quantity` is our guess.
    list_id: str | None = None  # ListID (66) of the NewOrderList that it goes out in.
    arrived_at: datetime | None = None  # When it was committed,
    arrival_price: Decimal | None = None  # and the newest price that was known then.

    def __post_init__(self) -> None:
        kind = self.ord_type
        assert self.quantity > 0
        assert self.cash_quantity is None or self.cash_quantity > 0
        assert self.limit_price is None or kind not in (OrdType.MARKET, OrdType.STOP)
        assert self.limit_price is not None or kind not in (OrdType.LIMIT, OrdType.STOP_LIMIT)
        assert (self.stop_price is not None) == (kind in (OrdType.STOP, OrdType.STOP_LIMIT))
        assert (self.peg is not None) == (kind is OrdType.PEGGED)
        assert (self.expires is not None) == (self.time_in_force is TimeInForce.GTD)
        assert self.expires_at is None or self.expires is not None
        assert sum(a.quantity for a in self.allocations) == self.quantity


def with_parts(intent: OrderIntent, parts: tuple[Allocation, ...]) -> OrderIntent:
    """The intent for other parts, and so for another quantity."""
    return replace(intent, allocations=parts, quantity=sum((p.quantity for p in parts), ZERO))


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """ExecutionReport (35=8) as read from the wire. Prices are None where the tag was absent."""

    venue: str
    exec_id: str
    order_id: str
    cl_ord_id: str
    orig_cl_ord_id: str | None
    exec_type: ExecType
    ord_status: OrdStatus
    symbol: str
    side: Side
    order_qty: Decimal | None
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal | None
    last_qty: Decimal
    last_px: Decimal | None
    limit_price: Decimal | None
    commission: Decimal  # Of this execution, dollars; 0 where absent.
    exec_ref_id: str | None  # Bust and correction: the execution that they change.
    reason: str  # OrdRejReason or restatement reason and Text, for people.
    trade_date: date
    transact_time: datetime
    ord_rej_reason: int | None = None  # OrdRejReason (103): 5 unknown order, 6 duplicate, ...
    stop_price: Decimal | None = None  # StopPx (99).
    restatement: int | None = None  # ExecRestatementReason (378).
    ord_type: OrdType | None = None  # Of an acknowledgement: what the venue took it for,
    time_in_force: TimeInForce | None = None  # and how long. None where it is not said.


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReject:
    """OrderCancelReject (35=9)."""

    venue: str
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    ord_status: OrdStatus
    cxl_rej_reason: int
    reason: str
    transact_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """Our wish to cancel: OrderCancelRequest (35=F). Pending until the venue answers."""

    cl_ord_id: str
    orig_cl_ord_id: str
    requested_at: datetime
    why: str
    list_id: str | None = None  # It went by a ListCancelRequest (35=K), with no message of its own.


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCancelRequest:
    """Our wish to cancel what is open of a list: ListCancelRequest (35=K). Asked once."""

    list_id: str
    requested_at: datetime
    why: str

    @property
    def cl_ord_id(self) -> str:
        """What the outbox knows the message by; it has no ClOrdID."""
        return f"{self.list_id}:K"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceRequest:
    """Our wish to change quantity or prices: OrderCancelReplaceRequest (35=G)."""

    cl_ord_id: str
    orig_cl_ord_id: str
    quantity: Decimal
    limit_price: Decimal | None
    requested_at: datetime
    why: str
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The intent was handed to the engine: from here on, never again."""

    cl_ord_id: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverSent:
    """Proof that the intent was never handed to the engine, so the order is dead."""

    cl_ord_id: str
    at: datetime
    why: str
    accidental: bool = False  # Nobody decided it: what was meant is wanted still.


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverReceived:
    """Proof that a change of ours never came to its venue: the order is as before it."""

    cl_ord_id: str  # The change's own.
    orig_cl_ord_id: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtRaised:
    """We do not know whether the venue has the order (a restart or a lost session)."""

    cl_ord_id: str
    at: datetime
    why: str


class Settlement(StrEnum):
    """What two persons found out about an order in doubt, by telephone or from a file."""

    NEVER_REACHED = "never_reached"  # The venue never had it: what was meant is wanted still.
    ENDED = "ended"  # The venue had it and it is over, with the fills that we have.
    STANDS = "stands"  # The venue has it, as we do.


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtSettled:
    """A doubt that the wire could not end, ended by a person with a second person's consent."""

    cl_ord_id: str  # Or that of a replace: whether it was made, where its venue never answered.
    at: datetime
    what: Settlement
    why: str
    by: str
    seconded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnded:
    """The venue's trading day is over, and so is the order, though the venue did not say so."""

    cl_ord_id: str
    at: datetime
    why: str
    day: date  # The first trading day on which it is dead.


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """An order that a venue had and we did not send became ours, by two persons."""

    cl_ord_id: str
    known_as: str  # The ClOrdID that the venue names, or VENUE/OrderID where it names none.
    at: datetime
    why: str
    by: str
    seconded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Two persons approved more shares than the order was sent for; the venue is asked next."""

    cl_ord_id: str
    at: datetime
    before: Decimal  # Shares that were approved until then.
    allocations: tuple[Allocation, ...]  # All parts as they are from now on; none is smaller.
    why: str
    by: str
    seconded_by: str


OrderEvent = (
    ExecutionReport
    | CancelReject
    | CancelRequest
    | ReplaceRequest
    | Sent
    | NeverSent
    | NeverReceived
    | DoubtRaised
    | DoubtSettled
    | DayEnded
    | Adopted
    | Raised
)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFill:
    """An execution that counts: not busted, and in its latest correction.

    Shares and price are as the venue told them; a split since then is the order's to know.
    """

    exec_id: str  # Of the latest correction: what a further bust or correction will refer to.
    trade_date: date  # Venues count ExecIDs anew each day.
    quantity: Decimal
    price: Decimal
    commission: Decimal


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """An execution that was busted or corrected before we heard of it: it will not count."""

    exec_id: str
    at: datetime  # When the venue said so: an execution of later on only has the same ExecID.


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What stands now: the fold of an intent and its events (`domain.order_states`).

    `chain` holds every ClOrdID the order had, oldest first; `current` is the
    last one that the venue accepted, and what a fill will name.
    """

    intent: OrderIntent
    status: OrdStatus = OrdStatus.INTENDED
    current: str
    chain: tuple[str, ...]
    pending: tuple[CancelRequest | ReplaceRequest, ...] = ()
    order_id: str | None = None
    order_qty: Decimal
    limit_price: Decimal | None
    cum_qty: Decimal = ZERO
    leaves_qty: Decimal
    gross: Decimal = ZERO
    commission: Decimal = ZERO
    fills: tuple[StandingFill, ...] = ()  # `shares_of` each, and its dollars, are the sums above.
    in_doubt: bool = False
    sent: bool = False
    reason: str = ""
    accidental: bool = False  # It is UNSENT by accident: it may go out under another ClOrdID.
    stop_price: Decimal | None = None
    splits: tuple[Split, ...] = ()  # Told by the venue, oldest first.
    ended: OrdStatus | None = None  # How a FILLED order had ended before a late fill completed it.
    raised: tuple[Allocation, ...] = ()  # The parts that `intent` has, if they were raised since.
    undone: tuple[Undone, ...] = ()  # Of what is still to be heard.

    def shares_of(self, fill: StandingFill) -> Decimal:
        """What an execution counts today, in shares after every split since its day."""
        return rounded_times(fill.quantity, factor(self.splits, fill.trade_date))

    def has_fill(self, exec_id: str, trade_date: date) -> bool:
        """Whether this execution counts; venues count ExecIDs anew each day."""
        return any(
            fill.exec_id == exec_id and fill.trade_date == trade_date
            for fill in reversed(self.fills)
        )

    @property
    def approved(self) -> Decimal:
        """Shares that were approved, in those that they have become by every split since."""
        return rounded_times(self.intent.quantity, factor(self.splits, date.min))

    @property
    def decision_price(self) -> Decimal:
        """What the decision was made on, for one share of today."""
        return per_share(self.intent.reference_price, factor(self.splits, date.min))

    def has_followed_up(self, replaced: ReplaceRequest) -> bool:
        """Whether a later replace, accepted or pending, was reckoned on top of this one."""
        later = self.chain[self.chain.index(replaced.cl_ord_id) + 1 :]
        names = {wish.cl_ord_id for wish in self.pending if isinstance(wish, ReplaceRequest)}
        return self.current in later or bool(names.intersection(later))

    @property
    def is_closed(self) -> bool:
        """No more fills are expected (a late fill, a bust or a correction may still come)."""
        return self.status in CLOSED


CLOSED = frozenset(
    {
        OrdStatus.UNSENT,
        OrdStatus.FILLED,
        OrdStatus.DONE_FOR_DAY,
        OrdStatus.CANCELED,
        OrdStatus.REJECTED,
        OrdStatus.CALCULATED,
        OrdStatus.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something about an order that a person should look at: over-fill, unknown order, ..."""

    kind: str  # snake_case, past tense where it happened: "over_filled", "fill_on_closed_order".
    cl_ord_id: str
    message: str
