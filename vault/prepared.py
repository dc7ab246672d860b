"""Prepared reads: a select that is built and compiled once, and asked of the driver itself.

SQLAlchemy builds, hashes and unwraps a statement anew at each call, which takes several times as
long as SQLite's answer. What waits to be written is written before, as for any other statement.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Select

from vault.rows import Process, result_process
from vault.writes import flush_waiting

Row = tuple[Any, ...]


class _Plan(NamedTuple):
    text: str
    bind: Callable[[dict[str, Any]], object]  # Named values as the driver takes them.
    results: Sequence[Process | None]


class Prepared:
    """A select whose values are `bindparam`s; a list of values for IN is none."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._plans: dict[str, _Plan] = {}  # By kind of database.

    def rows(self, connection: Connection, **values: object) -> list[Row]:
        """All rows, each with the select's columns in their order."""
        plan = self._plans.get(connection.dialect.name)
        if plan is None:
            plan = self._plans[connection.dialect.name] = _planned(
                self._statement, connection.dialect
            )
        flush_waiting(connection)
        driver: Any = connection.connection.driver_connection
        try:
            found = driver.execute(plan.text, plan.bind(values)).fetchall()
        except Exception:  # noqa: BLE001 - whatever it is, it comes again, as SQLAlchemy's
            return [tuple(row) for row in connection.execute(self._statement, values)]
        return [_unwrapped(row, plan.results) for row in found]

    def first(self, connection: Connection, **values: object) -> Row | None:
        """The first row; None for none."""
        found = self.rows(connection, **values)
        return found[0] if found else None


def _planned(statement: Select[Any], dialect: Dialect) -> _Plan:
    compiled = statement.compile(dialect=dialect)
    fixed = compiled.params  # What is no parameter but part of the statement.
    order: Sequence[str] | None = compiled.positiontup
    processes = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect)
        for name, bind in compiled.binds.items()
    }

    def bind(values: dict[str, Any]) -> object:
        named = {}
        for name, value in (fixed | values).items():
            process = processes[name]
            named[name] = value if process is None else process(value)
        return named if order is None else [named[name] for name in order]

    results = [result_process(column, dialect) for column in statement.selected_columns]
    return _Plan(str(compiled), bind, results)


def _unwrapped(row: Sequence[Any], results: Sequence[Process | None]) -> Row:
    return tuple(
        value if process is None else process(value)
        for process, value in zip(results, row, strict=True)
    )
