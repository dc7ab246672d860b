"""The database of a trial: a SQLite file, a PostgreSQL of its own, or one given by URL."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.postgres import PostgresServer
from vault import migrate

SQLITE, POSTGRES = "sqlite", "postgres"


class Database:
    """Where a trial's books are; `server` when killing it is part of the trial."""

    def __init__(self, url: str, server: PostgresServer | None = None) -> None:
        self.url, self.server = url, server


@contextmanager
def open_database(choice: str, directory: Path) -> Iterator[Database]:
    """A migrated, empty database: `sqlite`, `postgres` (killed too), or the URL of an empty one."""
    if choice == SQLITE:
        made = Database(f"sqlite:///{directory}/trimtab.db")
        migrate.upgrade(made.url)
        yield made
    elif choice == POSTGRES:
        with _own_server() as server:
            migrate.upgrade(server.url)
            yield Database(server.url, server)
    else:
        _require_empty(choice)
        migrate.upgrade(choice)
        yield Database(choice)


@contextmanager
def _own_server() -> Iterator[PostgresServer]:
    # Short and in /tmp: a socket's path is short, and the server may not run as root.
    directory = Path(tempfile.mkdtemp(prefix="trimtab-pg-", dir="/tmp"))
    server = PostgresServer(directory)
    try:
        server.start()
        yield server
        server.kill()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _require_empty(url: str) -> None:
    if not url.startswith("postgresql://"):
        raise SystemExit(f"--database {url}: give sqlite, postgres or postgresql://...")
    with psycopg.connect(url) as connection:
        (tables,) = connection.execute(
            "select count(*) from pg_tables where schemaname = current_schema()"
        ).fetchone() or (0,)
    if tables:
        raise SystemExit(f"--database {url} has {tables} tables already: give an empty database")
