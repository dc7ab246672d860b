"""Differences between two values, told by the fields that differ."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from domain.exact import plain

_LONGEST = 60


def difference(stands: object, should: object) -> str:
    """What a projection says otherwise than its facts; None stands for a row that is not there."""
    if stands is None:
        return "is missing, its facts say that it is there"
    if should is None:
        return "is there, its facts say that it is not"
    return "; ".join(_differing("", stands, should))


def _differing(name: str, stands: Any, should: Any) -> Iterator[str]:
    ours, theirs = _parts(stands), _parts(should)
    if ours is None or theirs is None or ours.keys() != theirs.keys():
        if stands != should:
            what = f"{name} stands" if name else "stands"
            yield f"{what} as {_shown(stands)}, its facts say {_shown(should)}"
        return
    for part, value in ours.items():
        yield from _differing(part, value, theirs[part])


def _parts(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, Mapping):
        return value
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        parts: dict[str, Any] = value._asdict()
        return parts
    return None


def _shown(value: object) -> str:
    text = plain(value) if isinstance(value, Decimal) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
