"""Rows on their way into tables, and what is already known to check them against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from vault.ingest.fields import FieldError, Parser
from vault.ingest.lines import Lines
from vault.ingest.report import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one table; `values` has the table's columns but file and line."""

    table: str
    line: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A file as rows, or why not."""

    kind: str
    as_of: date | None = None  # The day in the file's name.
    last_day: date | None = None  # Of its rows, for prices: part of the key of an undated file.
    custodian: str | None = None
    code: str | None = None
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What earlier files told, for the references of the next one."""

    symbols: Mapping[str, str] = field(default_factory=dict)  # Symbol -> security id.
    sectors: frozenset[str] = frozenset()
    industries: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    issuers: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    mandates: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    households: frozenset[str] = frozenset()
    custodians: frozenset[str] = frozenset()


def parse_cells(
    lines: Lines, line: int, cells: Mapping[str, str], parsers: Mapping[str, tuple[str, Parser]]
) -> dict[str, object] | None:
    """Values by field from cells by column; None, with every problem noted, if one is wrong."""
    values: dict[str, object] = {}
    for name, (column, parser) in parsers.items():
        try:
            values[name] = parser(cells[column])
        except FieldError as error:
            lines.refuse(line, error.reason, error.remedy, column=column, value=cells[column])
    return values if len(values) == len(parsers) else None


def refuse_doubled(lines: Lines, rows: list[Row], *key: str) -> None:
    """Note every row whose key an earlier row has."""
    first: dict[tuple[object, ...], int] = {}
    for row in rows:
        values = tuple(row.values[name] for name in key)
        line = first.setdefault(values, row.line)
        if line != row.line:
            shown = ", ".join(str(value) for value in values)
            lines.refuse(row.line, f"was told at line {line} already", "keep one", value=shown)
