"""The ledger at rest: balanced transactions, and the balances and lots that they fold to.

The projections move in the transaction's own database transaction. An opened
lot that is there already grows; a relieved lot shrinks, and never below zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from domain.errors import InvariantError
from domain.exact import ZERO
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.orders import OrderIntent
from domain.postings import Transaction, TransactionKind
from domain.sources import Source
from domain.splits import Split
from vault.legs import CLIENT, leg_rows, may_move, moves
from vault.lookup import Lookup, Rows
from vault.lot_fold import fold_lots
from vault.memory import Lots
from vault.schema import balance, is_rare, ledger_leg, ledger_transaction, lot
from vault.shared import Shared

_Owner = tuple[str, str]  # Account and security.
_TRANSACTION = Lookup(ledger_transaction.c.value, ledger_transaction.c.transaction_id)
_LOT_OWNER = Rows((lot.c.account_id, lot.c.security_id), lot.c.lot_id)
_LOTS = Rows(lot.columns, lot.c.account_id, lot.c.security_id)
_BALANCE = Lookup(balance.c.quantity, balance.c.book, balance.c.asset)


class SqlLedger:
    """`LedgerStore` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        self._connection, self._writes, self._memory = shared
        self._appended: dict[str, Transaction] = {}
        self._owners: dict[str, _Owner] = {}  # Of lots that moved in this transaction.

    def append(self, transaction: Transaction) -> None:
        """Add it; the same again is a no-op, another under its id raises `InvariantError`."""
        booked = self._booked(transaction)
        standing = self._standing(transaction.transaction_id, booked)
        if standing == transaction:
            return
        if standing is not None:
            raise InvariantError(
                f"transaction {transaction.transaction_id} is in the ledger with other content"
            )
        lots = self._lots_after(transaction)
        self._insert(transaction)
        self._move_balances(transaction, booked)
        self._move_lots(lots)
        self._appended[transaction.transaction_id] = transaction
        self._memory.journal.note(partial(self._appended.pop, transaction.transaction_id))
        if transaction.cl_ord_id is not None and booked is not None:
            self._memory.booked.put(transaction.cl_ord_id, (*booked, transaction))

    def foresee(self, intents: Iterable[OrderIntent]) -> None:
        """Orders that are about to be given out: their accounts' balances and lots."""
        memory = self._memory
        owners = {
            (part.account_id, intent.security_id)
            for intent in intents
            for part in intent.allocations
        }
        unknown = [owner for owner in owners if memory.lots.find(owner) is None]
        _LOTS.foresee(self._connection, unknown)
        books = {
            (CLIENT + account, asset)
            for account, security in owners
            for asset in (security, CASH)
            if memory.balances.find((CLIENT + account, asset)) is None
        }
        _BALANCE.foresee(self._connection, books)

    def _booked(self, transaction: Transaction) -> Sequence[Transaction] | None:
        """All that is booked of its order, when that is known here."""
        name = transaction.cl_ord_id
        return None if name is None else self._memory.booked.find(name)

    def _standing(
        self, transaction_id: str, booked: Sequence[Transaction] | None
    ) -> Transaction | None:
        """What stands under an id; of another order's the database itself refuses a second."""
        if booked is None:
            return self.get(transaction_id)
        return self._appended.get(transaction_id) or next(
            (one for one in booked if one.transaction_id == transaction_id), None
        )

    def get(self, transaction_id: str) -> Transaction | None:
        found = self._appended.get(transaction_id)
        return found or _TRANSACTION.value(self._connection, transaction_id)

    def of_order(self, cl_ord_id: str) -> tuple[Transaction, ...]:
        known = self._memory.booked.find(cl_ord_id)
        if known is None:
            table = ledger_transaction.c
            known = self._transactions(select(table.value).where(table.cl_ord_id == cl_ord_id))
            self._memory.booked.put(cl_ord_id, known)
        return known

    def of_run(self, run_id: UUID) -> tuple[Transaction, ...]:
        table = ledger_transaction.c
        return self._transactions(select(table.value).where(table.run_id == run_id))

    def of_book(self, book: str, asset: str | None = None) -> tuple[Transaction, ...]:
        """Those that moved something, or `asset`, into a book or out of it."""
        query = select(ledger_transaction.c.value).where(may_move(book, asset))
        return tuple(
            one
            for one in self._transactions(query)
            if any(moves(leg, book, asset) for leg in one.legs)
        )

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
        if account_id is not None and security_id is not None:
            known = self._lots_of(account_id, security_id)
            return tuple(known[lot_id] for lot_id in sorted(known))
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
        query = select(table.value).where(table.cl_ord_id.is_(None))
        found = (one.split for one in self._rare(query, TransactionKind.SPLIT))
        return tuple(one for one in found if one and one.security_id == security_id)

    def wash_sales(self) -> tuple[Transaction, ...]:
        return self._rare(select(ledger_transaction.c.value), TransactionKind.WASH_SALE)

    def _rare(self, query: Select[Transaction], kind: TransactionKind) -> tuple[Transaction, ...]:
        """Of a kind that has an index."""
        return self._transactions(query.where(is_rare(), ledger_transaction.c.kind == kind.value))

    def _transactions(self, query: Select[Transaction]) -> tuple[Transaction, ...]:
        ordered = query.order_by(ledger_transaction.c.number)
        return tuple(self._connection.execute(ordered).scalars())

    def _insert(self, transaction: Transaction) -> None:
        row: dict[str, object] = {
            "transaction_id": transaction.transaction_id,
            "kind": transaction.kind.value,
            "trade_date": transaction.trade_date,
            "at": transaction.at,
            "run_id": transaction.run_id,
            "cl_ord_id": transaction.cl_ord_id,
            "value": transaction,
        }
        self._writes.add(ledger_transaction, row)
        for row in leg_rows(transaction):
            self._writes.add(ledger_leg, row)

    def _move_balances(
        self, transaction: Transaction, booked: Sequence[Transaction] | None
    ) -> None:
        moved: dict[tuple[str, str], Decimal] = {}
        for leg in transaction.legs:
            key = (leg.book, leg.asset)
            moved[key] = moved.get(key, ZERO) + leg.quantity
        for key, change in moved.items():
            quantity = self._balance(transaction, booked, key) + change
            is_told = not quantity and booked is not None and _is_of_block(transaction, key)
            self._memory.balances.put(key, None if is_told else quantity)
            make = partial(_balance_row, key, quantity) if quantity else None
            self._writes.put(balance, key, make)

    def _balance(
        self, transaction: Transaction, booked: Sequence[Transaction] | None, key: tuple[str, str]
    ) -> Decimal:
        """What a book has of an asset before the transaction."""
        standing = self._memory.balances.find(key)
        if standing is None and booked is not None:
            standing = _of_block(transaction, booked, key)
        if standing is None:
            standing = _BALANCE.value(self._connection, *key)
        return ZERO if standing is None else standing

    def _lots_after(self, transaction: Transaction) -> list[tuple[_Owner, str, TaxLot | None]]:
        """Each lot that the transaction touches as it is afterwards; None: closed."""
        touched: dict[str, _Owner] = {}
        for taken in transaction.relieved:
            touched[taken.lot_id] = (taken.account_id, taken.security_id)
        for opened in transaction.opened:
            touched.setdefault(opened.lot_id, (opened.account_id, opened.security_id))
        before = {
            lot_id: standing
            for lot_id, owner in touched.items()
            if (standing := self._standing_lot(lot_id, owner)) is not None
        }
        after = fold_lots(before, transaction)
        return [(owner, lot_id, after.get(lot_id)) for lot_id, owner in touched.items()]

    def _standing_lot(self, lot_id: str, owner: _Owner) -> TaxLot | None:
        """The open lot of this id, whoever has it: the fold refuses it to anybody but its owner."""
        found = self._lots_of(*owner).get(lot_id)
        if found is None:
            theirs = self._owners.get(lot_id) or self._stored_owner(lot_id)
            found = None if theirs is None else self._lots_of(*theirs).get(lot_id)
        return found

    def _stored_owner(self, lot_id: str) -> _Owner | None:
        found = _LOT_OWNER.find(self._connection, lot_id)
        return (found[0][0], found[0][1]) if found else None

    def _move_lots(self, lots: Sequence[tuple[_Owner, str, TaxLot | None]]) -> None:
        groups: dict[_Owner, dict[str, TaxLot]] = {}
        for owner, lot_id, after in lots:
            group = groups.get(owner)
            if group is None:
                group = groups[owner] = dict(self._lots_of(*owner))
            if after is None:
                group.pop(lot_id, None)
            else:
                group[lot_id] = after
            self._owners[lot_id] = owner
            make = None if after is None else partial(lot_columns, after)
            self._writes.put(lot, (lot_id,), make)
        for owner, group in groups.items():
            self._memory.lots.put(owner, group)

    def _lots_of(self, account_id: str, security_id: str) -> Lots:
        """The open lots of one security in one account: none of those not known here waits."""
        known = self._memory.lots.find((account_id, security_id))
        if known is None:
            rows = _LOTS.find(self._connection, account_id, security_id)
            known = {one.lot_id: one for one in map(_lot_of_values, rows)}
            self._memory.lots.put((account_id, security_id), known)
        return known


def _of_block(
    transaction: Transaction, booked: Sequence[Transaction], key: tuple[str, str]
) -> Decimal | None:
    """What the order's own book has, which only the order's transactions move; None: another."""
    if not _is_of_block(transaction, key):
        return None
    legs = (leg for one in booked for leg in one.legs if (leg.book, leg.asset) == key)
    return sum((leg.quantity for leg in legs), ZERO)


def _is_of_block(transaction: Transaction, key: tuple[str, str]) -> bool:
    """Whether it is the order's own book, whose balances its transactions tell."""
    return key[0] == f"block:{transaction.cl_ord_id}"


def _balance_row(key: tuple[str, str], quantity: Decimal) -> dict[str, object]:
    return {"book": key[0], "asset": key[1], "quantity": quantity}


def lot_of(row: Row[Any]) -> TaxLot:
    """A row of the lot projection as a value."""
    return _lot_of_values(tuple(row))


def _lot_of_values(values: tuple[Any, ...]) -> TaxLot:
    """From the columns of `lot`, in their order."""
    lot_id, account_id, security_id, quantity, basis, acquired, file, line, sha256 = values
    return TaxLot(
        lot_id=lot_id,
        account_id=account_id,
        security_id=security_id,
        quantity=quantity,
        basis=basis,
        acquired=acquired,
        source=None if file is None else Source(file, line, sha256),
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
