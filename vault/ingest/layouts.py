"""Layouts: how a custodian's files look, as TOML that a user writes without touching code.

A layout says which files it is for, how cells are parted, what each column
means, and how numbers and days are written. docs/layouts.md explains each key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from vault.ingest.fields import DateFormat, NumberFormat
from vault.ingest.layout_check import FIELDS, default_row_kind, layout_problems
from vault.ingest.lines import Footer, RawFile, Shape
from vault.ingest.report import LayoutError, Problem
from vault.ingest.toml_file import TomlFile, read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """What a row is whose cell in `column` reads `equals`; may take fields from other columns."""

    column: str
    equals: str
    kind: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of file of one custodian."""

    name: str
    custodian: str
    code: str  # Short name, the first part of the ids of its lots: HARBOR.
    content: str
    file: str  # File name with "{date}" in it.
    date_in_name: str
    header_line: int
    separator: str
    security_by: str
    otherwise: str  # What a row is that no rule names.
    ignore: tuple[str, ...]
    columns: Mapping[str, str]  # Field -> column.
    kinds: Mapping[str, str]  # The custodian's word -> ours.
    numbers: NumberFormat
    dates: DateFormat
    rules: tuple[RowRule, ...]
    footer: Footer | None

    def day_of(self, name: str) -> date | None:
        """The day in a file's name; None when the name is not of this layout."""
        before, after = self.file.split("{date}")
        if not (name.startswith(before) and name.endswith(after)):
            return None
        day = name[len(before) : len(name) - len(after)]
        try:
            found = datetime.strptime(day, self.date_in_name).date()  # noqa: DTZ007 - a day
        except ValueError:
            return None
        return found if found.strftime(self.date_in_name) == day else None

    @property
    def shape(self) -> Shape:
        """What the reader of lines needs to know."""
        mapped = {*self.columns.values(), *self.ignore}
        for rule in self.rules:
            mapped |= {rule.column, *rule.columns.values()}
        return Shape(
            separator=self.separator,
            header_line=self.header_line,
            columns=frozenset(mapped),
            footer=self.footer,
            empty=self.numbers.empty,
        )


def load_layouts(folder: Path) -> tuple[Layout, ...]:
    """Every layout in a folder, by name; raises `LayoutError` with all that is wrong."""
    if not folder.is_dir():
        raise LayoutError(f"{folder} is no folder: correct [book] layouts, or put layouts there")
    problems: list[Problem] = []
    layouts: list[Layout] = []
    for path in sorted(folder.glob("*.toml")):
        file, found = read_toml(RawFile(path.name, path.read_bytes()))
        if file is not None:
            found = layout_problems(file)
        problems += found
        if file is not None and not found:
            layouts.append(_build(file, path.stem))
        if file is not None and not found:
            problems += _clashes(file, layouts)
    if problems:
        raise LayoutError("\n".join(str(problem) for problem in problems))
    return tuple(layouts)


def layout_for(name: str, layouts: Sequence[Layout]) -> tuple[Layout, date] | None:
    """The layout whose pattern a file name fits, and the day in the name."""
    for layout in layouts:
        day = layout.day_of(name)
        if day is not None:
            return layout, day
    return None


def _clashes(file: TomlFile, layouts: Sequence[Layout]) -> list[Problem]:
    """The last layout against those before it: a file has one layout, a custodian one code."""
    *before, last = layouts
    problems = []
    for other in before:
        if other.file == last.file:
            remedy = f"{other.name}.toml has it already"
            problems.append(file.problem(file.line_of("file"), "is doubled", remedy, key="file"))
        if (other.custodian == last.custodian) != (other.code == last.code):
            remedy = f"{other.name}.toml says {other.code} for {other.custodian}"
            problems.append(file.problem(file.line_of("code"), "clashes", remedy, key="code"))
    return problems


def _build(file: TomlFile, name: str) -> Layout:
    table: Mapping[str, Any] = file.table
    numbers = dict(table.get("numbers", {}))
    numbers["empty"] = tuple(numbers.get("empty", ()))
    footer = table.get("footer")
    return Layout(
        name=name,
        custodian=table["custodian"],
        code=table["code"],
        content=table["content"],
        file=table["file"],
        date_in_name=table["date_in_name"],
        header_line=table.get("header_line", 1),
        separator=table.get("separator", ","),
        security_by=table.get("security_by", "symbol"),
        otherwise=table.get("otherwise", default_row_kind(table["content"])),
        ignore=tuple(table.get("ignore", ())),
        columns=table["columns"],
        kinds=table.get("kinds", {}),
        numbers=NumberFormat(**numbers),
        dates=DateFormat(**table.get("dates", {})),
        rules=tuple(
            RowRule(
                column=rule["column"],
                equals=rule["equals"],
                kind=rule["is"],
                columns={key: rule[key] for key in FIELDS if key in rule},
            )
            for rule in table.get("row", [])
        ),
        footer=None if footer is None else Footer(**footer),
    )
