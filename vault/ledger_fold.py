"""The whole ledger folded: what every book has, and every lot that is open."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, select

from domain.lots import TaxLot
from vault.lot_fold import fold_into
from vault.schema import ledger_transaction


class Ledger(NamedTuple):
    """What the transactions come to."""

    balances: Mapping[tuple[str, str], Decimal]  # By book and asset, without zeros.
    lots: Mapping[str, TaxLot]  # By lot id.


def fold_ledger(connection: Connection) -> Ledger:
    """From the transactions' own texts, in the order they were booked."""
    balances: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    lots: dict[str, TaxLot] = {}
    query = select(ledger_transaction.c.value).order_by(ledger_transaction.c.number)
    for transaction in connection.execute(query).scalars():
        fold_into(lots, transaction)
        for leg in transaction.legs:
            balances[leg.book, leg.asset] += leg.quantity
    return Ledger({key: quantity for key, quantity in balances.items() if quantity}, lots)
