"""TOML tables read strictly: each reader takes a key, checks it, and says where it is wrong."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from console.toml_lines import lines_of
from domain.errors import ConfigError

BASIS_POINTS = 10_000
_MISSING = object()


class Document:
    """A parsed file with its line numbers."""

    def __init__(self, path: Path, text: str, values: Mapping[str, Any]) -> None:
        self.path = path
        self._lines = lines_of(text)
        self._values = values

    def root(self) -> "Table":
        """The document as one table."""
        return Table(self, "", self._values)

    def line(self, table: str, key: str) -> int:
        """The line of a key, or of its table's header, or of what that stands in, or 1."""
        place = self._lines.get((table, key)) or self._lines.get((f"{table}.{key}".strip("."), ""))
        place = place or self._lines.get((table, ""))
        if place is None and "." in table:  # An inline table: the line of the key that holds it.
            outer, _, inner = table.rpartition(".")
            return self.line(outer, inner.partition("[")[0])
        return place or 1

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """A remedy that names the nearest valid name, or all of them."""
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        return f"did you mean {close[0]}?" if close else f"valid names: {', '.join(names)}"


class Table:
    """One table; `refuse_the_rest` complains about every key that nobody asked for."""

    def __init__(self, document: Document, name: str, values: Mapping[str, Any]) -> None:
        self._document, self._name, self._values = document, name, values
        self._asked: set[str] = set()
        self._children: list[Table] = []

    def refuse(self, key: str, what: str, remedy: str) -> NoReturn:
        """Raise a `ConfigError` with file, line, key, what is wrong and what to do."""
        path = ".".join(part for part in (self._name, key) if part)
        where = f"{self._document.path}:{self.line(key)}: {path}: {what}"
        raise ConfigError(f"{where}; {remedy}" if remedy else where)

    def line(self, key: str) -> int:
        """Where `key` stands; "" for the table's own header."""
        return self._document.line(self._name, key)

    def has(self, key: str) -> bool:
        """Whether the file sets `key`."""
        self._asked.add(key)
        return key in self._values

    def refuse_the_rest(self) -> None:
        """Refuse unknown keys, here and below."""
        for key in self._values:
            if key not in self._asked:
                remedy = self._document.nearest(key, self._asked)
                self.refuse(key, "is not a key that Trimtab knows", remedy)
        for child in self._children:
            child.refuse_the_rest()

    def everything(self) -> dict[str, Any]:
        """The whole table, checked by somebody else."""
        self._asked.update(self._values)
        return dict(self._values)

    def table(self, key: str, *, optional: bool = False) -> "Table":
        """The table called `key`; an optional one that is missing is empty."""
        value = self._get(key, {} if optional else _MISSING)
        if not isinstance(value, dict):
            self.refuse(key, "must be a table", f"write [{key}] on a line of its own")
        return self._child(key, value)

    def tables(self) -> Iterator[tuple[str, "Table"]]:
        """Every sub-table, whatever its name."""
        for key in self._values:
            yield key, self.table(key)

    def array(self, key: str) -> Sequence["Table"]:
        """The tables of an array of tables; none when it is missing."""
        values = self._get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            self.refuse(key, "must be an array of tables", f"write [[{key}]] on a line of its own")
        return [self._child(f"{key}[{index}]", value) for index, value in enumerate(values)]

    def text(self, key: str) -> str:
        """A text that is not blank."""
        value = self._get(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, f"must be a text, not {value!r}", "put it in double quotes")
        if any(ord(character) < 32 for character in value):
            self.refuse(key, "holds a control character", "take it out")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Several texts, or one; none when it is missing."""
        value = self._get(key, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) and one for one in values):
            self.refuse(key, f"must be texts, not {value!r}", 'write ["ONE", "ANOTHER"]')
        return tuple(values)

    def time_of_day(self, key: str) -> time | None:
        """A local time of day, or None when it is not set."""
        value = self._get(key, None)
        if isinstance(value, str):
            try:
                value = time.fromisoformat(value)
            except ValueError:
                value = value or "nothing"
        if value is not None and (not isinstance(value, time) or value.tzinfo is not None):
            self.refuse(key, f"must be a local time of day, not {value!r}", 'write "15:30"')
        return value

    def path(self, key: str) -> Path:
        """A path, made absolute from the file's folder."""
        return self._document.path.parent / Path(self.text(key)).expanduser()

    def choice(self, key: str, choices: Sequence[str], *, default: str) -> str:
        """One of a few words."""
        value = self._get(key, default)
        if value not in choices:
            self.refuse(key, f"is {value!r}", f"use one of {', '.join(choices)}")
        return str(value)

    def count(self, key: str, *, default: int | None = None) -> int:
        """A whole number above zero: a limit is never missing, zero or negative."""
        value = self._get(key, _MISSING if default is None else default)
        if type(value) is not int or value <= 0:
            remedy = (
                f"write {key} = {value}" if isinstance(value, str) and value.isdecimal() else ""
            )
            self.refuse(key, f"must be a whole number above zero, not {value!r}", remedy)
        if value > 2**31 - 1:
            self.refuse(key, f"is {value}, which is no real limit", "use a smaller number")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Yes or no, as true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, f"must be true or false, not {value!r}", "")
        return value

    def amount(self, key: str, *, zero: bool = False) -> Decimal:
        """A finite decimal above zero (or not below it); floats are refused as inexact."""
        value = self._get(key)
        if isinstance(value, float):
            self.refuse(key, "must be exact", f'put it in double quotes: {key} = "{value}"')
        try:
            number = Decimal(value) if type(value) in (int, str) else Decimal("NaN")
        except ArithmeticError:
            number = Decimal("NaN")
        if not number.is_finite() or number < 0 or (number == 0 and not zero):
            bound = "not below zero" if zero else "above zero"
            self.refuse(key, f"must be a number {bound}, not {value!r}", "")
        return number

    def instant(self, key: str) -> datetime | None:
        """An instant with its offset, or None when it is not set."""
        value = self._get(key, None)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.refuse(key, "must be an instant with its offset", "write 2022-11-30T20:44:00Z")
        return value.astimezone(UTC)

    def _get(self, key: str, default: object = _MISSING) -> Any:
        self._asked.add(key)
        value = self._values.get(key, default)
        if value is _MISSING:
            near = difflib.get_close_matches(key, set(self._values) - self._asked, n=1)
            remedy = f"is {near[0]} a misspelling of it?" if near else "add it; see `trimtab init`"
            self.refuse(near[0] if near else key, f"{key} is missing", remedy)
        return value

    def _child(self, key: str, values: Mapping[str, Any]) -> "Table":
        child = Table(self._document, f"{self._name}.{key}".strip("."), values)
        self._children.append(child)
        return child
