"""Positions: what the transactions add up to.

Everything here is a fold: no state is kept, so any stored projection can be
compared with what these functions say.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from domain.errors import InvariantError
from domain.exact import plain
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.postings import Disallowance, Relief, Transaction
from domain.sold import sold_lots

_CLIENT = "client:"


class LotOverdrawnError(InvariantError):
    """A transaction relieves more of a lot than there is."""

    def __init__(self, *, lot_id: str, transaction_id: str, detail: str) -> None:
        super().__init__(f"{transaction_id} relieves lot {lot_id}: {detail}")
        self.lot_id, self.transaction_id = lot_id, transaction_id


def balances(transactions: Iterable[Transaction]) -> dict[tuple[str, str], Decimal]:
    """Quantity by (book, asset); what came to nothing is left out."""
    total: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for transaction in transactions:
        for leg in transaction.legs:
            total[leg.book, leg.asset] += leg.quantity
    return {key: quantity for key, quantity in total.items() if quantity != 0}


def is_balanced(transactions: Iterable[Transaction]) -> bool:
    """Whether every asset adds up to zero over all books, within and over all transactions."""
    overall: defaultdict[str, Decimal] = defaultdict(Decimal)
    for transaction in transactions:
        own: defaultdict[str, Decimal] = defaultdict(Decimal)
        for leg in transaction.legs:
            own[leg.asset] += leg.quantity
            overall[leg.asset] += leg.quantity
        if any(own.values()):
            return False
    return not any(overall.values())


def positions(held: Mapping[tuple[str, str], Decimal]) -> dict[tuple[str, str], Decimal]:
    """Shares by (account, security), from balances."""
    return {
        (book.removeprefix(_CLIENT), asset): quantity
        for (book, asset), quantity in held.items()
        if book.startswith(_CLIENT) and asset != CASH
    }


def cash(held: Mapping[tuple[str, str], Decimal]) -> dict[str, Decimal]:
    """Dollars by account, from balances."""
    return {
        book.removeprefix(_CLIENT): quantity
        for (book, asset), quantity in held.items()
        if book.startswith(_CLIENT) and asset == CASH
    }


def lots(transactions: Iterable[Transaction]) -> tuple[TaxLot, ...]:
    """The open lots, by account, security and lot id.

    Raises `LotOverdrawnError` when a lot is relieved of more than it has, or is
    emptied of shares and not of basis.
    """
    standing: dict[str, TaxLot] = {}
    for transaction in transactions:
        for lot in transaction.opened:
            known = standing.get(lot.lot_id)
            standing[lot.lot_id] = lot if known is None else _joined(known, lot)
        for relief in transaction.relieved:
            _relieve(standing, relief, transaction.transaction_id)
    return tuple(
        sorted(standing.values(), key=lambda lot: (lot.account_id, lot.security_id, lot.lot_id))
    )


def realised(transactions: Iterable[Transaction]) -> tuple[Relief, ...]:
    """What sales realised and still stands: neither reversals nor what they reversed.

    Shares that a wash sale restated count as restated (`domain.sold`).
    """
    return tuple(sold_lots(transactions).values())


def disallowed(transactions: Iterable[Transaction]) -> tuple[Disallowance, ...]:
    """Losses among what was realised that may not be deducted now; below zero: taken back."""
    return tuple(found for transaction in transactions for found in transaction.disallowed)


def _relieve(standing: dict[str, TaxLot], relief: Relief, transaction_id: str) -> None:
    lot = standing.pop(relief.lot_id, None)
    if lot is None:
        raise LotOverdrawnError(
            lot_id=relief.lot_id, transaction_id=transaction_id, detail="it is not open"
        )
    quantity, basis = lot.quantity - relief.quantity, lot.basis - relief.basis
    if quantity < 0 or basis < 0 or (quantity == 0 and basis != 0):
        detail = (
            f"{plain(relief.quantity)} shares with basis {plain(relief.basis)}, "
            f"but it holds {plain(lot.quantity)} with basis {plain(lot.basis)}"
        )
        raise LotOverdrawnError(lot_id=relief.lot_id, transaction_id=transaction_id, detail=detail)
    if quantity > 0:
        standing[lot.lot_id] = replace(lot, quantity=quantity, basis=basis)


def _joined(known: TaxLot, more: TaxLot) -> TaxLot:
    return replace(known, quantity=known.quantity + more.quantity, basis=known.basis + more.basis)
