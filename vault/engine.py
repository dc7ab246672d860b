"""Engines: how the vault opens SQLite and PostgreSQL, for the writer and for readers.

SQLite before 3.51.3 can corrupt a WAL on reset with several connections, so a
library without the fix is refused: pysqlite3 carries a good one. `BEGIN` is
ours, because the driver's own begins too late and lets DDL commit by itself.
"""

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import ConfigError, MissingError

# https://sqlite.org/releaselog/3_51_3.html: the WAL-reset fix and its backports.
SAFE_SQLITE = (3, 51, 3)
SAFE_BACKPORTS = {(3, 44): 6, (3, 50): 7}
BUSY_MILLISECONDS = 5_000
LOCK_SECONDS = 10  # PostgreSQL: as long as the server lets a statement wait for another's lock,
IDLE_SECONDS = 600  # and as long as a writer may leave its transaction open with nothing asked.
_REACHABLE = {  # libpq: a server that is cut off is an error after a minute, not after two hours.
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
WRITER_PRAGMAS = {
    "busy_timeout": str(BUSY_MILLISECONDS),
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": "on",
    "recursive_triggers": "on",  # Else INSERT OR REPLACE walks past the append-only triggers.
    "cache_size": "-32768",  # KiB: an index of a long history is not read anew for each new row.
}
READER_PRAGMAS = {"busy_timeout": str(BUSY_MILLISECONDS), "query_only": "on"}


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine for `sqlite:///PATH` or `postgresql://…`; a SQLite file is made when writing.

    Raises `ConfigError` for another kind of URL and `MissingError` when the driver is missing
    or when a read-only SQLite file is not there.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, read_only=read_only)
    return _open_postgres(parsed, read_only=read_only)


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for PostgreSQL."""
    parsed = _parsed(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite has the WAL-reset fix."""
    backport = SAFE_BACKPORTS.get(version[:2])
    return version >= SAFE_SQLITE or (backport is not None and version[2] >= backport)


def sqlite_module() -> ModuleType:
    """The driver whose SQLite is safe: pysqlite3, or else the standard library's."""
    found = []
    for name in ("pysqlite3", "sqlite3"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if is_safe(module.sqlite_version_info):
            return module
        found.append(f"{name} has SQLite {module.sqlite_version}")
    raise MissingError(
        f"no safe SQLite: {', '.join(found)}; 3.51.3 is needed: pip install 'pysqlite3>=0.6.1'"
    )


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(f"database url {url!r} cannot be read: write sqlite:///PATH") from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigError(
            f"database url names {parsed.get_backend_name()}: only sqlite and postgresql are served"
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigError("database url names no file: write sqlite:///PATH, memory is not kept")
    return parsed


def _open_sqlite(url: URL, *, read_only: bool) -> Engine:
    path = Path(url.database or "").absolute()
    if read_only and not path.exists():
        raise MissingError(f"there is no database at {path}: run 'trimtab init' first")
    if not read_only:
        _create_private(path)
    location = url.set(database=f"file:{path}", query={"uri": "true"})
    if read_only:
        location = location.update_query_dict({"mode": "ro"})
    engine = create_engine(
        location,
        module=sqlite_module(),
        connect_args={"check_same_thread": False, "isolation_level": None},
        pool_size=8 if read_only else 1,
        max_overflow=8 if read_only else 0,
    )
    pragmas = READER_PRAGMAS if read_only else WRITER_PRAGMAS
    begin = "begin" if read_only else "begin immediate"

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        for name, value in pragmas.items():
            connection.execute(f"pragma {name} = {value}")

    @event.listens_for(engine, "begin")
    def begin_for_real(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _open_postgres(url: URL, *, read_only: bool) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=8 if read_only else 2,
            max_overflow=8,
            connect_args={key: n for key, n in _REACHABLE.items() if key not in url.query},
        )
    except ModuleNotFoundError as error:
        raise MissingError("PostgreSQL needs psycopg: pip install 'trimtab[postgres]'") from error
    _limit_waiting(engine, read_only=read_only)
    if read_only:
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine


def _limit_waiting(engine: Engine, *, read_only: bool) -> None:
    """Nobody waits for ever behind a process that stands still; the database's own limits go first.

    A writer that was cut off with the lease's row locked would keep every follower out.
    """
    limits = {"lock_timeout": LOCK_SECONDS}
    if not read_only:
        limits["idle_in_transaction_session_timeout"] = IDLE_SECONDS

    @event.listens_for(engine, "connect")
    def set_limits(connection: Any, _record: Any) -> None:
        for name, seconds in limits.items():
            connection.execute(
                "select set_config(%s, %s, false) where current_setting(%s) = '0'",
                (name, f"{seconds}s", name),
            )
        connection.commit()


def _create_private(path: Path) -> None:
    """Make the file readable by its owner only; SQLite gives its -wal and -shm the same mode."""
    if path.exists():
        return
    if not path.parent.is_dir():
        raise MissingError(f"there is no directory {path.parent} for the database: make it first")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
