"""Printing: tables for people, JSON for programs.

A table is coloured and folded to the width of a terminal; piped, it is plain aligned columns.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from shutil import get_terminal_size
from typing import Any, Generic, TypeVar

from console.table_layout import laid_out
from console.terminal import BLUE, BOLD, GREEN, MAGENTA, RED, RESET, YELLOW, escaped, wants_colour
from console.wrapping import columns_of, hanging
from domain.codec import encode
from domain.exact import CENT, plain

T = TypeVar("T")
_TEN_THOUSANDTH = Decimal("0.0001")


@dataclass(frozen=True)  # No slots: Column[Run](...) writes an attribute of its own in 3.11.
class Column(Generic[T]):
    """A heading, what stands under it, and whether it is a number (right-aligned)."""

    heading: str
    text: Callable[[T], str]
    number: bool = False


def print_json(value: object) -> None:
    """One JSON document on one line."""
    sys.stdout.write(encode(value) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Plain sentences, wrapped on a terminal."""
    width = columns_of(sys.stdout) if sys.stdout.isatty() else None
    for line in lines:
        text = escaped(line)
        if width is not None and len(text) > width:
            said = text.lstrip()
            indent = " " * (len(text) - len(said))
            text = "\n".join(hanging(indent, said, width))
        sys.stdout.write(text + "\n")


def print_verbatim(lines: Iterable[str]) -> None:
    """Lines of a file, as they are."""
    for line in lines:
        sys.stdout.write(escaped(line) + "\n")


def print_table(columns: Sequence[Column[T]], rows: Sequence[T], empty: str) -> None:
    """A table of `rows`; `empty` is the sentence that is said when there are none."""
    if not rows:
        sys.stdout.write(empty + "\n")
        return
    cells = [[escaped(column.text(row)) for column in columns] for row in rows]
    if sys.stdout.isatty():
        _print_coloured(columns, cells)
        return
    for line in aligned(columns, cells):
        sys.stdout.write(line + "\n")


def aligned(columns: Sequence[Column[T]], cells: Sequence[Sequence[str]]) -> list[str]:
    """The table as plain text, columns two blanks apart."""
    table = [[column.heading for column in columns], *cells]
    widths = [max(len(row[i]) for row in table) for i in range(len(columns))]
    return [
        "  ".join(
            text.rjust(width) if column.number else text.ljust(width)
            for column, text, width in zip(columns, row, widths, strict=True)
        ).rstrip()
        for row in table
    ]


def number(value: Decimal | int | None) -> str:
    """A number with thousands marked; "-" for None."""
    if value is None:
        return "-"
    text = plain(Decimal(value))
    whole, point, fraction = text.partition(".")
    return text if whole == "-0" else f"{int(whole):,}{point}{fraction}"


def price(value: Decimal | None) -> str:
    """A price with at least two places and at most four; "-" for None."""
    if value is None:
        return "-"
    rounded = value.quantize(_TEN_THOUSANDTH).normalize()
    return f"{max(rounded, rounded.quantize(CENT), key=_places):,f}"


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def money(value: Decimal | None) -> str:
    """Dollars and cents; "-" for None."""
    return "-" if value is None else f"{value:,.2f}"


def when(value: datetime | None) -> str:
    """An instant to the second, in UTC; "-" for None."""
    return "-" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _print_coloured(columns: Sequence[Column[Any]], cells: Sequence[Sequence[str]]) -> None:
    """The table within the terminal's width, under bold headings."""
    colour = wants_colour(sys.stdout)
    rows = [[column.heading for column in columns], *cells]
    numbers = [column.number for column in columns]
    width = get_terminal_size().columns
    headings, *blocks = laid_out(rows, numbers, width, _painted if colour else str)
    for line in headings:
        sys.stdout.write((f"{BOLD}{line}{RESET}" if colour else line) + "\n")
    for block in blocks:
        sys.stdout.write("\n".join(block) + "\n")


def _painted(cell: str) -> str:
    style = _STYLES.get(cell)
    return f"{style}{cell}{RESET}" if style else cell


_STYLES = {
    "buy": BLUE,
    "sell": MAGENTA,
    "filled": GREEN,
    "done": GREEN,
    "ok": GREEN,
    "partially filled": YELLOW,
    "awaiting_approval": YELLOW,
    "rejected": RED,
    "failed": RED,
    "breach": RED,
    "NO": RED,
}
