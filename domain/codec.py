"""Canonical text of values: one value, one JSON text, and back.

Frozen dataclasses, enums, `Decimal` (as a plain string), dates and instants
(RFC 3339, UTC, microseconds), UUIDs, tuples and string-keyed dicts. The members
of a union are told apart by their fields' names. Floats are refused: where the
optimizer reports one it is turned into a `Decimal` first.
"""

import hashlib
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, lru_cache, partial
from json.encoder import encode_basestring_ascii as quoted
from operator import attrgetter
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.exact import plain

T = TypeVar("T")

_LOCAL_LENGTH = len("2022-11-30T20:45:00.000000")  # Without the offset.


def encode(value: object) -> str:
    """Canonical JSON: sorted keys, no blanks, ASCII; `to_plain` as text, without the detour."""
    return _TEXT_WRITERS[type(value)](value)


def content_name(text: str) -> str:
    """The name of canonical text: its SHA-256 in hex. Same value, same name."""
    return hashlib.sha256(text.encode()).hexdigest()


def decode(kind: type[T], text: str) -> T:
    """Rebuild a value of type `kind`; raises `ValueError` or `TypeError` if the text is not one."""
    return from_plain(kind, json.loads(text))  # type: ignore[no-any-return]


def to_plain(value: object) -> Any:
    """The JSON-ready form of a value."""
    kind: type = type(value)
    return _writer(kind)(value)


def from_plain(kind: Any, value: Any) -> Any:
    """The value of type `kind` from its JSON-ready form."""
    return _reader(kind)(value)


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds; naive times are refused."""
    if value.tzinfo is None:
        raise ValueError("a naive time has no canonical text")
    return _utc_text(value)


@lru_cache(maxsize=256)  # One instant is written many times: in an event, its order, the audit.
def _utc_text(value: datetime) -> str:
    return f"{value.astimezone(UTC).isoformat(timespec='microseconds')[:_LOCAL_LENGTH]}Z"


# In this order: an enum may be a text, and an instant is a date.
_SCALAR_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, lambda value: value.value),
    ((str, int, types.NoneType), lambda value: value),
    (Decimal, plain),
    (datetime, instant_text),
    (date, date.isoformat),
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
        return lambda value: {_key(key): to_plain(item) for key, item in value.items()}
    if issubclass(kind, list | tuple):
        return lambda value: [to_plain(item) for item in value]
    if issubclass(kind, set | frozenset):
        return lambda value: sorted(to_plain(item) for item in value)
    raise TypeError(f"{kind.__name__} has no canonical text")


class _TextWriters(dict[type, Callable[[Any], str]]):
    """How values of each type become canonical text; found out once a type."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        return self.setdefault(kind, _text_writer(kind))


_TEXT_WRITERS = _TextWriters()


def _text_writer(kind: type) -> Callable[[Any], str]:
    for kinds, write in _SCALAR_TEXTS:
        if issubclass(kind, kinds):
            return write
    if is_dataclass(kind):
        return _dataclass_text(kind)
    if issubclass(kind, Mapping):
        return _mapping_text
    if issubclass(kind, list | tuple):
        return lambda value: f"[{','.join([_TEXT_WRITERS[type(item)](item) for item in value])}]"
    if issubclass(kind, set | frozenset):
        return lambda value: encode(sorted(to_plain(item) for item in value))
    raise TypeError(f"{kind.__name__} has no canonical text")


_SCALAR_TEXTS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (Enum, cache(lambda value: encode(value.value))),
    (str, quoted),
    (bool, lambda value: "true" if value else "false"),
    (int, int.__repr__),
    (types.NoneType, lambda _value: "null"),
    (Decimal, lambda value: f'"{plain(value)}"'),
    (datetime, lambda value: f'"{instant_text(value)}"'),
    (date, lambda value: f'"{value.isoformat()}"'),
    (UUID, lambda value: f'"{value.hex}"'),
)


def _dataclass_text(kind: type) -> Callable[[Any], str]:
    names = sorted(field.name for field in fields(kind))
    heads = [f"{quoted(name)}:" for name in names]
    if not names:
        return lambda _value: "{}"
    if len(names) == 1:
        return lambda value: f"{{{heads[0]}{encode(getattr(value, names[0]))}}}"
    items = attrgetter(*names)

    def write(value: Any) -> str:
        texts = [
            head + _TEXT_WRITERS[type(item)](item)
            for head, item in zip(heads, items(value), strict=True)
        ]
        return f"{{{','.join(texts)}}}"

    return write


def keep_last_text(kind: type[T]) -> type[T]:
    """Keep the text of the last value of a frozen `kind`, which is written several times.

    A report goes into an execution, an order's event and the audit trail within one booking.
    """
    write = _dataclass_text(kind)
    last: tuple[object, str] = (None, "")

    def write_once(value: Any) -> str:
        nonlocal last
        known, text = last  # One assignment each way: threads may share it.
        if known is not value:
            text = write(value)
            last = (value, text)
        return text

    _TEXT_WRITERS[kind] = write_once
    return kind


def _mapping_text(value: Mapping[Any, Any]) -> str:
    texts = {_key(key): encode(item) for key, item in value.items()}
    return f"{{{','.join([f'{quoted(key)}:{texts[key]}' for key in sorted(texts)])}}}"


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """How values of one type are read; found out once, like `_writer`."""
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
    if kind is date:
        return date.fromisoformat
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


def _key(key: object) -> str:
    plain_key = to_plain(key)
    if not isinstance(plain_key, str):
        raise TypeError("only text keys have a canonical text")
    return plain_key


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
