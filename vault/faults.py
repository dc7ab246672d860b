"""Faults of the database, in our words: what may work later, and what must not happen."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.errors import InvariantError, TryAgainError


class StorageUnavailableError(TryAgainError):
    """The database is locked, full, stopped or unreachable; nothing of the transaction is kept."""


@contextmanager
def translated(*, read_only: bool = False) -> Iterator[None]:
    """Raise the database's errors as `StorageUnavailableError` or `InvariantError`."""
    try:
        yield
    except (PendingRollbackError, PoolTimeoutError) as error:
        raise StorageUnavailableError(f"the database was lost: {error}") from error
    except DBAPIError as error:
        cause = str(error.orig).strip()
        if read_only and _is_write(cause):
            raise InvariantError(f"a read-only view was written through: {cause}") from error
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise StorageUnavailableError(f"the database cannot be used now: {cause}") from error
        raise InvariantError(f"the database refused a change: {cause}") from error


def _is_write(cause: str) -> bool:
    return "readonly database" in cause or "read-only transaction" in cause
