"""Column types: exact numbers and instants that mean the same on every database.

SQLAlchemy's `Numeric` is a float on SQLite and its `DateTime` drops the offset
there; these types hold integers instead, and refuse what would be rounded.
Multiplying two `Scaled` columns in SQL is wrong on SQLite: multiply in Python.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Numeric, Text, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from domain.codec import decode, encode
from domain.exact import PLACES, from_scaled, to_scaled

__all__ = [
    "Canonical",
    "Instant",
    "RawText",
    "RowNumber",
    "Scaled",
    "Uuid",
    "from_microseconds",
    "to_microseconds",
]

RowNumber = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts INTEGER keys only.


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Scaled(TypeDecorator[Decimal]):
    """Money, prices and shares: BIGINT millionths on SQLite, NUMERIC(24, 6) on PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(24, PLACES))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"an exact column takes Decimal, not {type(value).__name__}: {value!r}")
        scaled = to_scaled(value)
        return from_scaled(scaled) if dialect.name == "postgresql" else scaled

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name == "postgresql":
            return value  # type: ignore[no-any-return]
        return from_scaled(value)


class Instant(TypeDecorator[datetime]):
    """An instant in UTC, as BIGINT microseconds since 1970; naive times are refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else from_microseconds(value)


class RawText(TypeDecorator[str]):
    """Text from outside, whatever is in it: NUL and broken UTF-8 are kept as escapes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else value.encode("unicode_escape").decode("ascii")

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else value.encode("ascii").decode("unicode_escape")


class Canonical(TypeDecorator[Any]):
    """A domain value of one type as its canonical text (`domain.codec`)."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        del dialect
        if value is None:
            return None
        if not isinstance(value, self.kind):
            raise TypeError(f"expected {self.kind.__name__}, found {type(value).__name__}")
        return encode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        del dialect
        return None if value is None else decode(self.kind, value)


def to_microseconds(value: datetime) -> int:
    """Microseconds since 1970 in UTC; raises `ValueError` for a naive time."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"an instant needs its offset from UTC: {value!r}")
    return (value - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The inverse of `to_microseconds`."""
    return _EPOCH + number * _MICROSECOND
