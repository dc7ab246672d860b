"""JSON from outside, read strictly: doubled keys, NaN and surprises of depth are refused."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from domain.errors import BadInputError

_DIGITS = 40


def parse(text: str | bytes, what: str) -> Any:
    """The document in `text`; raises `BadInputError` naming `what`, place and reason."""
    try:
        return json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise BadInputError(f"{what} is not UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadInputError(f"{what} is not JSON: {error.msg} at {place}") from error
    except RecursionError as error:
        raise BadInputError(f"{what} is nested too deeply") from error


def _pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadInputError(f"key {key!r} stands twice; keep one of them")
        found[key] = value
    return found


def _constant(name: str) -> NoReturn:
    raise BadInputError(f"{name} is not a number that can be used")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise BadInputError(f"a number of {len(digits)} digits cannot be used")
    return int(digits)
