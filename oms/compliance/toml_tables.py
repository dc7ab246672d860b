"""TOML tables with the lines on which they stand: problems are collected, not raised.

The standard reader forgets lines; they are found again by the tables' headings.
"""

import re
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_type_hints

from domain.errors import BadInputError
from oms.compliance.nearest import nearest
from oms.compliance.toml_values import converted


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing that is wrong with a rule file, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class RuleFileError(BadInputError):
    """A rule file that cannot be used; nothing of it is in force."""

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Place:
    """A table of the file: where it starts and ends, for finding a key's line."""

    first: int
    last: int


class TomlTables:
    """The lines of one file, and what is wrong with them."""

    def __init__(self, file: str, text: str, sha256: str) -> None:
        self.file, self.sha256 = file, sha256
        self.lines = text.splitlines()
        self.problems: list[RuleProblem] = []

    @property
    def everything(self) -> Place:
        """The whole file."""
        return Place(1, len(self.lines))

    def read(self, kind: type[Any], table: object, place: Place, what: str) -> Any:
        """A dataclass from a table; None after having said what is wrong."""
        if not isinstance(table, dict):
            self.say(place.first, f"{what} must be a table")
            return None
        count, values, hints = len(self.problems), {}, get_type_hints(kind)
        for key in table.keys() - hints.keys():
            self.problem(place, key, f"unknown key {key!r} of {what}{nearest(key, hints)}")
        for field in fields(kind):
            if field.name in table:
                try:
                    values[field.name] = converted(hints[field.name], table[field.name])
                except ValueError as error:
                    self.problem(place, field.name, f"{field.name}: {error}")
            elif field.default is MISSING and field.default_factory is MISSING:
                self.say(place.first, f"{what} needs the key {field.name!r}")
        return kind(**values) if len(self.problems) == count else None

    def places(self, name: str, within: Place) -> list[Place]:
        """Where each [[name]] table starts and ends."""
        starts = [
            number
            for number in range(within.first, within.last + 1)
            if re.match(rf"\s*\[\[\s*{name}\s*\]\]", self.lines[number - 1])
        ]
        ends = [*(start - 1 for start in starts[1:]), within.last]
        return [Place(start, end) for start, end in zip(starts, ends, strict=False)]

    def line_of(self, place: Place, pattern: str, otherwise: int) -> int:
        for number in range(place.first, place.last + 1):
            if re.match(rf"\s*{pattern}", self.lines[number - 1]):
                return number
        return otherwise

    def problem(self, place: Place, key: str, message: str) -> None:
        line = self.line_of(place, rf"\[*\"?{re.escape(key)}\"?\s*[=\].]", place.first)
        self.say(line, message)

    def say(self, line: int, message: str) -> None:
        self.problems.append(RuleProblem(self.file, line, message))
