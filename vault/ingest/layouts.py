"""Layouts: how a custodian's files look, as TOML that a user writes without touching code.

A layout says which files it is for, how cells are parted, what each column
means, and how numbers and days are written. docs/layouts.md explains each key.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from vault.ingest import fields
from vault.ingest.fields import DateFormat, NumberFormat
from vault.ingest.lines import Footer, RawFile, Shape
from vault.ingest.report import LayoutError, Problem
from vault.ingest.toml_file import TomlFile, read_toml

CONTENTS = ("positions", "transactions")
ROW_KINDS = ("position", "lot", "cash", "skip", "transaction")
SCHEMES = ("symbol", "cusip", "isin")
NEEDED = {
    "position": ("account", "security", "quantity"),
    "lot": ("account", "security", "quantity", "amount", "day"),
    "cash": ("account", "amount"),
    "transaction": ("account", "reference", "day", "kind", "amount"),
    "skip": (),
}
FIELDS = ("account", "security", "quantity", "amount", "day", "reference", "kind", "gain")
TRANSACTION_KINDS = ("buy", "sell", "deposit", "withdrawal", "dividend", "interest", "fee")
_KEY_TYPES: Mapping[str, type] = {
    "custodian": str,
    "code": str,
    "content": str,
    "file": str,
    "date_in_name": str,
    "separator": str,
    "header_line": int,
    "security_by": str,
    "otherwise": str,
    "ignore": list,
    "columns": dict,
    "kinds": dict,
    "numbers": dict,
    "dates": dict,
    "row": list,
    "footer": dict,
}
_NEEDED_KEYS = ("custodian", "code", "content", "file", "date_in_name", "columns")
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,15}")


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
    problems: list[Problem] = []
    layouts: list[Layout] = []
    for path in sorted(folder.glob("*.toml")):
        file, found = read_toml(RawFile(path.name, path.read_bytes()))
        if file is not None:
            found = _check(file)
        problems += found
        if file is not None and not found:
            layouts.append(_build(file, path.stem))
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


def _check(file: TomlFile) -> list[Problem]:
    """Everything that is wrong with a layout."""
    table = file.table
    problems = file.unknown_keys(table, _KEY_TYPES)
    problems += [
        file.problem(0, "is missing", "every layout has it", key=key)
        for key in _NEEDED_KEYS
        if key not in table
    ]
    problems += _wrong_kinds(file)
    if problems:
        return problems
    problems += _wrong_words(file)
    problems += file.unknown_keys(table["columns"], FIELDS)
    for rule, line in zip(table.get("row", []), file.lines_of_tables("row"), strict=True):
        problems += file.unknown_keys(rule, {"column", "equals", "is", *FIELDS}, after=line)
        problems += [
            file.problem(line, "is missing", "every [[row]] has it", key=key)
            for key in ("column", "equals", "is")
            if key not in rule
        ]
        if rule.get("is") not in ROW_KINDS:
            remedy = fields.nearest(str(rule.get("is")), ROW_KINDS)
            problems.append(file.problem(line, "is no kind of row", remedy, key="is"))
    return problems or _unmapped(file)


def _wrong_kinds(file: TomlFile) -> list[Problem]:
    """Keys whose values are of the wrong type."""
    names = {str: "a text", int: "a whole number", list: "a list", dict: "a table"}
    return [
        file.problem(
            file.line_of(key), "has the wrong type", f"it is {names[_KEY_TYPES[key]]}", key=key
        )
        for key, value in file.table.items()
        if key in _KEY_TYPES and type(value) is not _KEY_TYPES[key]
    ]


def _wrong_words(file: TomlFile) -> list[Problem]:
    """Values that are not among those that mean something."""
    table = file.table
    problems = [
        file.problem(
            file.line_of(key), "means nothing", fields.nearest(str(value), allowed), key=key
        )
        for key, value, allowed in (
            ("content", table["content"], CONTENTS),
            ("security_by", table.get("security_by", "symbol"), SCHEMES),
            ("otherwise", table.get("otherwise", "position"), ROW_KINDS),
            *(("kinds", word, TRANSACTION_KINDS) for word in table.get("kinds", {}).values()),
        )
        if value not in allowed
    ]
    for key, allowed in (
        ("numbers", ("decimal", "thousands", "currency", "negative", "empty")),
        ("dates", ("format",)),
        ("footer", ("starts_with", "rows_in_field")),
    ):
        problems += file.unknown_keys(table.get(key, {}), allowed)
    negative = table.get("numbers", {}).get("negative", "minus")
    for wrong, key, reason, remedy in (
        (table["file"].count("{date}") != 1, "file", "lacks {date}", "put {date} in it once"),
        (len(table.get("separator", ",")) != 1, "separator", "is not one character", "use one"),
        (table.get("header_line", 1) < 1, "header_line", "is below 1", "lines count from 1"),
        (not _CODE.fullmatch(table["code"]), "code", "is no code", "use 2 to 16 capitals, digits"),
        (
            negative not in ("minus", "parentheses"),
            "negative",
            "means nothing",
            "use minus or parentheses",
        ),
        (
            "starts_with" not in table.get("footer", {"starts_with": ""}),
            "footer",
            "lacks starts_with",
            "say how it begins",
        ),
    ):
        if wrong:
            problems.append(file.problem(file.line_of(key), reason, remedy, key=key))
    return problems


def _unmapped(file: TomlFile) -> list[Problem]:
    """Fields that a kind of row needs and no column gives."""
    table = file.table
    otherwise = table.get("otherwise", _otherwise(table["content"]))
    rules = [(otherwise, {}), *((rule["is"], rule) for rule in table.get("row", []))]
    return [
        file.problem(
            file.line_of("columns"),
            f"is needed for rows of kind {kind}",
            "map it to a column",
            key=name,
        )
        for kind, rule in rules
        for name in NEEDED[kind]
        if name not in table["columns"] and name not in rule
    ]


def _otherwise(content: str) -> str:
    return "transaction" if content == "transactions" else "position"


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
        otherwise=table.get("otherwise", _otherwise(table["content"])),
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
