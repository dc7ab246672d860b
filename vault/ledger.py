"""The ledger at rest: balanced transactions, and the balances and lots that they fold to.

The projections move in the transaction's own database transaction. An opened
lot that is there already grows; a relieved lot shrinks, and never below zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
    update,
)

from domain.errors import InvariantError
from domain.exact import ZERO
from domain.lots import TaxLot
from domain.postings import Leg, Transaction, TransactionKind
from domain.sources import Source
from domain.splits import Split
from vault.lot_fold import fold_lots
from vault.schema import balance, ledger_leg, ledger_transaction, lot

_CHUNK = 500  # Keys in one query.
_T = TypeVar("_T")


class SqlLedger:
    """`LedgerStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, transaction: Transaction) -> None:
        """Add it; the same again is a no-op, another under its id raises `InvariantError`."""
        standing = self.get(transaction.transaction_id)
        if standing == transaction:
            return
        if standing is not None:
            raise InvariantError(
                f"transaction {transaction.transaction_id} is in the ledger with other content"
            )
        self._insert(transaction)
        self._move_balances(transaction.legs)
        self._move_lots(transaction)

    def get(self, transaction_id: str) -> Transaction | None:
        query = select(ledger_transaction.c.value).where(
            ledger_transaction.c.transaction_id == transaction_id
        )
        return self._connection.execute(query).scalar_one_or_none()

    def of_order(self, cl_ord_id: str) -> tuple[Transaction, ...]:
        table = ledger_transaction.c
        return self._transactions(select(table.value).where(table.cl_ord_id == cl_ord_id))

    def of_run(self, run_id: UUID) -> tuple[Transaction, ...]:
        table = ledger_transaction.c
        return self._transactions(select(table.value).where(table.run_id == run_id))

    def since(self, day: date) -> tuple[Transaction, ...]:
        """Of trade dates from `day` on."""
        table = ledger_transaction.c
        return self._transactions(select(table.value).where(table.trade_date >= day))

    def all(self) -> tuple[Transaction, ...]:
        return self._transactions(select(ledger_transaction.c.value))

    def lots(
        self, account_id: str | None = None, security_id: str | None = None
    ) -> tuple[TaxLot, ...]:
        """Open lots, by account, security and lot id."""
        query = select(lot).order_by(lot.c.account_id, lot.c.security_id, lot.c.lot_id)
        if account_id is not None:
            query = query.where(lot.c.account_id == account_id)
        if security_id is not None:
            query = query.where(lot.c.security_id == security_id)
        return tuple(lot_of(row) for row in self._connection.execute(query))

    def balances(self, book: str | None = None) -> Mapping[tuple[str, str], Decimal]:
        """Quantity by (book, asset), without zeros."""
        query = select(balance).where(balance.c.quantity != ZERO)
        if book is not None:
            query = query.where(balance.c.book == book)
        rows = self._connection.execute(query.order_by(balance.c.book, balance.c.asset))
        return {(row.book, row.asset): row.quantity for row in rows}

    def splits(self, security_id: str) -> tuple[Split, ...]:
        """Those of the clients' books, in the order they were booked."""
        table = ledger_transaction.c
        query = select(table.value).where(
            table.kind == TransactionKind.SPLIT.value, table.cl_ord_id.is_(None)
        )
        found = (one.split for one in self._transactions(query))
        return tuple(one for one in found if one and one.security_id == security_id)

    def _transactions(self, query: Select[Transaction]) -> tuple[Transaction, ...]:
        ordered = query.order_by(ledger_transaction.c.number)
        return tuple(self._connection.execute(ordered).scalars())

    def _insert(self, transaction: Transaction) -> None:
        self._connection.execute(
            insert(ledger_transaction).values(
                transaction_id=transaction.transaction_id,
                kind=transaction.kind.value,
                trade_date=transaction.trade_date,
                at=transaction.at,
                run_id=transaction.run_id,
                cl_ord_id=transaction.cl_ord_id,
                value=transaction,
            )
        )
        if transaction.legs:
            self._connection.execute(
                insert(ledger_leg),
                [
                    {
                        "transaction_id": transaction.transaction_id,
                        "position": position,
                        "book": leg.book,
                        "asset": leg.asset,
                        "quantity": leg.quantity,
                    }
                    for position, leg in enumerate(transaction.legs)
                ],
            )

    def _move_balances(self, legs: Sequence[Leg]) -> None:
        moves: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for leg in legs:
            moves[leg.book, leg.asset] += leg.quantity
        standing: dict[tuple[str, str], Decimal] = {}
        for keys in _chunks(list(moves)):
            query = select(balance).where(tuple_(balance.c.book, balance.c.asset).in_(keys))
            for row in self._connection.execute(query):
                standing[row.book, row.asset] = row.quantity
        changed = [
            {"key_book": book, "key_asset": asset, "new_quantity": standing[book, asset] + move}
            for (book, asset), move in moves.items()
            if (book, asset) in standing
        ]
        opened = [
            {"book": book, "asset": asset, "quantity": move}
            for (book, asset), move in moves.items()
            if (book, asset) not in standing
        ]
        if changed:
            self._connection.execute(
                update(balance)
                .where(
                    balance.c.book == bindparam("key_book"),
                    balance.c.asset == bindparam("key_asset"),
                )
                .values(quantity=bindparam("new_quantity")),
                changed,
            )
        if opened:
            self._connection.execute(insert(balance), opened)

    def _move_lots(self, transaction: Transaction) -> None:
        touched = [taken.lot_id for taken in transaction.relieved]
        touched += [opened.lot_id for opened in transaction.opened]
        if not touched:
            return
        before: dict[str, TaxLot] = {}
        for lot_ids in _chunks(touched):
            query = select(lot).where(lot.c.lot_id.in_(lot_ids))
            before |= {row.lot_id: lot_of(row) for row in self._connection.execute(query)}
        after = fold_lots(before, transaction)
        for lot_ids in _chunks(list(before)):
            self._connection.execute(delete(lot).where(lot.c.lot_id.in_(lot_ids)))
        if after:
            self._connection.execute(insert(lot), [lot_columns(one) for one in after.values()])


def lot_of(row: Row[Any]) -> TaxLot:
    """A row of the lot projection as a value."""
    source = None
    if row.source_file is not None:
        source = Source(row.source_file, row.source_line, row.source_sha256)
    return TaxLot(
        lot_id=row.lot_id,
        account_id=row.account_id,
        security_id=row.security_id,
        quantity=row.quantity,
        basis=row.basis,
        acquired=row.acquired,
        source=source,
    )


def lot_columns(value: TaxLot) -> dict[str, object]:
    """A lot as a row of its projection."""
    return {
        "lot_id": value.lot_id,
        "account_id": value.account_id,
        "security_id": value.security_id,
        "quantity": value.quantity,
        "basis": value.basis,
        "acquired": value.acquired,
        "source_file": value.source.file if value.source else None,
        "source_line": value.source.line if value.source else None,
        "source_sha256": value.source.sha256 if value.source else None,
    }


def _chunks(items: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
