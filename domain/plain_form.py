"""The JSON-ready form of values: the plain way to say what `domain.text_writers` says at once."""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from domain.exact import plain

_LOCAL_LENGTH = len("2022-11-30T20:45:00.000000")  # Without the offset.


def to_plain(value: object) -> Any:
    """The JSON-ready form of a value."""
    kind: type = type(value)
    return _writer(kind)(value)


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds; naive times are refused."""
    if value.tzinfo is UTC:
        return _utc_text(value)
    if value.tzinfo is None:
        raise ValueError("a naive time has no canonical text")
    return _utc_text(value.astimezone(UTC))


def key_text(key: object) -> str:
    """The text of a mapping's key."""
    plain_key = to_plain(key)
    if not isinstance(plain_key, str):
        raise TypeError("only text keys have a canonical text")
    return plain_key


# One instant is written many times: in an event, its order, the audit. In another zone than UTC
# two instants may be equal, where a clock was set back.
@lru_cache(maxsize=256)
def _utc_text(value: datetime) -> str:
    return f"{value.isoformat(timespec='microseconds')[:_LOCAL_LENGTH]}Z"


# In this order: an enum may be a text, and an instant is a date.
_SCALAR_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, lambda value: value.value),
    ((str, int, types.NoneType), lambda value: value),
    (Decimal, plain),
    (datetime, instant_text),
    (date, date.isoformat),
    (time, time.isoformat),
    (UUID, lambda value: value.hex),
)


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    """How values of one type are written; found out once, as a snapshot has a million of them."""
    for kinds, write in _SCALAR_WRITERS:
        if issubclass(kind, kinds):
            return write
    if is_dataclass(kind):
        names = tuple(f.name for f in fields(kind))
        return lambda value: {name: to_plain(getattr(value, name)) for name in names}
    if issubclass(kind, Mapping):
        return lambda value: {key_text(key): to_plain(item) for key, item in value.items()}
    if issubclass(kind, list | tuple):
        return lambda value: [to_plain(item) for item in value]
    if issubclass(kind, set | frozenset):
        return lambda value: sorted(to_plain(item) for item in value)
    raise TypeError(f"{kind.__name__} has no canonical text")
