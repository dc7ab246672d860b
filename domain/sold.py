"""Sold: what sales took of lots, and what of it stands.

A sale that was reversed sold nothing; what a wash sale restated counts as restated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from domain.exact import ZERO
from domain.instruments import CASH
from domain.postings import Relief, Transaction, TransactionKind

_WITHOUT_GAIN = frozenset({TransactionKind.WASH_SALE, TransactionKind.SPLIT})
SoldLot = tuple[str, str]  # The sale's transaction and the lot.
TOLD = "told:"  # Begins the id of a trade that only a custodian knows.


def sold_lots(transactions: Iterable[Transaction]) -> dict[SoldLot, Relief]:
    """By sale and lot, in the order of the sales, each as it counts after every restatement.

    A restatement of a sale that is not among `transactions` is told by two reliefs: what
    it takes back, with signs turned, and what it puts in its place. Sums are right then, too.
    """
    facts = tuple(transactions)
    undone = {one.reverses for one in facts if one.reverses is not None}
    standing: dict[SoldLot, Relief] = {}
    for sale in facts:
        is_sale = sale.kind not in _WITHOUT_GAIN and sale.reverses is None
        if is_sale and sale.transaction_id not in undone:
            for relief in sale.relieved:
                _add(standing, sale.transaction_id, relief)
    _restate(standing, facts, undone)
    return standing


def left_at_cost(transaction: Transaction) -> bool:
    """Whether its shares left without being sold: an adjustment that no cash came for."""
    is_by_hand = transaction.kind is TransactionKind.ADJUSTMENT
    return is_by_hand and all(leg.asset != CASH for leg in transaction.legs)


def told_id(account_id: str, security_id: str, day: date) -> str:
    """The id of what an account did in one name on one day, where only a custodian knows of it."""
    return f"{TOLD}{account_id}:{security_id}:{day}"


def told_parts(name: str) -> tuple[str, str, date]:
    """Account, security and day of such an id."""
    account_id, security_id, day = name.removeprefix(TOLD).rsplit(":", 2)
    return account_id, security_id, date.fromisoformat(day)


def _restate(
    standing: dict[SoldLot, Relief], facts: Sequence[Transaction], undone: set[str]
) -> None:
    for posted in facts:
        for one in posted.restated:
            if one.sale not in undone:
                _add(standing, one.sale, _negated(one.was))
                _add(standing, one.sale, one.now)


def _add(standing: dict[SoldLot, Relief], sale: str, more: Relief) -> None:
    known = standing.get((sale, more.lot_id))
    total = more if known is None else _sum(known, more)
    standing[sale, more.lot_id] = total
    if total.quantity == total.basis == total.proceeds == 0:
        del standing[sale, more.lot_id]


def _sum(known: Relief, more: Relief) -> Relief:
    return replace(
        known,
        quantity=known.quantity + more.quantity,
        basis=known.basis + more.basis,
        proceeds=known.proceeds + more.proceeds,
    )


def _negated(relief: Relief) -> Relief:
    return replace(
        relief,
        quantity=ZERO - relief.quantity,
        basis=ZERO - relief.basis,
        proceeds=ZERO - relief.proceeds,
    )
