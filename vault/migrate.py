"""Schema changes: Alembic, set up in code, on SQLite and PostgreSQL.

An upgrade is one transaction: a crash in the middle leaves the old schema whole.
The scripts are the installed `migrations` package, so that no file has to be found.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from domain.errors import ConfigError, TryAgainError
from vault.engine import open_engine
from vault.faults import translated
from vault.presence import presence_at


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; does nothing when it is there already.

    Raises `TryAgainError` while a living process is the writer.
    """
    with _alone(url) as connection:
        command.upgrade(configuration(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database back to `revision`, or to nothing with "base". Its facts go with it.

    Raises `TryAgainError` while a living process is the writer.
    """
    with _alone(url) as connection:
        command.downgrade(configuration(connection), revision)


def current(url: str) -> str | None:
    """The revision that the database is at; None for an empty one."""
    engine = open_engine(url, read_only=True)
    try:
        with engine.connect() as connection:
            return revision_of(connection)
    finally:
        engine.dispose()


@cache
def head() -> str:
    """The revision that this program needs; its scripts are read once."""
    found = ScriptDirectory.from_config(configuration()).get_current_head()
    assert found is not None
    return found


def revision_of(connection: Connection) -> str | None:
    """The revision that an open database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def require_current(connection: Connection) -> None:
    """Raise `ConfigError` unless the database is at the revision that this program needs."""
    found, needed = revision_of(connection), head()
    if found != needed:
        raise ConfigError(
            f"the database is at schema {found or 'none'}, this program needs {needed}:"
            " run 'trimtab init' to bring it there"
        )


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    """One transaction while no living process is the writer."""
    engine = open_engine(url)
    presence = presence_at(url, engine)
    try:
        if not presence.hold():
            raise TryAgainError("a running service has the database open: stop it first")
        with translated(), engine.begin() as connection:
            yield connection
    finally:
        presence.drop()
        engine.dispose()


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration, with the connection that env.py shall use."""
    config = Config()
    config.set_main_option("script_location", "migrations:.")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
