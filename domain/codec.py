"""Canonical text of values: one value, one JSON text, and back.

Frozen dataclasses, enums, `Decimal` (as a plain string), dates, local times of day and
instants (RFC 3339, UTC, microseconds), UUIDs, tuples and string-keyed dicts. The members
of a union are told apart by their fields' names. Floats are refused: where the
optimizer reports one it is turned into a `Decimal` first.
"""

import hashlib
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, partial
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.plain_form import instant_text, to_plain
from domain.text_writers import keep_last_text
from domain.text_writers import text_of as encode

__all__ = [
    "content_name",
    "decode",
    "encode",
    "from_plain",
    "instant_text",
    "keep_last_text",
    "to_plain",
]

T = TypeVar("T")


def content_name(text: str) -> str:
    """The name of canonical text: its SHA-256 in hex. Same value, same name."""
    return hashlib.sha256(text.encode()).hexdigest()


def decode(kind: type[T], text: str) -> T:
    """Rebuild a value of type `kind`; raises `ValueError` or `TypeError` if the text is not one."""
    return from_plain(kind, json.loads(text))  # type: ignore[no-any-return]


def from_plain(kind: Any, value: Any) -> Any:
    """The value of type `kind` from its JSON-ready form."""
    return _reader(kind)(value)


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """How values of one type are read; found out once, like the writers."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union_reader([option for option in get_args(kind) if option is not type(None)])
    if origin is tuple:
        return _tuple_reader(get_args(kind))
    if origin is list:
        item = _reader(get_args(kind)[0])
        return lambda value: [item(one) for one in value]
    if origin in (dict, Mapping):
        key, item = (_reader(argument) for argument in get_args(kind))
        return lambda value: {key(k): item(v) for k, v in value.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    return _scalar_reader(kind)


def _union_reader(options: list[Any]) -> Callable[[Any], Any]:
    if len(options) == 1:
        read = _reader(options[0])
        return lambda value: None if value is None else read(value)
    return lambda value: None if value is None else from_plain(_option(options, value), value)


def _tuple_reader(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        read = _reader(arguments[0])
        return lambda value: tuple([read(one) for one in value])
    readers = [_reader(argument) for argument in arguments]
    return lambda value: tuple(read(one) for read, one in zip(readers, value, strict=True))


def _dataclass_reader(kind: type) -> Callable[[Any], Any]:
    readers = {name: _reader(hint) for name, hint in _hints(kind).items()}

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"expected the fields of a {kind.__name__}, found {value!r}")
        if unknown := value.keys() - readers.keys():
            raise ValueError(f"{kind} has no field {sorted(unknown)}")
        return kind(**{name: readers[name](item) for name, item in value.items()})

    return read


def _scalar_reader(kind: Any) -> Callable[[Any], Any]:
    if kind is Any or kind is object:
        return lambda value: value
    if kind is datetime:
        return datetime.fromisoformat
    if kind in (date, time):
        return cast("Callable[[Any], Any]", kind.fromisoformat)
    if kind in (Decimal, UUID):
        return partial(_from_text, kind)
    if issubclass(kind, Enum):
        return cast("Callable[[Any], Any]", kind)
    return partial(_same, kind)


def _same(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value


def _option(options: list[Any], value: Any) -> Any:
    """The member of a union of dataclasses whose field names are those of `value`.

    A text that an earlier version wrote lacks the fields that were added since.
    """
    matches = [option for option in options if set(_hints(option)) == set(value)]
    matches = matches or [option for option in options if _needed(option) <= set(value)]
    matches = [option for option in matches if set(value) <= set(_hints(option))]
    if len(matches) != 1:
        raise ValueError(f"{sorted(value)} are not the fields of exactly one of {options}")
    return matches[0]


@cache
def _needed(kind: type) -> frozenset[str]:
    """The fields without a default."""
    return frozenset(
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    )


def _from_text(kind: type[Decimal] | type[UUID], text: Any) -> Decimal | UUID:
    """A number or an id from its text alone: a JSON float has lost digits already."""
    if not isinstance(text, str):
        raise TypeError(f"expected the text of a {kind.__name__}, found {text!r}")
    try:
        return kind(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a number") from error


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
