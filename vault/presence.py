"""Presence: a lock that only a living process can hold, so that a dead one is known to be dead.

The lease says who may write and survives everything; this only spares the wait
for its expiry after a kill. A file lock beside SQLite, an advisory lock on PostgreSQL.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from vault.engine import sqlite_path

_ADVISORY_KEY = 0x7472696D746162  # "trimtab" in ASCII.


class Presence(Protocol):
    """Held while the process lives."""

    def hold(self) -> bool:
        """True when it is held after the call, False when another living process holds it."""
        ...

    def drop(self) -> None: ...


def presence_at(url: str, engine: Engine) -> Presence:
    """The presence that belongs to a database."""
    path = sqlite_path(url)
    return AdvisoryPresence(engine) if path is None else FilePresence(Path(f"{path}-writer"))


class FilePresence:
    """A lock on a file; the kernel drops it with the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def hold(self) -> bool:
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def drop(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class AdvisoryPresence:
    """A session's advisory lock; the server drops it with the connection.

    It is of the schema as well as of the database, as the tables are.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def hold(self) -> bool:
        if self._connection is not None and self._is_alive(self._connection):
            return True
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        query = text("select pg_try_advisory_lock(:key # hashtext(current_schema())::bigint)")
        if connection.execute(query, {"key": _ADVISORY_KEY}).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False

    def _is_alive(self, connection: Connection) -> bool:
        """A restarted server has forgotten the lock: take it again."""
        try:
            connection.execute(text("select 1"))
        except DBAPIError:
            connection.invalidate()
            connection.close()
            self._connection = None
        return self._connection is not None

    def drop(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute(text("select pg_advisory_unlock_all()"))
        except DBAPIError:
            self._connection.invalidate()  # The server is gone, and the lock with it.
        finally:
            self._connection.close()
            self._connection = None
