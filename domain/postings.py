"""Postings: double entry in shares and cash, and what happens to tax lots.

Each transaction's legs add up to zero in every asset. Transactions are never
edited: a bust or a correction is a reversal of its own.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.exact import ZERO
from domain.lots import TaxLot, Term
from domain.orders import ExecType, Side
from domain.sources import Source
from domain.splits import Split
from domain.values import quickly_made


class TransactionKind(StrEnum):
    """What happened."""

    OPENING = "opening"  # First positions and cash taken over from a custodian.
    CASH_FLOW = "cash_flow"  # Deposit, withdrawal, dividend, fee told by the custodian.
    FILL = "fill"  # A venue's execution, into the block's average-price account.
    FILL_REVERSAL = "fill_reversal"  # Bust, or the first half of a correction.
    ALLOCATION = "allocation"  # From the block's account to the clients', at its average price.
    ALLOCATION_REVERSAL = "allocation_reversal"  # Undoes an allocation after a bust or correction.
    ADJUSTMENT = "adjustment"  # By hand, with a second person.
    SPLIT = "split"  # Other shares of the same dollars, after a corporate action.
    WASH_SALE = "wash_sale"  # A loss that counts later: into the basis of what replaced it.


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """`quantity` of `asset` (a security id, or "USD") into `book`; negative is out of it.

    Books: "client:ACCOUNT", "block:CLORDID", "street:VENUE", "custody:CUSTODIAN",
    "commission:VENUE", "split:SECURITY".
    """

    book: str
    asset: str
    quantity: Decimal


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """Shares taken from a lot by a sale, with the gain that this realised."""

    lot_id: str
    account_id: str
    security_id: str
    quantity: Decimal
    basis: Decimal
    proceeds: Decimal
    term: Term
    acquired: date | None = None  # When the lot was; None in what was written before it was kept.

    @property
    def gain(self) -> Decimal:
        """Proceeds less basis."""
        return self.proceeds - self.basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Disallowance:
    """A loss that may not be deducted, because the shares were replaced (26 USC 1091).

    `sale` is the transaction that relieved `lot_id` at the loss. `quantity` (in shares of its day)
    and `loss` are above zero; where both are below, an earlier one is taken back by so much.
    """

    sale: str
    lot_id: str
    account_id: str
    security_id: str
    quantity: Decimal
    loss: Decimal
    term: Term
    replacement: str  # The purchase that replaced the shares, by the lot that it opened.
    is_lost: bool  # It was bought in a retirement account: nothing takes the loss over.
    taken_over_by: str = ""  # The lot that has the loss in its basis since; empty: none.
    sold: date | None = None  # The day whose shares they are; None before it was kept.


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """Shares of an earlier sale that count otherwise: `now` instead of `was`.

    The shares had replaced others that were sold at a loss, so that their own basis and days
    changed after they were sold (26 USC 1091(d)). Quantity and proceeds stay.
    """

    sale: str  # The transaction that relieved the lot.
    was: Relief
    now: Relief


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One event in the books: legs, the lots it opened and the lots it relieved.

    Opening a lot that still has shares adds to it, which is how a reversal puts
    shares back. A relief that was reversed realised nothing.
    """

    transaction_id: str
    kind: TransactionKind
    trade_date: date
    at: datetime
    legs: tuple[Leg, ...]
    opened: tuple[TaxLot, ...] = ()
    relieved: tuple[Relief, ...] = ()
    disallowed: tuple[Disallowance, ...] = ()  # WASH_SALE.
    restated: tuple[Restatement, ...] = ()  # WASH_SALE.
    split: Split | None = None  # SPLIT.
    run_id: UUID | None = None
    cl_ord_id: str | None = None
    exec_id: str | None = None  # FILL and its reversal.
    reverses: str | None = None  # The transaction that this one undoes.
    source: Source | None = None
    memo: str = ""
    traded: date | None = None  # ALLOCATION: the day of its fills, if `trade_date` is a later one.

    def __post_init__(self) -> None:
        sums: dict[str, Decimal] = {}
        for leg in self.legs:
            sums[leg.asset] = sums.get(leg.asset, ZERO) + leg.quantity
        assert not any(sums.values()), f"unbalanced: {sums}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessExecution:
    """One row of a venue's end-of-day file: the venue's own word for what it did."""

    venue: str
    trade_date: date
    exec_id: str
    exec_type: ExecType  # TRADE, TRADE_CANCEL or TRADE_CORRECT.
    cl_ord_id: str  # Empty: of an order by telephone.
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    source: Source
    exec_ref_id: str | None = None  # Bust and correction: the execution that they change.


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A difference between two witnesses, with a name."""

    kind: str  # "execution_missing_in_ledger", "position_differs", "cash_differs", ...
    subject: str  # Order, execution, or account and security.
    ours: str
    theirs: str
    message: str
    planted: bool = False  # The input says that this difference was put there on purpose.
