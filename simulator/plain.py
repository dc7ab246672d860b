"""Frozen values as plain JSON objects, and back. Enums, decimals and times as text."""

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """What the json module can write."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [to_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    assert value is None or isinstance(value, str | int | bool)
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """A frozen dataclass from its plain form. Raises ValueError, TypeError or KeyError."""
    hints = _hints(kind)  # type: ignore[arg-type]  # Classes hash; mypy doubts type[T].
    return kind(**{name: _read(hints[name], value) for name, value in plain.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, plain: Any) -> Any:
    if isinstance(hint, UnionType):
        if plain is None:
            return None
        (hint,) = (one for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is tuple:
        return tuple(_read(get_args(hint)[0], one) for one in plain)
    if hint in (datetime, date):
        return hint.fromisoformat(plain)
    if is_dataclass(hint):
        return from_plain(hint, plain)  # type: ignore[arg-type]  # A class, seen as Any.
    if isinstance(plain, hint):
        return plain
    return hint(plain)
