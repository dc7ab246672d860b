"""TOML with line numbers: tables by their line, unknown and doubled keys refused.

Numbers become `Decimal`, so 0.1 is exactly a tenth; nan and inf are refused.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vault.ingest.fields import nearest
from vault.ingest.lines import RawFile, decode
from vault.ingest.report import Problem

_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed file and its text, to find lines in."""

    name: str
    table: Mapping[str, Any]
    lines: tuple[str, ...]

    def line_of(self, key: str, *, after: int = 0) -> int:
        """The first line after `after` that sets `key`, or `after` itself."""
        pattern = re.compile(
            rf"""\s*["']?{re.escape(key)}["']?\s*=|.*[{{,]\s*["']?{re.escape(key)}["']?\s*="""
        )
        for number in range(after, len(self.lines)):
            if pattern.match(self.lines[number]):
                return number + 1
        return after

    def lines_of_tables(self, name: str) -> tuple[int, ...]:
        """The lines of every `[[name]]`, in order."""
        header = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]\s*(#.*)?$")
        return tuple(n for n, text in enumerate(self.lines, 1) if header.match(text))

    def problem(
        self, line: int, reason: str, remedy: str, *, key: str = "", value: str = ""
    ) -> Problem:
        """A problem in this file."""
        return Problem(
            file=self.name, line=line, field=key, value=value, reason=reason, remedy=remedy
        )

    def unknown_keys(
        self, table: Mapping[str, Any], allowed: Collection[str], *, after: int = 0
    ) -> list[Problem]:
        """A problem for every key that nobody reads."""
        return [
            self.problem(
                self.line_of(key, after=after), "is not a key here", nearest(key, allowed), key=key
            )
            for key in table
            if key not in allowed
        ]


def read_toml(raw: RawFile) -> tuple[TomlFile | None, list[Problem]]:
    """The file, or why it cannot be read."""
    text, problems = decode(raw)
    if problems:
        return None, problems
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = _AT_LINE.search(str(error))
        line = int(found.group(1)) if found else 0
        reason = _AT_LINE.sub("", str(error)).strip() or "is nested too deeply"
        problem = Problem(
            file=raw.name,
            line=line,
            field="",
            value="",
            reason=f"is not TOML: {reason[:1].lower()}{reason[1:]}",
            remedy="each key stands once, texts in quotation marks",
        )
        return None, [problem]
    file = TomlFile(raw.name, table, tuple(text.split("\n")))
    if problems := _odd_values(file, table, "", 0):
        return None, problems
    return file, []


def _odd_values(file: TomlFile, value: object, key: str, depth: int) -> list[Problem]:
    if depth > DEEPEST:
        return [file.problem(file.line_of(key), "is nested too deeply", "write it flat", key=key)]
    if isinstance(value, Mapping):
        return [p for k, v in value.items() for p in _odd_values(file, v, k, depth + 1)]
    if isinstance(value, list):
        return [p for item in value for p in _odd_values(file, item, key, depth + 1)]
    if isinstance(value, Decimal) and not value.is_finite():
        return [file.problem(file.line_of(key), f"is {value}", "write a finite number", key=key)]
    return []
