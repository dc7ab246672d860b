"""The rows that a round added, and the same rows written again by the bare driver.

Rows are told apart by their number in their table, noted at each commit; a row stands in the
transaction that added it, as it is at the end. What was only changed is not written again.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

from vault.engine import WRITER_PRAGMAS, sqlite_module

Rows = Sequence[tuple[Any, ...]]
Heights = dict[str, int]  # Of each table its highest row, after one commit.


@dataclass(frozen=True, slots=True)
class Played:
    """A finished round: the database before it, and the one after it."""

    before: Path
    after: Path
    commits: Sequence[Heights]  # That of `before` first.
    us_per_order: float  # Processor time that the round itself took.


@dataclass(frozen=True, slots=True)
class Part:
    """The rows that one transaction added to one table."""

    table: str
    columns: Sequence[str]
    rows: Rows


Group = Sequence[Part]  # One transaction, what is referred to first.


def groups(played: Played) -> Sequence[Group]:
    """What each transaction added, as it is at the end."""
    found = []
    with closing(sqlite_module().connect(played.after)) as connection:
        columns = {table: _columns(connection, table) for table in tables_of(connection)}
        for below, upto in pairwise(lasting(played.commits)):
            parts = [
                Part(table, columns[table], rows)
                for table in upto
                if (rows := _added(connection, table, below[table], upto[table]))
            ]
            found.append(parts)
    return found


def lasting(commits: Sequence[Heights]) -> Sequence[Heights]:
    """How far each table went of what no later commit took back and gave to another row."""
    found = [commits[-1]]
    for one in reversed(commits[:-1]):
        found.append({table: min(height, found[-1][table]) for table, height in one.items()})
    return found[::-1]


def write_again(played: Played, wanted: Sequence[Group]) -> dict[str, float]:
    """Seconds that the bare driver takes, processor's and clock's, and bytes the file grows by."""
    place = played.before.with_name("floor.db")
    place.unlink(missing_ok=True)
    copy(played.before, place)
    with closing(sqlite_module().connect(place, isolation_level=None)) as connection:
        for name, value in WRITER_PRAGMAS.items():
            connection.execute(f"pragma {name} = {value}")
        statements = [[(_insert(part), part.rows) for part in group] for group in wanted]
        cpu, clock = time.process_time(), time.perf_counter()
        for group in statements:
            connection.execute("begin immediate")
            for statement, rows in group:
                connection.executemany(statement, rows)
            connection.execute("commit")
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        connection.execute("pragma wal_checkpoint(truncate)")
    grown = place.stat().st_size - played.before.stat().st_size
    return {"cpu": cpu, "clock": clock, "bytes": grown}


def counts(path: Path, tables: Sequence[str]) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite_module().connect(path)) as connection:
        return {table: _one(connection, f'select count(*) from "{table}"') for table in tables}


def copy(source: Path, target: Path) -> None:
    """The database as it is now, beside whoever writes it."""
    module = sqlite_module()
    with closing(module.connect(source)) as there, closing(module.connect(target)) as here:
        there.backup(here)


def tables_of(connection: Any) -> list[str]:
    """Every table, and those that it refers to before it."""
    found = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    order = {
        table: {row[2] for row in connection.execute(f'pragma foreign_key_list("{table}")')}
        for (table,) in found
    }
    return list(TopologicalSorter(order).static_order())


def _columns(connection: Any, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'pragma table_info("{table}")')]


def heights(connection: Any, tables: Sequence[str]) -> Heights:
    """How far each table goes; asked of the writer before its commit, what it will add."""
    return {
        table: _one(connection, f'select coalesce(max(rowid), 0) from "{table}"')
        for table in tables
    }


def _added(connection: Any, table: str, below: int, upto: int) -> Rows:
    found: Rows = connection.execute(
        f'select * from "{table}" where rowid > ? and rowid <= ? order by rowid', (below, upto)
    ).fetchall()
    return found


def _one(connection: Any, question: str) -> int:
    found: int = connection.execute(question).fetchone()[0]
    return found


def _insert(part: Part) -> str:
    names = ", ".join(f'"{name}"' for name in part.columns)
    places = ", ".join("?" * len(part.columns))
    return f'insert into "{part.table}" ({names}) values ({places})'
