"""Lookups: rows by some of their columns, as cheap as the driver makes it.

They do not see what the transaction has not written yet: whoever looks has asked
its own memory before. So what was found for many keys beforehand, in the same transaction,
stays right: PostgreSQL is a journey away, and the keys of a batch go there together.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Dialect

from vault.array_text import array_text
from vault.rows import Process, bind_process, placeholder, result_process

_INFO = "trimtab.foreseen"
Key = tuple[object, ...]
Found = list[tuple[Any, ...]]


class _Plan(NamedTuple):
    statement: str
    binds: Sequence[Process | None]
    results: Sequence[Process | None]
    together: str | None  # For many keys: their place and the row. None: the database is here.


class Rows:
    """Some columns of all rows that have given values in others, in no order."""

    def __init__(self, wanted: Iterable[Column[Any]], *by: Column[Any], beside: str = "") -> None:
        """`beside` is one more condition, in SQL."""
        self._wanted, self._by, self._beside = tuple(wanted), by, beside
        self._plans: dict[str, _Plan] = {}  # By kind of database.

    def find(self, connection: Connection, *key: object) -> Found:
        """Each row's values, in the order of the columns that are wanted."""
        plan = self._plan(connection)
        if plan.together is not None:
            answers = self._foreseen(connection)
            if key in answers:
                return answers[key]
        rows = _all_rows(connection, plan.statement, _bound(plan, key))
        return [_unwrapped(plan, row) for row in rows]

    def foresee(self, connection: Connection, keys: Iterable[Key]) -> None:
        """Find the rows of many keys at once, for whoever asks for them in this transaction."""
        plan = self._plan(connection)
        if plan.together is None:
            return
        answers = self._foreseen(connection)
        wanted = [key for key in dict.fromkeys(keys) if key not in answers]
        if not wanted:
            return
        columns = zip(*[_bound(plan, key) for key in wanted], strict=True)
        arrays = tuple(map(array_text, columns))
        answers.update((key, []) for key in wanted)
        for place, *row in _all_rows(connection, plan.together, arrays):
            answers[wanted[place - 1]].append(_unwrapped(plan, row))

    def _foreseen(self, connection: Connection) -> dict[Key, Found]:
        known: dict[Rows, dict[Key, Found]] = connection.info.setdefault(_INFO, {})
        return known.setdefault(self, {})

    def _plan(self, connection: Connection) -> _Plan:
        plan = self._plans.get(connection.dialect.name)
        if plan is None:
            plan = self._plans[connection.dialect.name] = self._planned(connection.dialect)
        return plan

    def _planned(self, dialect: Dialect) -> _Plan:
        one = ["".join((name, " = ", placeholder(dialect))) for name in _names(dialect, self._by)]
        return _Plan(
            self._select(dialect, one),
            [bind_process(column, dialect) for column in self._by],
            [result_process(column, dialect) for column in self._wanted],
            None if dialect.name == "sqlite" else self._select_together(dialect),
        )

    def _select(self, dialect: Dialect, same: Sequence[str]) -> str:
        table = dialect.identifier_preparer.quote(self._wanted[0].table.name)
        conditions = " and ".join((*same, self._beside) if self._beside else same)
        wanted = ", ".join(_names(dialect, self._wanted))
        return f"select {wanted} from {table} where {conditions}"  # noqa: S608 - our own names

    def _select_together(self, dialect: Dialect) -> str:
        """Key by key: a plan for all at once may read the whole of a table that was small once."""
        keys = [f"given.key_{place}" for place, _ in enumerate(self._by)]
        same = [
            f"{name} = {key}" for name, key in zip(_names(dialect, self._by), keys, strict=True)
        ]
        arrays = ", ".join(f"%s::{column.type.compile(dialect)}[]" for column in self._by)
        given = ", ".join(key.removeprefix("given.") for key in keys)
        return (
            f"select given.place, found.* from unnest({arrays}) with ordinality"  # noqa: S608 - our own names
            f" as given({given}, place), lateral ({self._select(dialect, same)} offset 0) as found"
        )


class Lookup(Rows):
    """The value of one column by a key that is unique."""

    def __init__(self, wanted: Column[Any], *by: Column[Any], beside: str = "") -> None:
        super().__init__([wanted], *by, beside=beside)

    def value(self, connection: Connection, *key: object) -> Any:
        """The value; None when no row has this key."""
        plan = self._plan(connection)
        if plan.together is not None:
            found = self.find(connection, *key)
            return found[0][0] if found else None
        row = first_row(connection, plan.statement, _bound(plan, key))
        if row is None:
            return None
        (result,) = plan.results
        return row[0] if result is None else result(row[0])


def forget_foreseen(connection: Connection) -> None:
    """The transaction is over."""
    connection.info.pop(_INFO, None)


def first_row(connection: Connection, statement: str, values: tuple[object, ...] = ()) -> Any:
    """The first row, by the driver itself: SQLAlchemy's way takes ten times as long.

    A failure is asked for again by SQLAlchemy, whose errors are known here.
    """
    driver: Any = connection.connection.driver_connection
    try:
        return driver.execute(statement, values).fetchone()
    except Exception:  # noqa: BLE001 - whatever it is, it comes again
        return connection.exec_driver_sql(statement, values).fetchone()


def _all_rows(
    connection: Connection, statement: str, values: tuple[object, ...]
) -> Sequence[Sequence[Any]]:
    """Every row, in the way of `first_row`."""
    driver: Any = connection.connection.driver_connection
    try:
        found: Sequence[Sequence[Any]] = driver.execute(statement, values).fetchall()
    except Exception:  # noqa: BLE001 - whatever it is, it comes again
        return connection.exec_driver_sql(statement, values).fetchall()
    return found


def _names(dialect: Dialect, columns: Iterable[Column[Any]]) -> list[str]:
    return [dialect.identifier_preparer.quote(column.name) for column in columns]


def _bound(plan: _Plan, key: Key) -> tuple[object, ...]:
    return tuple(
        value if bind is None else bind(value) for bind, value in zip(plan.binds, key, strict=True)
    )


def _unwrapped(plan: _Plan, row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        value if result is None else result(value)
        for result, value in zip(plan.results, row, strict=True)
    )
