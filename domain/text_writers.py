"""Writers of canonical text: for each type a function, made once.

A dataclass gets one of its own, written and compiled here as `dataclasses` does with its methods:
an order is some thirty texts on its way. It says what `to_plain` and JSON with sorted keys say.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, TypeVar
from uuid import UUID

from domain.exact import plain
from domain.plain_form import instant_text, key_text, to_plain

T = TypeVar("T")
Writer = Callable[[Any], str]


class _Writers(dict[type, Writer]):
    """How values of each type become canonical text; found out once a type."""

    def __missing__(self, kind: type) -> Writer:
        return self.setdefault(kind, _writer(kind))


_WRITERS = _Writers()


def text_of(value: object) -> str:
    """Canonical JSON: sorted keys, no blanks, ASCII; `to_plain` as text, without the detour."""
    return _WRITERS[type(value)](value)


def text_as(kind: type, value: object) -> str:
    """The text of the dataclass `kind` whose fields are those of `value`, which may have more."""
    return _WRITERS[kind](value)


def keep_last_text(kind: type[T]) -> type[T]:
    """Keep the text of the last value of a frozen `kind`, which is written several times.

    A report goes into an execution, an order's event and the audit trail within one booking.
    """
    write = _dataclass_writer(kind)
    last: tuple[object, str] = (None, "")

    def write_once(value: Any) -> str:
        nonlocal last
        known, text = last  # One assignment each way: threads may share it.
        if known is not value:
            text = write(value)
            last = (value, text)
        return text

    _WRITERS[kind] = write_once
    return kind


def _writer(kind: type) -> Writer:
    for kinds, write in _SCALARS:
        if issubclass(kind, kinds):
            return write
    if is_dataclass(kind):
        return _dataclass_writer(kind)
    if issubclass(kind, Mapping):
        return _mapping_text
    if issubclass(kind, list | tuple):
        return _sequence_text
    if issubclass(kind, set | frozenset):
        return lambda value: text_of(sorted(to_plain(item) for item in value))
    raise TypeError(f"{kind.__name__} has no canonical text")


# In this order: an enum may be a text, and an instant is a date.
_SCALARS: tuple[tuple[type | tuple[type, ...], Writer], ...] = (
    (Enum, cache(lambda value: text_of(value.value))),
    (str, quoted),
    (bool, {True: "true", False: "false"}.__getitem__),
    (int, int.__repr__),
    (types.NoneType, {None: "null"}.__getitem__),
    (Decimal, lru_cache(maxsize=4096)(lambda value: f'"{plain(value)}"')),
    (datetime, lambda value: f'"{instant_text(value)}"'),
    (date, lru_cache(maxsize=64)(lambda value: f'"{value.isoformat()}"')),
    (time, lambda value: f'"{value.isoformat()}"'),
    (UUID, lambda value: f'"{value.hex}"'),
)


def _dataclass_writer(kind: type) -> Writer:
    """A function of the fields: `return f'{{"name":{quoted(value.name)},…}}'`.

    Of a field that is to be a text, and of no other, the type is not looked at: `quoted` refuses
    all else, and then every field's is.
    """
    named = sorted(fields(kind), key=lambda field: field.name)
    source = (
        "def write(value):\n"
        "    try:\n"
        f"        return f'{{{{{_items(named, _expected)}}}}}'\n"
        "    except TypeError:\n"
        f"        return f'{{{{{_items(named, _found)}}}}}'\n"
    )
    names: dict[str, Any] = {"quoted": quoted, "writers": _WRITERS, "none": ()}
    exec(source, names)  # noqa: S102 - the fields' names of our own class
    write: Writer = names["write"]
    return write


def _items(named: list[Field[Any]], text: Callable[[Field[Any]], str]) -> str:
    return ",".join(f"{quoted(field.name)}:{{{text(field)}}}" for field in named)


def _expected(field: Field[Any]) -> str:
    return f"quoted(value.{field.name})" if field.type in (str, "str") else _found(field)


def _found(field: Field[Any]) -> str:
    """Most that may be absent is: that is seen before its type is looked at."""
    write = "writers[type(item)](item)"
    kind = str(field.type)
    if kind.endswith("| None"):
        return f'"null" if (item := value.{field.name}) is None else {write}'
    if kind.startswith("tuple["):
        return f'"[]" if (item := value.{field.name}) is none else {write}'
    return f"writers[type(item := value.{field.name})](item)"


def _sequence_text(value: list[Any] | tuple[Any, ...]) -> str:
    if not value:
        return "[]"
    return f"[{','.join([_WRITERS[type(item)](item) for item in value])}]"


def _mapping_text(value: Mapping[Any, Any]) -> str:
    heads = _heads(tuple(value)) if len(value) <= _FEW else None
    if heads is not None:
        texts = [head + _WRITERS[type(item := value[key])](item) for key, head in heads]
        return f"{{{','.join(texts)}}}"
    by_key = {key_text(key): text_of(item) for key, item in value.items()}
    return f"{{{','.join([f'{quoted(key)}:{by_key[key]}' for key in sorted(by_key)])}}}"


_FEW = 12  # Keys: what an audit entry or an event may have. Such mappings have a few shapes only.


@lru_cache(maxsize=256)
def _heads(keys: tuple[object, ...]) -> tuple[tuple[str, str], ...] | None:
    """Each key of a small mapping with its text, sorted; None unless all are plain text."""
    texts = [key for key in keys if type(key) is str]
    if len(texts) < len(keys):
        return None
    return tuple((key, f"{quoted(key)}:") for key in sorted(texts))
