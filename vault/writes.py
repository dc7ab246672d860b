"""What a transaction will write: rows wait here and go to the database together.

Facts are inserted in their order; of a projection's row only the newest version is
written. Whoever reads through the connection sees everything, because what waits
is written before (`see_own_writes`). A savepoint costs nothing unless something is
written inside it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, NestedTransaction, Table, event

from vault.metadata import metadata
from vault.rows import Row, rows_of

_INFO = "trimtab.writes"
Make = Callable[[], Row]  # A projection's row, made when it is written.
_Put = tuple[tuple[object, ...], Make | None]


@dataclass(slots=True)
class _Part:
    """What waits since the last savepoint opened."""

    facts: dict[Table, list[Row]]
    puts: dict[Table, list[_Put]]
    nested: NestedTransaction | None = None  # The savepoint in the database, once there is one.


class Writes:
    """Rows of one transaction that wait; `is_patient` False: none waits."""

    def __init__(self, connection: Connection, *, is_patient: bool = False) -> None:
        self._connection = connection
        self.is_patient = is_patient
        self._is_flushing = False
        self._parts = [_Part({}, {})]

    def add(self, table: Table, row: Row) -> None:
        """One fact; rows of a table have the same columns."""
        self._parts[-1].facts.setdefault(table, []).append(row)
        if not self.is_patient:
            self.flush()

    def put(self, table: Table, key: tuple[object, ...], make: Make | None) -> None:
        """How a projection's row stands now; None: it is gone."""
        self._parts[-1].puts.setdefault(table, []).append((key, make))
        if not self.is_patient:
            self.flush()

    def flush(self) -> None:
        """Write what waits, each part inside its own savepoint."""
        if self._is_flushing:
            return
        self._is_flushing = True
        try:
            for number, part in enumerate(self._parts):
                if number and part.nested is None:
                    part.nested = self._connection.begin_nested()
                self._write(part)
        finally:
            self._is_flushing = False

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside when it raises; the transaction lives on."""
        part = _Part({}, {})
        self._parts.append(part)
        try:
            yield
            if part.nested is not None:
                self.flush()
                part.nested.commit()
        except BaseException:
            self._parts.pop()
            if part.nested is not None and part.nested.is_active:
                part.nested.rollback()
            raise
        self._parts.pop()
        self._merge(part)

    def _merge(self, part: _Part) -> None:
        outer = self._parts[-1]
        for table, rows in part.facts.items():
            outer.facts.setdefault(table, []).extend(rows)
        for table, puts in part.puts.items():
            outer.puts.setdefault(table, []).extend(puts)

    def _write(self, part: _Part) -> None:
        facts, puts, part.facts, part.puts = part.facts, part.puts, {}, {}
        if not (facts or puts):
            return
        for table in _in_order():
            if table in facts:
                rows_of(table, self._connection.dialect).insert(self._connection, facts[table])
            if table in puts:
                self._settle(table, puts[table])

    def _settle(self, table: Table, puts: list[_Put]) -> None:
        newest = dict(puts)
        rows = rows_of(table, self._connection.dialect)
        gone = [key for key, make in newest.items() if make is None]
        rows.delete(self._connection, gone)
        rows.upsert(self._connection, [make() for make in newest.values() if make is not None])


@cache
def _in_order() -> tuple[Table, ...]:
    """Every table after those that it refers to."""
    return tuple(metadata.sorted_tables)


def attach(connection: Connection, writes: Writes) -> None:
    """Statements on `connection` see what waits in `writes`."""
    connection.info[_INFO] = writes


def detach(connection: Connection) -> None:
    """The transaction is over."""
    connection.info.pop(_INFO, None)


def see_own_writes(engine: Engine) -> None:
    """Make every statement of the engine's connections wait for what was written before it."""

    @event.listens_for(engine, "before_execute")
    def flush_first(connection: Connection, *_rest: Any) -> None:
        writes = connection.info.get(_INFO)
        if writes is not None:
            writes.flush()
