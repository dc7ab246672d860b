"""Canonical text of values: one value, one JSON text, and back.

Frozen dataclasses, enums, `Decimal` (as a plain string), dates and instants
(RFC 3339, UTC, microseconds), UUIDs, tuples and string-keyed dicts. The members
of a union are told apart by their fields' names. Floats are refused: where the
optimizer reports one it is turned into a `Decimal` first.
"""

import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.exact import plain

T = TypeVar("T")


def encode(value: object) -> str:
    """Canonical JSON: sorted keys, no blanks, ASCII."""
    return json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def content_name(text: str) -> str:
    """The name of canonical text: its SHA-256 in hex. Same value, same name."""
    return hashlib.sha256(text.encode()).hexdigest()


def decode(kind: type[T], text: str) -> T:
    """Rebuild a value of type `kind`; raises `ValueError` or `TypeError` if the text is not one."""
    return from_plain(kind, json.loads(text))  # type: ignore[no-any-return]


def to_plain(value: object) -> Any:  # noqa: PLR0911 - one return per kind of value
    """The JSON-ready form of a value."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return value.hex
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [to_plain(item) for item in value]
        return sorted(items) if isinstance(value, set | frozenset) else items
    raise TypeError(f"{type(value).__name__} has no canonical text")


def from_plain(kind: Any, value: Any) -> Any:  # noqa: PLR0911 - one return per kind of value
    """The value of type `kind` from its JSON-ready form."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        options = [option for option in get_args(kind) if option is not type(None)]
        return from_plain(options[0] if len(options) == 1 else _option(options, value), value)
    if origin is tuple:
        arguments = get_args(kind)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(from_plain(arguments[0], item) for item in value)
        return tuple(from_plain(a, item) for a, item in zip(arguments, value, strict=True))
    if origin is list:
        return [from_plain(get_args(kind)[0], item) for item in value]
    if origin in (dict, Mapping):
        key_kind, item_kind = get_args(kind)
        return {from_plain(key_kind, k): from_plain(item_kind, v) for k, v in value.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        if unknown := set(value) - set(hints):
            raise ValueError(f"{kind} has no field {sorted(unknown)}")
        return kind(**{name: from_plain(hints[name], item) for name, item in value.items()})
    return _scalar(kind, value)


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds; naive times are refused."""
    if value.tzinfo is None:
        raise ValueError("a naive time has no canonical text")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _scalar(kind: Any, value: Any) -> Any:
    if kind is Any or kind is object:
        return value
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind in (Decimal, UUID):
        return _from_text(kind, value)
    if issubclass(kind, Enum):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value


def _option(options: list[Any], value: Any) -> Any:
    """The member of a union of dataclasses whose field names are those of `value`."""
    matches = [option for option in options if set(_hints(option)) == set(value)]
    if len(matches) != 1:
        raise ValueError(f"{sorted(value)} are not the fields of exactly one of {options}")
    return matches[0]


def _from_text(kind: type[Decimal] | type[UUID], text: Any) -> Decimal | UUID:
    """A number or an id from its text alone: a JSON float has lost digits already."""
    if not isinstance(text, str):
        raise TypeError(f"expected the text of a {kind.__name__}, found {text!r}")
    try:
        return kind(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a number") from error


def _key(key: object) -> str:
    plain_key = to_plain(key)
    if not isinstance(plain_key, str):
        raise TypeError("only text keys have a canonical text")
    return plain_key


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
