"""Rows in bulk: many rows of one table in one statement, each value as its column wants it.

A statement for every row costs the driver more than the database, so rows go in blocks of a few
fixed sizes, whose statements the driver keeps prepared.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table
from sqlalchemy.types import TypeDecorator

Row = Mapping[str, object]
_BLOCKS = (256, 64, 16, 4, 1)  # Rows in one statement.
Process = Callable[[Any], Any]


class TableRows:
    """How rows of one table are written on one kind of database."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        quote = dialect.identifier_preparer.quote
        self._name = quote(table.name)
        self._quote = quote
        self._mark = placeholder(dialect)
        self._processes = {c.name: bind_process(c, dialect) for c in table.columns}
        self._key = [column.name for column in table.primary_key.columns]
        self._statements: dict[tuple[str, tuple[str, ...], int], str] = {}

    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Add rows, which all have the same columns."""
        self._write(connection, "insert", rows)

    def upsert(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Make these rows stand, whatever stood under their keys; each key once."""
        self._write(connection, "upsert", rows)

    def delete(self, connection: Connection, keys: Sequence[Sequence[object]]) -> None:
        """Remove the rows with these primary keys."""
        rows = [dict(zip(self._key, key, strict=True)) for key in keys]
        self._write(connection, "delete", rows)

    def _write(self, connection: Connection, what: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        names = tuple(rows[0])
        columns = [(name, self._processes[name]) for name in names]
        for block in _blocks(rows):
            values: list[object] = []
            for row in block:
                for name, process in columns:
                    value = row[name]
                    values.append(value if process is None else process(value))
            statement = self._statement(what, names, len(block))
            connection.exec_driver_sql(statement, tuple(values))

    def _statement(self, what: str, names: tuple[str, ...], count: int) -> str:
        known = self._statements.get((what, names, count))
        if known is None:
            known = self._statements[what, names, count] = self._words(what, names, count)
        return known

    def _words(self, what: str, names: tuple[str, ...], count: int) -> str:
        quoted = [self._quote(name) for name in names]
        row = f"({', '.join([self._mark] * len(names))})"
        columns, rows = ", ".join(quoted), ", ".join([row] * count)
        if what == "delete":
            return f"delete from {self._name} where ({columns}) in (values {rows})"  # noqa: S608 - our own names
        words = f"insert into {self._name} ({columns}) values {rows}"  # noqa: S608 - our own names
        if what == "insert":
            return words
        key = ", ".join(self._quote(name) for name in self._key)
        rest = ", ".join(f"{n} = excluded.{n}" for n in map(self._quote, self._rest(names)))
        return f"{words} on conflict ({key}) do update set {rest}"

    def _rest(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in self._key]


_WRITERS: dict[tuple[str, str], TableRows] = {}


def rows_of(table: Table, dialect: Dialect) -> TableRows:
    """How rows of this table are written on this kind of database."""
    key = (table.name, dialect.name)
    if key not in _WRITERS:
        _WRITERS[key] = TableRows(table, dialect)
    return _WRITERS[key]


def placeholder(dialect: Dialect) -> str:
    """How the driver writes a parameter."""
    return "?" if dialect.name == "sqlite" else "%s"


def bind_process(column: Column[Any], dialect: Dialect) -> Process | None:
    """What turns a value into what the driver takes for this column; None: nothing does."""
    kind = column.type.dialect_impl(dialect)
    if isinstance(kind, TypeDecorator) and kind.impl_instance.bind_processor(dialect) is None:
        return partial(kind.process_bind_param, dialect=dialect)
    return kind.bind_processor(dialect)


def _blocks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start = 0
    for size in _BLOCKS:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size
