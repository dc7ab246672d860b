"""Preflight: what must be right with the database before anything is sent."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

import vault.tables  # noqa: F401 - declares every table on the metadata
from domain.errors import TrimtabError
from vault import append_only, migrate
from vault.audit import SqlAudit
from vault.engine import open_engine
from vault.export import check_newest
from vault.metadata import append_only_tables
from vault.shared import shared

_NEWEST_ENTRIES = 100_000  # About a second; `trimtab audit verify` walks the whole chain.
_SQLITE_NEEDS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: NORMAL loses acknowledged commits in a power cut.
    "foreign_keys": 1,
    "recursive_triggers": 1,
}
_POSTGRES_NEEDS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def problems(url: str, *, anchor_path: str | Path) -> tuple[str, ...]:
    """One sentence per reason not to start; none when all is well. Stores nothing."""
    try:
        engine = open_engine(url, read_only=True)
    except TrimtabError as error:
        return (str(error),)
    try:
        with engine.begin() as connection:
            found = tuple(_of_schema(connection))
            if found:
                return found
            return (
                *_of_durability(url, connection),
                *_of_audit(connection, Path(anchor_path)),
            )
    except SQLAlchemyError as error:
        return (f"the database cannot be read: {error.args[0]}",)
    finally:
        engine.dispose()


def _of_schema(connection: Connection) -> Iterator[str]:
    try:
        migrate.require_current(connection)
    except TrimtabError as error:
        yield str(error)
        return
    for table in append_only.missing(connection, append_only_tables()):
        yield f"table {table} has lost the triggers that make it append-only: restore the database"


def _of_durability(url: str, connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "postgresql":
        for name, needed in _POSTGRES_NEEDS.items():
            found = connection.execute(text(f"show {name}")).scalar_one()
            if found != needed:
                yield f"PostgreSQL runs with {name} = {found} and may lose commits: set it {needed}"
        return
    for damage in connection.execute(text("pragma quick_check")).scalars():
        if damage != "ok":
            yield f"the database file is damaged: {damage}"
    yield from _of_sqlite_pragmas(url)


def _of_sqlite_pragmas(url: str) -> Iterator[str]:
    """A file system without shared memory, for one, silently keeps SQLite from its WAL."""
    engine = open_engine(url)
    connection = engine.raw_connection()
    try:
        for name, needed in _SQLITE_NEEDS.items():
            cursor = connection.cursor()
            cursor.execute(f"pragma {name}")
            (found,) = cursor.fetchone() or (None,)
            if found != needed:
                yield f"SQLite runs with {name} = {found}, it needs {needed}"
    finally:
        connection.close()
        engine.dispose()


def _of_audit(connection: Connection, anchor_path: Path) -> Iterator[str]:
    try:
        tampering = check_newest(SqlAudit(shared(connection)), anchor_path, _NEWEST_ENTRIES)
    except TrimtabError as error:
        yield str(error)
        return
    if tampering is not None:
        yield f"the audit trail does not hold: {tampering.message}"
