"""What a transaction will write: rows wait here and go to the database together.

Facts are inserted in their order; of a projection's row only the newest version is
written. Whoever reads through the connection sees everything, because what waits
is written before (`see_own_writes`). A savepoint costs nothing unless something is
written inside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, NestedTransaction, Table, event

from vault.metadata import metadata
from vault.rows import Row, Values, rows_by_table

_INFO = "trimtab.writes"
Make = Callable[[], Row]  # A projection's row, made when it is written.
_Fact = tuple[Table, Values]
_Put = tuple[Table, tuple[object, ...], Make | None]


@dataclass(slots=True)
class _Mark:
    """Where an open savepoint begins in what waits."""

    facts: int
    puts: int
    nested: NestedTransaction | None = None  # The savepoint in the database, once there is one.


class Writes:
    """Rows of one transaction that wait; `is_patient` False: none waits."""

    def __init__(self, connection: Connection, *, is_patient: bool = False) -> None:
        self._connection = connection
        self._rows = rows_by_table(connection.dialect)
        self.is_patient = is_patient
        self._is_flushing = False
        self._facts: list[_Fact] = []
        self._puts: list[_Put] = []
        self._marks: list[_Mark] = []

    def add(self, table: Table, row: Row) -> None:
        """One fact, in the driver's values at once; rows of a table have the same columns."""
        self._facts.append((table, self._rows[table].bound(row)))
        if not self.is_patient:
            self.flush()

    def put(self, table: Table, key: tuple[object, ...], make: Make | None) -> None:
        """How a projection's row stands now; None: it is gone."""
        self._puts.append((table, key, make))
        if not self.is_patient:
            self.flush()

    def flush(self) -> None:
        """Write what waits, each part inside its own savepoint."""
        if self._is_flushing or not (self._facts or self._puts or self._marks):
            return
        self._is_flushing = True
        try:
            self._flush()
        finally:
            self._is_flushing = False

    def _flush(self) -> None:
        facts, puts, marks = self._facts, self._puts, self._marks
        self._facts, self._puts = [], []
        ends = [(mark.facts, mark.puts) for mark in marks]
        ends.append((len(facts), len(puts)))
        for mark in marks:
            mark.facts = mark.puts = 0
        self._write(facts[: ends[0][0]], puts[: ends[0][1]])
        for mark, start, end in zip(marks, ends, ends[1:], strict=False):
            if mark.nested is None:
                mark.nested = self._connection.begin_nested()
            self._write(facts[start[0] : end[0]], puts[start[1] : end[1]])

    def begin(self) -> None:
        """Open a savepoint, which costs nothing unless something is written inside it."""
        self._marks.append(_Mark(len(self._facts), len(self._puts)))

    def keep(self) -> None:
        """The newest savepoint holds; an outer one may still take it back."""
        nested = self._marks[-1].nested
        if nested is not None:
            self.flush()
            nested.commit()
        self._marks.pop()

    def take_back(self) -> None:
        """Undo everything since the newest savepoint opened."""
        mark = self._marks.pop()
        del self._facts[mark.facts :], self._puts[mark.puts :]
        if mark.nested is not None and mark.nested.is_active:
            mark.nested.rollback()

    def _write(self, facts: list[_Fact], puts: list[_Put]) -> None:
        if not (facts or puts):
            return
        added: dict[Table, list[Values]] = {}
        for table, values in facts:
            added.setdefault(table, []).append(values)
        newest: dict[Table, dict[tuple[object, ...], Make | None]] = {}
        for table, key, make in puts:
            newest.setdefault(table, {})[key] = make
        for table in _in_order():
            rows = added.get(table)
            if rows is not None:
                self._rows[table].insert(self._connection, rows)
            stand = newest.get(table)
            if stand is not None:
                self._settle(table, stand)

    def _settle(self, table: Table, newest: dict[tuple[object, ...], Make | None]) -> None:
        rows = self._rows[table]
        rows.delete(self._connection, [key for key, make in newest.items() if make is None])
        standing = [rows.bound(make()) for make in newest.values() if make is not None]
        rows.upsert(self._connection, standing)


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
        flush_waiting(connection)


def flush_waiting(connection: Connection) -> None:
    """Write what waits, so that a read past SQLAlchemy sees it."""
    writes = connection.info.get(_INFO)
    if writes is not None:
        writes.flush()
