"""Adjustments: what persons book because no file and no venue tells it.

Cash, shares that come as a lot, or shares that leave one, always against the account's
custodian, where the difference was seen. Shares that leave for nothing leave at their cost.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from domain.accounts import LotMethod
from domain.exact import ZERO
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.postings import Relief, Transaction, TransactionKind
from ledger import positions
from ledger.lots import relieve
from ledger.postings import client_book, moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """What changes in one account's books: cash, or shares of one lot.

    `cash` (dollars) and `shares` are above zero where they come. Shares that come have `cost`
    (dollars of the whole lot) and `acquired`; shares that leave have `lot_id`, and `cash` is
    what they fetched.
    """

    account_id: str
    day: date
    cash: Decimal | None = None
    security_id: str | None = None
    symbol: str | None = None
    shares: Decimal | None = None
    cost: Decimal | None = None
    acquired: date | None = None
    lot_id: str | None = None


def adjustment(
    wanted: Adjustment,
    number: int,
    *,
    custodian: str,
    standing: TaxLot | None = None,
    at: datetime,
    why: str = "",
) -> Transaction:
    """Its transaction: the account's `number`th. `custodian` is the book on the other side.

    `standing` is the open lot that shares leave. Raises `LotShortageError`.
    """
    name = adjustment_id(wanted.account_id, number)
    moved: defaultdict[str, Decimal] = defaultdict(Decimal)
    moved[CASH] += wanted.cash or ZERO
    if wanted.security_id is not None:
        moved[wanted.security_id] += wanted.shares or ZERO
    return Transaction(
        transaction_id=name,
        kind=TransactionKind.ADJUSTMENT,
        trade_date=wanted.day,
        at=at,
        legs=moves(custodian, client_book(wanted.account_id), moved),
        opened=_opened(wanted, name),
        relieved=() if standing is None else (_relieved(wanted, standing),),
        memo=why,
    )


def adjustment_id(account_id: str, number: int) -> str:
    """The transaction of an account's adjustment, and the lot that it opens."""
    return f"adjustment:{account_id}:{number}"


def overdrawn_on(
    posted: Transaction, lot_id: str, transactions: Iterable[Transaction]
) -> date | None:
    """The first day from the posting's own on which the lot has not what it takes; None: none.

    `transactions` is the whole ledger. Books of a day are those of trade dates up to it.
    """
    touching = [own for one in (*transactions, posted) if (own := _of_lot(one, lot_id))]
    for day in sorted({one.trade_date for one in touching if one.trade_date >= posted.trade_date}):
        try:
            positions.lots(one for one in touching if one.trade_date <= day)
        except positions.LotOverdrawnError:
            return day
    return None


def _of_lot(transaction: Transaction, lot_id: str) -> Transaction | None:
    """What a transaction did to one lot; None where it did nothing."""
    opened = tuple(lot for lot in transaction.opened if lot.lot_id == lot_id)
    relieved = tuple(relief for relief in transaction.relieved if relief.lot_id == lot_id)
    if not opened and not relieved:
        return None
    return replace(transaction, opened=opened, relieved=relieved)


def _opened(wanted: Adjustment, name: str) -> tuple[TaxLot, ...]:
    if wanted.security_id is None or wanted.shares is None or wanted.shares < 0:
        return ()
    assert wanted.cost is not None
    assert wanted.acquired is not None
    lot = TaxLot(
        lot_id=name,
        account_id=wanted.account_id,
        security_id=wanted.security_id,
        quantity=wanted.shares,
        basis=wanted.cost,
        acquired=wanted.acquired,
        source=None,
    )
    return (lot,)


def _relieved(wanted: Adjustment, lot: TaxLot) -> Relief:
    """What leaves a lot: sold for the cash, or gone at its basis."""
    assert wanted.shares is not None
    (taken,) = relieve(
        (lot,),
        -wanted.shares,
        wanted.cash or ZERO,
        LotMethod.SPECIFIC,
        sold_on=wanted.day,
        named=(lot.lot_id,),
    )
    return taken if wanted.cash is not None else replace(taken, proceeds=taken.basis)
