"""Allocations as a broker hears of them: what we instruct, and what it answers and reports.

Who gets what is decided before a block is sent and stands in our own books; here is only
what is said about it. Words are FIX's. An AllocID is used once, for ever.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from domain.orders import Settlement


class AllocationMode(StrEnum):
    """How a broker is told of a block's accounts; its profile says."""

    NONE = "none"  # Not at all: it knows one account, and we divide.
    ON_ORDER = "on_order"  # With the order: NoAllocs (78).
    BEFORE = "before"  # By a preliminary AllocationInstruction (35=J) ahead of the order.
    AFTER = "after"  # By an AllocationInstruction with what each got, once the block has ended.


class AllocTransType(StrEnum):
    """AllocTransType (71)."""

    NEW = "0"
    REPLACE = "1"
    CANCEL = "2"


class AllocType(StrEnum):
    """AllocType (626)."""

    CALCULATED = "1"
    PRELIMINARY = "2"


class AllocStatus(StrEnum):
    """AllocStatus (87)."""

    ACCEPTED = "0"
    BLOCK_REJECTED = "1"
    ACCOUNT_REJECTED = "2"
    RECEIVED = "3"
    INCOMPLETE = "4"
    REJECTED_BY_INTERMEDIARY = "5"
    PENDING = "6"
    REVERSED = "7"


class AllocRejCode(StrEnum):
    """AllocRejCode (88), in its own words."""

    UNKNOWN_ACCOUNT = "0"
    INCORRECT_QUANTITY = "1"
    INCORRECT_AVERAGE_PRICE = "2"
    UNKNOWN_EXECUTING_BROKER = "3"
    COMMISSION_DIFFERENCE = "4"
    UNKNOWN_ORDER_ID = "5"
    UNKNOWN_LIST_ID = "6"
    OTHER = "7"
    INCORRECT_ALLOCATED_QUANTITY = "8"
    CALCULATION_DIFFERENCE = "9"
    UNKNOWN_OR_STALE_EXEC_ID = "10"
    MISMATCHED_DATA = "11"
    UNKNOWN_CL_ORD_ID = "12"
    WAREHOUSE_REQUEST_REJECTED = "13"


_REJECTED = frozenset(
    {
        AllocStatus.BLOCK_REJECTED,
        AllocStatus.ACCOUNT_REJECTED,
        AllocStatus.REJECTED_BY_INTERMEDIARY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatedPart:
    """One account's part of a block."""

    account_id: str
    quantity: Decimal
    commission: Decimal | None = None  # Dollars; None where nothing is said of it.
    net_money: Decimal | None = None  # Dollars paid, or received for a sale, to the cent.


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationInstruction:
    """AllocationInstruction (35=J): our word, queued with the books that it speaks of."""

    alloc_id: str
    order: str  # The block, by its intent's ClOrdID.
    kind: AllocType
    transaction: AllocTransType
    refers_to: str | None = None  # RefAllocID (72): what a Replace or a Cancel undoes.
    quantity: Decimal
    average_price: Decimal | None = None  # Six places; None before the block has traded.
    trade_date: date
    parts: tuple[AllocatedPart, ...]
    requested_at: datetime
    day: date | None = None  # It is of what was filled on this day; None: of all of the block.

    def __post_init__(self) -> None:
        assert sum(part.quantity for part in self.parts) == self.quantity
        assert (self.refers_to is not None) == (self.transaction is not AllocTransType.NEW)

    @property
    def cl_ord_id(self) -> str:
        """What the outbox knows the message by."""
        return self.alloc_id

    @property
    def tells_beforehand(self) -> bool:
        """It says who is to get what of a block that is not done, first or anew."""
        is_cancel = self.transaction is AllocTransType.CANCEL
        return self.kind is AllocType.PRELIMINARY and not is_cancel

    @property
    def precedes_its_order(self) -> bool:
        """It says before the block who is to get what; its cancel comes after."""
        return self.kind is AllocType.PRELIMINARY and self.transaction is AllocTransType.NEW

    def says_the_same(self, other: "AllocationInstruction") -> bool:
        """Whether both give the same accounts the same."""
        mine = (self.quantity, self.average_price, self.parts)
        return mine == (other.quantity, other.average_price, other.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationSent:
    """The instruction was handed to the engine: from here on, never again."""

    alloc_id: str
    order: str
    venue: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationAck:
    """AllocationInstructionAck (35=P)."""

    venue: str
    alloc_id: str
    status: AllocStatus
    code: str = ""  # AllocRejCode (88) as it came.
    reason: str = ""  # The code in words, and Text.
    transact_time: datetime

    @property
    def is_rejection(self) -> bool:
        return self.status in _REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationLost:
    """Proof that the broker never had an instruction; what it said goes out under another id."""

    alloc_id: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationDoubted:
    """The broker has not answered in time. It is not sent again: a person asks."""

    alloc_id: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationWithdrawn:
    """The instruction will not be sent: its order never left."""

    alloc_id: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationSettled:
    """A doubt about an instruction, ended by a person with a second person's consent."""

    alloc_id: str
    at: datetime
    what: Settlement
    why: str
    by: str
    seconded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationReport:
    """AllocationReport (35=AS): what the broker says each account got."""

    venue: str
    report_id: str
    replaces: str | None = None  # AllocReportRefID (795).
    transaction: AllocTransType
    alloc_id: str
    cl_ord_id: str  # Of the block, as the broker knows it; empty where it names none.
    symbol: str
    side: str  # Side (54) as it came.
    quantity: Decimal
    average_price: Decimal
    trade_date: date
    parts: tuple[AllocatedPart, ...]
    transact_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationAnswer:
    """AllocationReportAck (35=AT): what we say to a report."""

    venue: str
    report_id: str
    alloc_id: str
    status: AllocStatus
    code: AllocRejCode | None = None
    text: str = ""
    at: datetime
    attempt: int = 1  # The same words once more, where the engine provably never took them.

    @property
    def cl_ord_id(self) -> str:
        """What the outbox knows the message by."""
        return f"{self.venue}:{self.report_id}:AT{self.attempt}"


AllocationFact = (
    AllocationInstruction
    | AllocationSent
    | AllocationAck
    | AllocationLost
    | AllocationDoubted
    | AllocationWithdrawn
    | AllocationSettled
    | AllocationReport
    | AllocationAnswer
)
