"""What is wrong with a layout: unknown keys, wrong types, words that mean nothing, gaps."""

import re
from collections.abc import Mapping
from datetime import date

from vault.ingest import fields
from vault.ingest.fields import DateFormat, FieldError
from vault.ingest.report import Problem
from vault.ingest.toml_file import TomlFile

CONTENTS = ("positions", "transactions")
ROW_KINDS = ("position", "lot", "cash", "pending", "skip", "transaction")
SCHEMES = ("symbol", "cusip", "isin")
NEEDED = {
    "position": ("account", "security", "quantity"),
    "lot": ("account", "security", "quantity", "amount", "day"),
    "cash": ("account", "amount"),
    "pending": ("account", "amount"),
    "transaction": ("account", "reference", "day", "kind", "amount"),
    "skip": (),
}
MAY_HAVE = {
    "lot": ("reference", "disallowed"),
    "transaction": ("security", "quantity", "gain"),
}
FIELDS = (
    "account",
    "security",
    "quantity",
    "amount",
    "day",
    "reference",
    "kind",
    "gain",
    "disallowed",
)
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


def layout_problems(file: TomlFile) -> list[Problem]:
    """Everything that is wrong with a layout."""
    table = file.table
    problems = file.unknown_keys(table, _KEY_TYPES)
    problems += [
        file.problem(0, "is missing", "every layout has it", key=key)
        for key in _NEEDED_KEYS
        if key not in table
    ]
    problems += _wrong_kinds(file)
    if not problems:
        problems += _wrong_leaves(file)
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


def _wrong_leaves(file: TomlFile) -> list[Problem]:
    """Values inside the tables that are not texts, or not what else they must be."""
    table = file.table
    leaves = [
        (key, value)
        for name in ("columns", "kinds", "numbers", "dates", "footer")
        for key, value in table.get(name, {}).items()
    ]
    rules = table.get("row", [])
    leaves += [(k, v) for rule in rules if isinstance(rule, dict) for k, v in rule.items()]
    empty = table.get("numbers", {}).get("empty", [])
    lists = [("ignore", table.get("ignore", [])), ("empty", empty)]
    leaves += [(key, one) for key, listed in lists if isinstance(listed, list) for one in listed]
    wrong = [
        file.problem(file.line_of(key), "is not a text", "put it in quotation marks", key=key)
        for key, value in leaves
        if not isinstance(value, str) and key not in {"rows_in_field", "empty"}
    ]
    if not isinstance(empty, list):
        wrong.append(
            file.problem(file.line_of("empty"), "is not a list", 'write ["--"]', key="empty")
        )
    told = table.get("footer", {}).get("rows_in_field", 1)
    if type(told) is not int or told < 1:
        line = file.line_of("rows_in_field")
        wrong.append(file.problem(line, "is no cell", "cells count from 1", key="rows_in_field"))
    if len(rules) != len(file.lines_of_tables("row")):
        line = file.line_of("row")
        wrong.append(file.problem(line, "is not a table", "write each as [[row]]", key="row"))
    return wrong


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
    problems += [
        file.problem(file.line_of(key), "does not give a day back", "use %Y, %m and %d", key=key)
        for key, form in (
            ("date_in_name", table["date_in_name"]),
            ("format", table.get("dates", {}).get("format", "%Y-%m-%d")),
        )
        if not _gives_day_back(form)
    ]
    negative = table.get("numbers", {}).get("negative", "minus")
    separator = table.get("separator", ",")
    for wrong, key, reason, remedy in (
        (table["file"].count("{date}") != 1, "file", "lacks {date}", "put {date} in it once"),
        (
            len(separator) != 1 or separator in '\r\n"',
            "separator",
            "is not one character",
            "use one",
        ),
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
    otherwise = table.get("otherwise", default_row_kind(table["content"]))
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


def default_row_kind(content: str) -> str:
    """What a row is when neither a rule nor `otherwise` says."""
    return "transaction" if content == "transactions" else "position"


def _gives_day_back(form: str) -> bool:
    day = date(2022, 11, 30)
    try:
        return DateFormat(form).parse(day.strftime(form)) == day
    except FieldError:
        return False
