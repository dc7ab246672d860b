"""Allocations taken back: after a bust or a correction of what they gave away.

Newest first, so that each lot is put back in the way it was taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.errors import InvariantError
from domain.lots import TaxLot
from domain.ports import UnitOfWork
from domain.postings import Relief
from domain.splits import Split
from ledger import postings
from ledger.wash_strands import origin_of
from oms import wash_sales
from oms.block_books import BlockBooks


def reverse_allocations(uow: UnitOfWork, books: BlockBooks, at: datetime) -> None:
    """Raises `InvariantError` where the shares were sold on, or a split is not booked yet."""
    day = books.booked[-1].trade_date
    known = _splits_of_clients(uow, books.splits)
    for original in reversed(books.allocations):
        standing = wash_sales.take_back(uow, original, trade_date=day, at=at)
        first = _first_lots(uow, standing.relieved)
        taken = tuple(_as_opened(relief, first) for relief in standing.relieved)
        undone = postings.allocation_reversal(standing, taken, trade_date=day, at=at, splits=known)
        uow.ledger.append(undone)
        uow.audit.append(
            at=at,
            actor="oms",
            kind="allocation_reversed",
            subject=str(original.cl_ord_id),
            body={"transaction": original.transaction_id},
        )


def _first_lots(uow: UnitOfWork, relieved: Sequence[Relief]) -> dict[str, TaxLot]:
    """By their ids the lots of what was relieved, as they were opened first, and others beside."""
    first: dict[str, TaxLot] = {}
    for account, security in dict.fromkeys((one.account_id, one.security_id) for one in relieved):
        for transaction in uow.ledger.of_book(postings.client_book(account), security):
            for lot in transaction.opened:
                first.setdefault(lot.lot_id, lot)
    return first


def _as_opened(relief: Relief, first: Mapping[str, TaxLot]) -> TaxLot:
    """The lot the shares came from; one that a wash sale made of sold shares was never open."""
    known = first.get(relief.lot_id)
    if known is not None:
        return known
    assert relief.acquired is not None
    origin = first[origin_of(relief.lot_id)]
    return replace(origin, lot_id=relief.lot_id, acquired=relief.acquired)


def _splits_of_clients(uow: UnitOfWork, told: Sequence[Split]) -> tuple[Split, ...]:
    """Those that the clients' books have; raises `InvariantError` where the order knows of more."""
    known = uow.ledger.splits(told[0].security_id) if told else ()
    if late := [one for one in told if one not in known]:
        raise InvariantError(
            f"the clients' shares are not split {late[0].new} for {late[0].old} as of "
            f"{late[0].day} yet: book that with trimtab split, then ask the venue again"
        )
    return known
