"""Reading one table of a TOML file: every key by its own reader, every problem with its line."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from domain.exact import InexactError, to_scaled
from domain.goals import Force
from vault.ingest.fields import nearest
from vault.ingest.report import Problem
from vault.ingest.toml_file import TomlFile

T = TypeVar("T")
ZERO = Decimal(0)
Reader = Callable[["TableReader", str, Any], Any]


class TableReader:
    """Reads the values of one table and notes every problem with the line of its key."""

    def __init__(self, file: TomlFile, table: Mapping[str, Any], line: int) -> None:
        self.file, self.table, self.line = file, table, line
        self.written = _keys(table)
        self.problems: list[Problem] = []

    def refuse(self, key: str, reason: str, remedy: str, value: object = "") -> None:
        """Note a problem at the line of the table that sets `key`, or at the table's own."""
        line = self.file.line_of(key, after=self.line) if key in self.written else self.line
        self.problems.append(self.file.problem(line, reason, remedy, key=key, value=str(value)))

    def exact(
        self, key: str, value: object, most: Decimal | None = None, least: Decimal | None = ZERO
    ) -> Decimal:
        """A number from `least` to `most`."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.refuse(key, "is not a number", "write it like 0.05", value)
            return ZERO
        number = Decimal(value)
        try:
            to_scaled(number)
        except InexactError as error:
            self.refuse(key, str(error), "write it with at most six decimal places")
            return ZERO
        if (least is not None and number < least) or (most is not None and number > most):
            bounds = f"{least} or more" if most is None else f"from {least} to {most}"
            self.refuse(key, f"is not {bounds}", "correct the number", value)
        return number

    def text(self, key: str, value: object) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, "is not a text", f'write {key} = "..."', value)
            return ""
        return value

    def yes(self, key: str, value: object) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            self.refuse(key, "is neither true nor false", f"write {key} = true", value)
        return value is True

    def choice(self, key: str, value: object, kind: type[StrEnum]) -> Any:
        """A member of an enumeration, by its word."""
        words = [member.value for member in kind]
        if value not in words:
            self.refuse(key, f"is not one of {', '.join(words)}", nearest(str(value), words), value)
            return next(iter(kind))
        return kind(value)

    def one_of(self, key: str, value: object, known: Collection[str], what: str) -> str:
        """A word that something else told."""
        if not isinstance(value, str) or value not in known:
            self.refuse(key, f"is {what}", nearest(str(value), known), value)
            return ""
        return value

    def several(
        self, key: str, value: object, known: Collection[str], what: str
    ) -> tuple[str, ...]:
        """A list of such words."""
        if not isinstance(value, list):
            self.refuse(key, "is not a list", 'write ["...", "..."]', value)
            return ()
        return tuple(self.one_of(key, word, known, what) for word in value)

    def mapping(self, key: str, value: object) -> Mapping[str, Any]:
        """A table within the table."""
        if not isinstance(value, Mapping):
            self.refuse(key, "is not a table", "write { ... }", value)
            return {}
        return value

    def values(
        self,
        key: str,
        value: object,
        readers: Mapping[str, Reader],
        required: Collection[str] = (),
    ) -> dict[str, Any] | None:
        """The keys of a table within the table, each by its reader; None when one is wrong."""
        table = self.mapping(key, value)
        before = len(self.problems)
        for unknown in sorted(set(table) - set(readers)):
            self.refuse(unknown, f"is not a key of {key}", nearest(unknown, readers))
        for missing in sorted(set(required) - set(table)):
            self.refuse(key, f"lacks {missing}", f"write {missing} = ...")
        found = {
            name: read(self, name, table[name]) for name, read in readers.items() if name in table
        }
        return found if len(self.problems) == before else None

    def tables(
        self,
        key: str,
        value: object,
        readers: Mapping[str, Reader],
        required: Collection[str],
        build: Callable[..., T],
    ) -> tuple[T, ...]:
        """An array of tables, each built from its values."""
        if not isinstance(value, list):
            self.refuse(key, "is not an array of tables", f"write [[mandate.{key}]]", value)
            return ()
        read = (self.values(key, item, readers, required) for item in value)
        return tuple(build(**values) for values in read if values is not None)


def with_force(values: dict[str, Any]) -> dict[str, Any]:
    """Price and priority of a constraint taken together as its force."""
    force = {key: values.pop(key) for key in ("price", "priority") if key in values}
    return {**values, "force": Force(**force)} if force else values


def _keys(value: object) -> frozenset[str]:
    """Every key of a table and of what is in it."""
    if isinstance(value, Mapping):
        return frozenset(value).union(*(_keys(item) for item in value.values()))
    if isinstance(value, list):
        return frozenset().union(*(_keys(item) for item in value))
    return frozenset()
