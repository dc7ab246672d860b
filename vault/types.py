"""Column types: exact numbers and instants that mean the same on every database.

SQLAlchemy's `Numeric` is a float on SQLite and its `DateTime` drops the offset
there; these types hold integers instead, and refuse what would be rounded.
Multiplying two `Scaled` columns in SQL is wrong on SQLite: multiply in Python.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Numeric, Text, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from domain.codec import decode, encode
from domain.exact import PLACES, from_scaled, to_scaled

__all__ = [
    "Bound",
    "Canonical",
    "Instant",
    "RawText",
    "RowNumber",
    "Scaled",
    "Uuid",
    "Written",
    "from_microseconds",
    "to_microseconds",
]

RowNumber = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts INTEGER keys only.


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_SECONDS = 24 * 60 * 60


class Bound(TypeDecorator[Any]):
    """A type of ours: what it gives the driver is a function that can be kept by itself."""

    cache_ok = True

    def binder(self, dialect: Dialect) -> Callable[[Any], Any]:
        """What turns a value, or None, into what the driver takes."""
        raise NotImplementedError

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return self.binder(dialect)(value)


class Scaled(Bound):
    """Money, prices and shares: BIGINT millionths on SQLite, NUMERIC(24, 6) on PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(24, PLACES))
        return dialect.type_descriptor(BigInteger())

    def binder(self, dialect: Dialect) -> Callable[[Any], Decimal | int | None]:
        return _bounded if dialect.name == "postgresql" else _scaled

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name == "postgresql":
            return value  # type: ignore[no-any-return]
        return from_scaled(value)


class Instant(Bound):
    """An instant in UTC, as BIGINT microseconds since 1970; naive times are refused."""

    impl = BigInteger
    cache_ok = True

    def binder(self, dialect: Dialect) -> Callable[[Any], int | None]:
        del dialect
        return lambda value: None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else from_microseconds(value)


class RawText(Bound):
    """Text from outside, whatever is in it: NUL and broken UTF-8 are kept as escapes."""

    impl = Text
    cache_ok = True

    def binder(self, dialect: Dialect) -> Callable[[Any], str | None]:
        del dialect
        return _escaped

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else value.encode("ascii").decode("unicode_escape")


class Written(str):
    """The canonical text of a value, written by whoever could do it more cheaply."""

    __slots__ = ()


class Canonical(Bound):
    """A domain value of one type as its canonical text (`domain.codec`)."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.kind = kind

    def binder(self, dialect: Dialect) -> Callable[[Any], str | None]:
        del dialect
        kind = self.kind

        def text(value: Any) -> str | None:
            if isinstance(value, kind):
                return encode(value)
            if value is None:
                return None
            if isinstance(value, Written):
                return str(value)
            raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")

        return text

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        del dialect
        return None if value is None else decode(self.kind, value)


# The same few numbers and instants of an order stand in dozens of its columns.
_to_scaled = lru_cache(maxsize=4096)(to_scaled)


def _scaled(value: Any) -> int | None:
    if isinstance(value, Decimal):
        return _to_scaled(value)
    if value is None:
        return None
    raise TypeError(f"an exact column takes Decimal, not {type(value).__name__}: {value!r}")


def _bounded(value: Any) -> Decimal | None:
    """As it is, if it could be scaled."""
    _scaled(value)
    return value  # type: ignore[no-any-return]


def _escaped(value: str | None) -> str | None:
    return None if value is None else value.encode("unicode_escape").decode("ascii")


def to_microseconds(value: datetime) -> int:
    """Microseconds since 1970 in UTC; raises `ValueError` for a naive time."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"an instant needs its offset from UTC: {value!r}")
    return _utc_microseconds(value if value.tzinfo is UTC else value.astimezone(UTC))


@lru_cache(maxsize=256)
def _utc_microseconds(value: datetime) -> int:
    """Of UTC only: elsewhere two instants are equal where a clock was set back."""
    since = value - _EPOCH
    return (since.days * _DAY_SECONDS + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(number: int) -> datetime:
    """The inverse of `to_microseconds`."""
    return _EPOCH + number * _MICROSECOND
