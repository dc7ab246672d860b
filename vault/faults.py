"""Faults of the database, in our words: what may work later, and what must not happen."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.errors import InvariantError, TryAgainError

_LOCK_NOT_AVAILABLE, _TRANSACTION_ABORTED = "55P03", "25P02"  # PostgreSQL's SQLSTATEs.


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
        first = _first_failure(error.orig)
        cause = str(first).strip()
        if _state(first) == _LOCK_NOT_AVAILABLE:
            raise StorageUnavailableError(_held(cause)) from error
        if read_only and _is_write(cause):
            raise InvariantError(f"a read-only view was written through: {cause}") from error
        may_pass = isinstance(error, OperationalError | InterfaceError) or _is_operational(first)
        if may_pass or error.connection_invalidated:
            raise StorageUnavailableError(f"the database cannot be used now: {cause}") from error
        raise InvariantError(f"the database refused a change: {cause}") from error


def _first_failure(error: BaseException | None) -> BaseException | None:
    """PostgreSQL answers to all that follows a failure that the transaction is aborted."""
    while error is not None and _state(error) == _TRANSACTION_ABORTED and error.__context__:
        error = error.__context__
    return error


def _state(error: BaseException | None) -> str | None:
    return getattr(error, "sqlstate", None)


def _is_operational(error: BaseException | None) -> bool:
    """By the name that every driver gives it."""
    return any(kind.__name__ == "OperationalError" for kind in type(error).__mro__)


def _held(cause: str) -> str:
    said = cause.partition("\n")[0]
    return (
        f"another session of the database does not let go of what is needed here ({said}): "
        "pg_stat_activity names it, as active or idle in transaction"
    )


def _is_write(cause: str) -> bool:
    return "readonly database" in cause or "read-only transaction" in cause
