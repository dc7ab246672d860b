"""TOML values as the types that rules are made of; `ValueError` says what is asked for."""

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from oms.compliance.nearest import nearest


def converted(kind: Any, value: Any) -> Any:
    """A TOML value as `kind`: an enum, a number, a day, text, a list, a table, or a sentence."""
    origin = get_origin(kind)
    if origin is types.UnionType:
        kind = next(option for option in get_args(kind) if option is not types.NoneType)
        return converted(kind, value)
    if origin is tuple:
        return _several(get_args(kind)[0], value)
    if hasattr(kind, "parse"):
        return kind.parse(value)
    return _table(kind, value) if is_dataclass(kind) else _scalar(kind, value)


def _scalar(kind: Any, value: Any) -> Any:
    if issubclass(kind, StrEnum):
        return _member(kind, value)
    if kind is Decimal:
        return _number(value)
    if type(value) is not kind:
        wanted = {str: "text", bool: "true or false", date: "a date like 2022-01-31"}
        raise ValueError(f"{value!r} is not {wanted.get(kind, 'a whole number')}")
    return value


def _several(kind: Any, value: Any) -> tuple[Any, ...]:
    """A list; where names are asked for, one name alone is a list of one."""
    if isinstance(value, str) and isinstance(kind, type) and issubclass(kind, StrEnum):
        value = [value]
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list")  # noqa: TRY004 - a problem of the file, collected by the reader
    return tuple(converted(kind, item) for item in value)


def _table(kind: Any, value: Any) -> Any:
    """A dataclass from an inline table."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table")  # noqa: TRY004 - as above
    hints = get_type_hints(kind)
    for key in value.keys() - hints.keys():
        raise ValueError(f"unknown key {key!r}{nearest(key, hints)}")
    for field in fields(kind):
        if field.name not in value and field.default is MISSING:
            raise ValueError(f"needs the key {field.name!r}")
    return kind(**{key: converted(hints[key], item) for key, item in value.items()})


def _member(kind: type[StrEnum], value: object) -> StrEnum:
    names = [str(member) for member in kind]
    if value not in names:
        raise ValueError(f"{value!r} is unknown{nearest(str(value), names)}")
    return kind(value)


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value!r} is not a number")  # noqa: TRY004 - as above
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return number
