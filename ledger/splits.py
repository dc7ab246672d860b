"""Splits in the books: more shares, or fewer, of the same dollars.

The shares come out of a book of the split's own, so that every asset still adds up to zero.
A lot keeps its id, its basis and the day it was acquired (26 USC 307 and 1223):
it grows by shares without basis, or shrinks by them. What the split makes of an account ends
in fractions where it must; the custodian's cash in lieu of them is a cash flow of its file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from domain.errors import TrimtabError
from domain.exact import ZERO, plain
from domain.lots import TaxLot, term_of
from domain.orders import ExecutionReport, OrderIntent
from domain.postings import Leg, Relief, Transaction, TransactionKind
from domain.splits import Split, rounded_times
from ledger import positions
from ledger.postings import block_book, client_book


class LateSplitError(TrimtabError):
    """Shares of before the split were sold after it, so their lots can no longer be split."""

    def __init__(self, *, account_id: str, lot_id: str, split: Split, sold: Decimal) -> None:
        super().__init__(
            f"{account_id} sold {plain(sold)} of lot {lot_id} since {split.day}; the split of "
            f"{split.security_id} was to be booked before that: post an adjustment for the account "
            "with `trimtab adjust`"
        )
        self.account_id, self.lot_id, self.split = account_id, lot_id, split


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What a split adds to one lot; below zero when it takes away."""

    lot: TaxLot  # As it stood when the split's day began.
    shares: Decimal


def of_block(
    intent: OrderIntent, report: ExecutionReport, split: Split, held: Decimal, at: datetime
) -> Transaction:
    """The block's book after a venue's restatement; `held` are its shares, signed.

    It is posted with nothing held, too: what the order did before is in old shares.
    """
    return Transaction(
        transaction_id=f"split:{report.venue}:{report.trade_date}:{report.exec_id}",
        kind=TransactionKind.SPLIT,
        trade_date=split.day,
        at=at,
        legs=_legs(split, block_book(intent.cl_ord_id), _more(held, split)),
        split=split,
        run_id=intent.run_id,
        cl_ord_id=intent.cl_ord_id,
        exec_id=report.exec_id,
        memo=f"{split.new} for {split.old}, told by {report.venue}",
    )


def of_closed_block(intent: OrderIntent, split: Split, held: Decimal, at: datetime) -> Transaction:
    """The book of a block whose order was over when the clients' shares were split.

    It is posted when something that was given to them comes back; `held` as in `of_block`.
    """
    return Transaction(
        transaction_id=f"{client_split_id(split.security_id, split.day)}:{intent.cl_ord_id}",
        kind=TransactionKind.SPLIT,
        trade_date=split.day,
        at=at,
        legs=_legs(split, block_book(intent.cl_ord_id), _more(held, split)),
        split=split,
        run_id=intent.run_id,
        cl_ord_id=intent.cl_ord_id,
        memo=f"{split.new} for {split.old}, as the accounts' shares",
    )


def of_clients(
    split: Split, transactions: Iterable[Transaction], standing: Sequence[TaxLot], at: datetime
) -> Transaction:
    """Every client's shares and lots after the split.

    `transactions` is the whole ledger, `standing` the open lots of the security. Only what
    was held when the day began is split. Raises `LateSplitError`.
    """
    earlier = [one for one in transactions if one.trade_date < split.day]
    held = positions.positions(positions.balances(earlier))
    changes = [
        _Change(lot=lot, shares=_more(lot.quantity, split))
        for lot in positions.lots(earlier)
        if lot.security_id == split.security_id
    ]
    _require_whole(changes, standing, split)
    legs: list[Leg] = []
    for (account_id, security_id), quantity in sorted(held.items()):
        if security_id == split.security_id:
            more = sum((c.shares for c in changes if c.lot.account_id == account_id), ZERO)
            in_lots = sum((c.lot.quantity for c in changes if c.lot.account_id == account_id), ZERO)
            more += _more(quantity - in_lots, split)
            legs.extend(_legs(split, client_book(account_id), more))
    return Transaction(
        transaction_id=client_split_id(split.security_id, split.day),
        kind=TransactionKind.SPLIT,
        trade_date=split.day,
        at=at,
        legs=tuple(legs),
        opened=tuple(
            replace(c.lot, quantity=c.shares, basis=ZERO) for c in changes if c.shares > 0
        ),
        relieved=tuple(_taken(c, split.day) for c in changes if c.shares < 0),
        split=split,
        memo=f"{split.new} for {split.old}",
    )


def of_order(booked: Iterable[Transaction]) -> tuple[Split, ...]:
    """The splits of one order, among its transactions: told by its venue, or booked after it."""
    return tuple(one.split for one in booked if one.split is not None)


def client_split_id(security_id: str, day: date) -> str:
    """The transaction of the clients' split: one for a security and day."""
    return f"split:{security_id}:{day}"


def _require_whole(changes: Sequence[_Change], standing: Sequence[TaxLot], split: Split) -> None:
    left = {lot.lot_id: lot.quantity for lot in standing}
    for change in changes:
        lot = change.lot
        sold = lot.quantity - left.get(lot.lot_id, ZERO)
        if sold > 0:
            raise LateSplitError(
                account_id=lot.account_id, lot_id=lot.lot_id, split=split, sold=sold
            )


def _more(quantity: Decimal, split: Split) -> Decimal:
    return rounded_times(quantity, split.ratio - 1)


def _legs(split: Split, book: str, shares: Decimal) -> tuple[Leg, ...]:
    if shares == 0:
        return ()
    giver = f"split:{split.security_id}"
    return (
        Leg(book=giver, asset=split.security_id, quantity=-shares),
        Leg(book=book, asset=split.security_id, quantity=shares),
    )


def _taken(change: _Change, day: date) -> Relief:
    """Shares that a reverse split takes from a lot: without basis, so without gain."""
    lot = change.lot
    return Relief(
        lot_id=lot.lot_id,
        account_id=lot.account_id,
        security_id=lot.security_id,
        quantity=-change.shares,
        basis=ZERO,
        proceeds=ZERO,
        term=term_of(lot.acquired, max(day, lot.acquired)),
        acquired=lot.acquired,
    )
