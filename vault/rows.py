"""Rows in bulk: many rows of one table in one statement, each value as its column wants it.

What a row's columns want is found out once a table, as a function of the row that is written
and compiled here. SQLite's driver takes a statement and many rows; to PostgreSQL, where each
statement is a journey, all rows go at once, an array a column, in one short statement that stays
prepared.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, Connection, Date, Dialect, Table
from sqlalchemy.exc import DBAPIError

from vault.array_text import array_text
from vault.types import Bound

_NUMERIC = 1700  # PostgreSQL's number of its type; only exact numbers look at it.
Row = Mapping[str, object]
Values = tuple[object, ...]  # Of one row, as the driver takes them.
Process = Callable[[Any], Any]


class TableRows:
    """How rows of one table are written on one kind of database."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self._table, self._dialect = table, dialect
        self._quote = dialect.identifier_preparer.quote
        self._key = tuple(column.name for column in table.primary_key.columns)
        self._names: tuple[str, ...] = ()
        self._bind: Callable[[Row], Values] = self._bind_first
        self._bind_key = _compiled(self._key, self._processes(self._key), "[{0}]")
        self._statements: dict[str, str] = {}

    def bound(self, row: Row) -> Values:
        """The row's values; all rows of a table have the same columns."""
        values = self._bind(row)
        assert len(values) == len(row), f"{self._table.name} has {self._names}, not {list(row)}"
        return values

    def insert(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Add bound rows."""
        self._write(connection, "insert", rows)

    def upsert(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Make these bound rows stand, whatever stood under their keys; each key once."""
        self._write(connection, "upsert", rows)

    def delete(self, connection: Connection, keys: Sequence[Sequence[object]]) -> None:
        """Remove the rows with these primary keys."""
        self._write(connection, "delete", [self._bind_key(key) for key in keys])

    def _bind_first(self, row: Row) -> Values:
        self._names = tuple(row)
        self._bind = _compiled(self._names, self._processes(self._names), "[{1!r}]")
        return self._bind(row)

    def _processes(self, names: Sequence[str]) -> list[Process | None]:
        return [bind_process(self._table.c[name], self._dialect) for name in names]

    def _write(self, connection: Connection, what: str, rows: Sequence[Values]) -> None:
        if not rows:
            return
        if self._dialect.name == "sqlite":
            _execute_many(connection, self._statement(what), rows)
        else:
            arrays = tuple(map(array_text, zip(*rows, strict=True)))
            connection.exec_driver_sql(self._statement(what), arrays)

    def _statement(self, what: str) -> str:
        known = self._statements.get(what)
        if known is None:
            known = self._statements[what] = self._words(what)
        return known

    def _words(self, what: str) -> str:
        table = self._quote(self._table.name)
        plain = self._key if what == "delete" else self._names
        names = [self._quote(name) for name in plain]
        columns = ", ".join(names)
        if what == "delete" and self._dialect.name == "sqlite":
            same = " and ".join(f"{name} = ?" for name in names)
            return f"delete from {table} where {same}"  # noqa: S608 - our own names
        if what == "delete":
            return f"delete from {table} where ({columns}) in ({self._source(plain)})"  # noqa: S608 - our own names
        words = f"insert into {table} ({columns}) {self._source(plain)}"
        if what == "insert":
            return words
        key = [self._quote(name) for name in self._key]
        rest = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
        return f"{words} on conflict ({', '.join(key)}) do update set {rest}"

    def _source(self, names: Sequence[str]) -> str:
        """Where a statement's rows come from, in their order."""
        if self._dialect.name == "sqlite":
            return f"values ({', '.join('?' * len(names))})"
        arrays = [f"%s::{self._table.c[name].type.compile(self._dialect)}[]" for name in names]
        columns = ", ".join(self._quote(name) for name in names)
        return (
            f"select {columns} from unnest({', '.join(arrays)})"  # noqa: S608 - our own names
            f" with ordinality as given({columns}, given_place) order by given_place"
        )


class _Tables(dict[Table, TableRows]):
    """How rows of each table are written; found out once."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._dialect = dialect

    def __missing__(self, table: Table) -> TableRows:
        return self.setdefault(table, TableRows(table, self._dialect))


_TABLES: dict[str, _Tables] = {}


def rows_by_table(dialect: Dialect) -> Mapping[Table, TableRows]:
    """How rows of every table are written on this kind of database."""
    known = _TABLES.get(dialect.name)
    return known if known is not None else _TABLES.setdefault(dialect.name, _Tables(dialect))


def placeholder(dialect: Dialect) -> str:
    """How the driver writes a parameter."""
    return "?" if dialect.name == "sqlite" else "%s"


def bind_process(column: Column[Any], dialect: Dialect) -> Process | None:
    """What turns a value into what the driver takes for this column; None: nothing does."""
    kind = column.type.dialect_impl(dialect)
    if isinstance(kind, Bound):
        return kind.binder(dialect)
    process = kind.bind_processor(dialect)
    if process is not None and isinstance(kind, Boolean | Date):
        return lru_cache(maxsize=64)(process)  # There are few of them.
    return process


def result_process(column: ColumnElement[Any], dialect: Dialect) -> Process | None:
    """What turns a value of the driver's into the column's; None: nothing does."""
    return column.type.dialect_impl(dialect).result_processor(dialect, _NUMERIC)


def _compiled(
    names: Sequence[str], processes: Sequence[Process | None], item: str
) -> Callable[[Any], Values]:
    """`lambda row: (row["number"], p1(row["at"]), …)`; `item` says how a row is asked for one."""
    items = [
        f"row{item.format(place, name)}"
        if process is None
        else f"p{place}(row{item.format(place, name)})"
        for place, (name, process) in enumerate(zip(names, processes, strict=True))
    ]
    known = {f"p{place}": process for place, process in enumerate(processes)}
    bind: Callable[[Any], Values] = eval(f"lambda row: ({', '.join(items)},)", known)  # noqa: S307 - the names of our own columns
    return bind


def _execute_many(connection: Connection, statement: str, rows: Sequence[Values]) -> None:
    """By the driver itself, which takes the rows as they are; its errors are SQLAlchemy's."""
    driver: Any = connection.connection.driver_connection
    dialect = connection.dialect
    failures = dialect.loaded_dbapi.Error
    try:
        driver.executemany(statement, rows)
    except failures as error:
        raise DBAPIError.instance(statement, None, error, failures, dialect=dialect) from error
