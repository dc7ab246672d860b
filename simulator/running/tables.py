"""One TOML table, read key by key; each refusal names file, line, key, value and remedy."""

import difflib
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_E = TypeVar("_E", bound=Enum)
_CLOCK_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?")
_HEADER = re.compile(r"\s*\[{1,2}\s*([A-Za-z0-9_.-]+)\s*\]{1,2}")


class ConfigError(Exception):
    """A configuration that cannot be used."""


class Table:
    """Takes keys out of a table; what is left at the end is unknown and refused."""

    def __init__(
        self, path: Path, lines: list[str], name: str, start: int, values: dict[str, object]
    ) -> None:
        self.path = path
        self.lines = lines
        self._name = name
        self._start = start
        self._values = dict(values)
        self._known: list[str] = []

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if not isinstance(value, str):
            self.refuse(key, value, "a text in quotes")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._take(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            self.refuse(key, value, "a list of texts in quotes")
        return tuple(value)

    def wholes(self, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
        value = self._take(key, default)
        if not isinstance(value, list | tuple) or not all(type(one) is int for one in value):
            self.refuse(key, value, "a list of whole numbers")
        return tuple(value)

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.refuse(key, value, f"a whole number from {least} to {most}")
        return value

    def number(self, key: str, default: Decimal, least: Decimal, most: Decimal) -> Decimal:
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite() or not least <= value <= most:
            self.refuse(key, value, f"a number from {least} to {most}, without quotes")
        return value

    def seconds(self, key: str, default: str, least: str, most: str) -> timedelta:
        value = self.number(key, Decimal(default), Decimal(least), Decimal(most))
        return timedelta(microseconds=int(value * 1_000_000))

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            self.refuse(key, value, "true or false")
        return value

    def one_of(self, key: str, default: str | None, words: Sequence[str]) -> str:
        """One of some words, or the default."""
        value = self._take(key, default)
        if value == default:
            return str(value)
        if not isinstance(value, str) or value not in words:
            near = difflib.get_close_matches(str(value), words, 1)
            self.refuse(
                key, value, f"{near[0]!r}, if that was meant" if near else f"one of {_list(words)}"
            )
        return value

    def choice(self, key: str, kinds: type[_E], default: _E | None = None) -> _E:
        """A member of an enumeration, by its value."""
        plain = None if default is None else str(default.value)
        return kinds(self.one_of(key, plain, [str(kind.value) for kind in kinds]))

    def time_of_day(self, key: str) -> time | None:
        """A time without a zone; None where it is not given."""
        value = self._take(key, "")
        if isinstance(value, time) and value.tzinfo is None:
            return value
        if value == "":
            return None
        want = 'a time of day such as "16:00" or "09:30:15"'
        if not isinstance(value, str) or not _CLOCK_TIME.fullmatch(value):
            self.refuse(key, value, want)
        try:
            return time.fromisoformat(value)
        except ValueError:
            self.refuse(key, value, want)

    def dates(self, key: str) -> tuple[date, ...]:
        """Days of the calendar."""
        values = self._take(key, [])
        if not isinstance(values, list):
            self.refuse(key, values, 'a list of days such as ["2022-12-26"]')
        found = []
        for value in values:
            try:
                found.append(date.fromisoformat(str(value)))
            except ValueError:
                self.refuse(key, value, 'days such as "2022-12-26"')
        return tuple(found)

    def instant(self, key: str) -> datetime | None:
        """An instant with its offset; None where it is not given."""
        value = self._take(key, "")
        if value == "":
            return None
        try:
            instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.refuse(key, value, 'an instant such as "2022-11-30T20:44:50Z"')
        if instant.tzinfo is None:
            self.refuse(key, value, "an instant with its offset: add Z for UTC")
        return instant

    def zone(self, key: str, default: str) -> ZoneInfo:
        """An IANA time zone."""
        name = self.text(key, default)
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            self.refuse(key, name, 'an IANA time zone such as "America/New_York"')

    def has(self, key: str) -> bool:
        """Whether the file sets the key. It is known from now on."""
        self._known.append(key)
        return key in self._values

    def table(self, key: str) -> dict[str, object]:
        value = self._take(key, {})
        if not isinstance(value, dict):
            self.refuse(key, value, f"a table headed [{key}]")
        return value

    def inner(self, key: str, start: int) -> "Table":
        """A table [venue.KEY] of this one, whose header is at line `start`, from 0."""
        return Table(self.path, self.lines, f"[venue.{key}]", start, self.table(key))

    def tables(self, key: str) -> list[dict[str, object]]:
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.refuse(key, value, f"tables headed [[{key}]]")
        return value

    def refuse(self, key: str, value: object, want: str) -> NoReturn:
        """A value that cannot be used."""
        raise ConfigError(f"{self._where(key)}: {key} is {_shown(value)}; write {want}")

    def refuse_leftovers(self) -> None:
        """Keys that nobody took are misspelt or not ours."""
        for key in self._values:
            near = difflib.get_close_matches(key, self._known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(self._known)}"
            raise ConfigError(f"{self._where(key)}: unknown key {key!r} in {self._name}; {hint}")

    def _take(self, key: str, default: object) -> object:
        self._known.append(key)
        if key in self._values:
            return self._values.pop(key)
        if default is None:
            raise ConfigError(f"{self._where(key)}: {self._name} has no {key!r}; add it")
        return default

    def _where(self, key: str) -> str:
        assignment = re.compile(
            rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]|\s*\[+\s*{re.escape(key)}\b"
        )
        for number in range(self._start, len(self.lines)):
            line = self.lines[number]
            if assignment.match(line):
                return f"{self.path}:{number + 1}"
            if number > self._start and self._start and _HEADER.match(line):
                break
        return f"{self.path}:{self._start + 1}"


def table_lines(lines: list[str]) -> Callable[[str, int], int]:
    """Finds the line (from 0) of the nth header of a name; 0 when it has none."""
    headers = [(m[1], number) for number, line in enumerate(lines) if (m := _HEADER.match(line))]

    def starts(name: str, nth: int) -> int:
        found = [number for header, number in headers if header == name]
        return found[nth] if nth < len(found) else 0

    return starts


def _list(words: Sequence[str]) -> str:
    return ", ".join(repr(word) for word in words)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)[:60]
