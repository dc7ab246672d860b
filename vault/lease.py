"""The writer's lease: who may write, under which epoch.

Each write transaction checks that the epoch is still ours, in that transaction,
so a holder that slept through a take-over is fenced and can change nothing.
Times are real time, also where the business date is invented.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from domain.errors import TryAgainError
from vault.lookup import first_row
from vault.presence import Presence
from vault.schema import writer_lease

_NAME = "writer"
_EPOCH = f"select epoch from {writer_lease.name} where name = '{_NAME}'"  # noqa: S608 - our own names
DURATION = timedelta(seconds=30)


class LeaseHeldError(TryAgainError):
    """Another process is the writer."""

    def __init__(self, *, holder: str, since: datetime, expires_at: datetime) -> None:
        super().__init__(
            f"{holder} is the writer since {since:%Y-%m-%d %H:%M:%S} UTC:"
            " try again if it is starting or stopping, else stop it"
        )
        self.holder, self.since, self.expires_at = holder, since, expires_at


class FencedError(TryAgainError):
    """We were the writer, and another took over: this process must not write again."""

    def __init__(self, *, ours: int, theirs: int, holder: str | None) -> None:
        super().__init__(
            f"{holder or 'another process'} took over as the writer (epoch {theirs}, ours was"
            f" {ours}): this process is fenced, start it again"
        )
        self.ours, self.theirs, self.holder = ours, theirs, holder


class Lease:
    """One process's hold on the right to write."""

    def __init__(self, *, holder: str, presence: Presence, duration: timedelta = DURATION) -> None:
        self._holder = holder
        self._presence = presence
        self._duration = duration
        self.epoch: int | None = None  # None before it was acquired.
        self._expires_at = self._written = datetime.min.replace(tzinfo=UTC)  # By our commits.

    def acquire(self, connection: Connection, now: datetime) -> int:
        """Take the lease and give its epoch, which is ours once this is committed.

        Raises `LeaseHeldError` while another living process holds it and has renewed in time.
        """
        alone = self._presence.hold()
        row = _read(connection)
        if row.holder is not None and not alone and now < row.expires_at:
            raise LeaseHeldError(holder=row.holder, since=row.since, expires_at=row.expires_at)
        epoch: int = row.epoch + 1
        _write(
            connection,
            epoch=epoch,
            holder=self._holder,
            since=now,
            expires_at=now + self._duration,
        )
        return epoch

    def check(self, connection: Connection, now: datetime) -> None:
        """Raise `FencedError` unless it is still ours; renew it when a third of it is over."""
        assert self.epoch is not None
        if _epoch(connection) != self.epoch:
            row = _read(connection)
            raise FencedError(ours=self.epoch, theirs=row.epoch, holder=row.holder)
        self._written = self._expires_at
        if self._expires_at - now < self._duration * 2 / 3:
            self._presence.hold()
            self._written = now + self._duration
            _write(connection, expires_at=self._written)

    def committed(self) -> None:
        """The transaction of the last `check` stands."""
        self._expires_at = self._written

    def release(self, connection: Connection) -> None:
        """Give it back, if it is still ours."""
        row = _read(connection)
        if row.epoch == self.epoch:
            _write(connection, holder=None, since=None, expires_at=None)

    def drop(self) -> None:
        """Stop being present."""
        self._presence.drop()


def _epoch(connection: Connection) -> int:
    """Asked in every transaction, so by the driver itself; the row lock is that of `_read`."""
    lock = "" if connection.dialect.name == "sqlite" else " for update"
    epoch: int = first_row(connection, _EPOCH + lock)[0]
    return epoch


def _read(connection: Connection) -> Row[Any]:
    """The lease; on PostgreSQL its row lock also makes writers wait for each other."""
    query = select(writer_lease).where(writer_lease.c.name == _NAME).with_for_update()
    return connection.execute(query).one()


def _write(connection: Connection, **values: object) -> None:
    statement = update(writer_lease).where(writer_lease.c.name == _NAME)
    connection.execute(statement.values(**values))
