"""A savepoint: the part of a transaction that can be taken back by itself.

Each message that is booked opens some, and nearly none is taken back: a plain class of two
methods, and in the database nothing at all unless something is written inside.
"""

from contextlib import AbstractContextManager
from types import TracebackType

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from vault.faults import translated
from vault.journal import Journal
from vault.writes import Writes


class Savepoint(AbstractContextManager[None]):
    """Takes back what waits, what was written and what is known when the block raises."""

    __slots__ = ("_connection", "_journal", "_writes")

    def __init__(self, connection: Connection, writes: Writes, journal: Journal) -> None:
        self._connection, self._writes, self._journal = connection, writes, journal

    def __enter__(self) -> None:
        self._journal.begin()
        self._writes.begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self._writes.keep()
            except BaseException as failure:  # noqa: BLE001 - raised below, as the database's word
                error = failure
            else:
                self._journal.keep()
                return
        with translated():
            self._take_back(error)
            if kind is None or isinstance(error, SQLAlchemyError):
                raise error

    def _take_back(self, error: BaseException) -> None:
        try:
            self._writes.take_back()
        finally:
            self._journal.take_back()
            if isinstance(error, DBAPIError):
                self._stop_if_lost()

    def _stop_if_lost(self) -> None:
        """SQLite rolls everything back on a full disk: what follows must not commit by itself."""
        driver = self._connection.connection.dbapi_connection
        if self._connection.dialect.name == "sqlite" and not getattr(
            driver, "in_transaction", True
        ):
            self._connection.invalidate()
