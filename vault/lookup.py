"""Lookups: one value by a unique key, as cheap as the driver makes it.

They do not see what the transaction has not written yet: whoever looks has asked
its own memory before.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Dialect, Table

from vault.rows import Process, bind_process, placeholder

_NUMERIC = 1700  # PostgreSQL's number of its type; only exact numbers look at it.


class _Plan(NamedTuple):
    statement: str
    binds: Sequence[Process | None]
    result: Process | None


class Lookup:
    """The value of one column by the values of others."""

    def __init__(self, wanted: Column[Any], *by: Column[Any], beside: str = "") -> None:
        """`beside` is one more condition, in SQL."""
        self._wanted, self._by, self._beside = wanted, by, beside
        self._plans: dict[str, _Plan] = {}  # By kind of database.

    def find(self, connection: Connection, *key: object) -> Any:
        """The value; None when no row has this key."""
        plan = self._plans.get(connection.dialect.name)
        if plan is None:
            plan = self._plans[connection.dialect.name] = self._planned(connection.dialect)
        values = tuple(
            value if bind is None else bind(value)
            for bind, value in zip(plan.binds, key, strict=True)
        )
        row = first_row(connection, plan.statement, values)
        if row is None:
            return None
        return row[0] if plan.result is None else plan.result(row[0])

    def _planned(self, dialect: Dialect) -> _Plan:
        quote, mark = dialect.identifier_preparer.quote, placeholder(dialect)
        same = " and ".join(f"{quote(column.name)} = {mark}" for column in self._by)
        if self._beside:
            same += f" and {self._beside}"
        wanted, table = quote(self._wanted.name), quote(self._wanted.table.name)
        result = self._wanted.type.dialect_impl(dialect).result_processor(dialect, _NUMERIC)
        return _Plan(
            f"select {wanted} from {table} where {same}",  # noqa: S608 - our own names
            [bind_process(column, dialect) for column in self._by],
            result,
        )


class Rows:
    """All rows of a table by the values of some columns, in no order."""

    def __init__(self, table: Table, *by: Column[Any]) -> None:
        self._table, self._by = table, by
        self._plans: dict[str, tuple[str, list[Process | None], list[Process | None]]] = {}

    def find(self, connection: Connection, *key: object) -> list[tuple[Any, ...]]:
        """Each row's values, in the order of the table's columns."""
        plan = self._plans.get(connection.dialect.name)
        if plan is None:
            plan = self._plans[connection.dialect.name] = self._planned(connection.dialect)
        statement, binds, results = plan
        values = tuple(
            value if bind is None else bind(value) for bind, value in zip(binds, key, strict=True)
        )
        driver: Any = connection.connection.driver_connection
        try:
            rows = driver.execute(statement, values).fetchall()
        except Exception:  # noqa: BLE001 - whatever it is, it comes again
            rows = connection.exec_driver_sql(statement, values).fetchall()
        return [
            tuple(
                value if result is None else result(value)
                for result, value in zip(results, row, strict=True)
            )
            for row in rows
        ]

    def _planned(self, dialect: Dialect) -> tuple[str, list[Process | None], list[Process | None]]:
        quote, mark = dialect.identifier_preparer.quote, placeholder(dialect)
        same = " and ".join(f"{quote(column.name)} = {mark}" for column in self._by)
        columns = list(self._table.columns)
        wanted = ", ".join(quote(column.name) for column in columns)
        statement = f"select {wanted} from {quote(self._table.name)} where {same}"  # noqa: S608 - our own names
        results: list[Process | None] = [
            column.type.dialect_impl(dialect).result_processor(dialect, _NUMERIC)
            for column in columns
        ]
        return statement, [bind_process(column, dialect) for column in self._by], results


def first_row(connection: Connection, statement: str, values: tuple[object, ...] = ()) -> Any:
    """The first row, by the driver itself: SQLAlchemy's way takes ten times as long.

    A failure is asked for again by SQLAlchemy, whose errors are known here.
    """
    driver: Any = connection.connection.driver_connection
    try:
        return driver.execute(statement, values).fetchone()
    except Exception:  # noqa: BLE001 - whatever it is, it comes again
        return connection.exec_driver_sql(statement, values).fetchone()
