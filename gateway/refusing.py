"""Refusing: how a profile's table is told what is wrong with it, and what would be right."""

import difflib
from collections.abc import Iterable
from typing import NoReturn

from domain.errors import ConfigError


def nearest(given: object, known: Iterable[str]) -> str:
    """The known name that was probably meant, or all of them."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(given).lower(), names, n=1)
    return f"did you mean {names[near[0]]}?" if near else f"known are {', '.join(names.values())}"


def refuse(where: str, what: str) -> NoReturn:
    """Raises `ConfigError`; `where` names the file and the table."""
    raise ConfigError(f"{where}: {what}")
