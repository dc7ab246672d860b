"""Cells to values: strict, and every refusal says what would be right.

Nothing is guessed: no sniffing of formats, no rounding, no trimming.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches

from domain.exact import InexactError, parse_decimal
from domain.identifiers import is_cusip, is_isin

Parser = Callable[[str], object]

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{0,7}([./][A-Z0-9]{1,3})?")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}")
_FORMULA = re.compile(r"[=@\t]|[+-](?![-\d.$(,]|$)")
FIRST_YEAR, LAST_YEAR = 1900, 2199


class FieldError(ValueError):
    """A cell cannot be read; carries the reason and the remedy as two half-sentences."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason, self.remedy = reason, remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat:
    """How a file writes numbers."""

    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    negative: str = "minus"  # Or "parentheses".
    empty: tuple[str, ...] = ()  # Cells that mean "no number here".

    def parse(self, text: str) -> Decimal:
        """The exact number in a cell; raises `FieldError`."""
        body, negative = self._unsigned(text)
        if self.currency and body.startswith(self.currency):
            body = body[len(self.currency) :]
        whole, point, fraction = body.partition(self.decimal)
        if self.thousands and self.thousands in whole:
            groups = whole.split(self.thousands)
            if not (1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])):
                raise FieldError(
                    f"has {self.thousands!r} where three digits do not follow",
                    f"write it like {self.example}",
                )
            whole = "".join(groups)
        digits = whole + fraction
        if not (whole and digits.isascii() and digits.isdigit()) or (point and not fraction):
            raise FieldError("is not a plain number", f"write it like {self.example}")
        try:
            value = parse_decimal(whole + ("." + fraction if point else ""))
        except InexactError as error:
            raise FieldError(
                "is too large or has more than six decimal places", "send the exact number"
            ) from error
        return -value if negative and value else value

    def _unsigned(self, text: str) -> tuple[str, bool]:
        if self.negative == "parentheses" and text.startswith("(") and text.endswith(")"):
            return text[1:-1], True
        if text.startswith("-"):
            return text[1:], True
        return text, False

    @property
    def example(self) -> str:
        """A number as this format writes it."""
        return f"{self.currency}1{self.thousands}234{self.decimal}50"


PLAIN = NumberFormat()


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How a file writes days, as `strftime` knows it; digits must be complete."""

    format: str = "%Y-%m-%d"

    def parse(self, text: str) -> date:
        """The day in a cell; raises `FieldError`."""
        example = date(2022, 11, 30).strftime(self.format)
        try:
            day = datetime.strptime(text, self.format).date()  # noqa: DTZ007 - days have no zone
        except ValueError as error:
            raise FieldError("is not a day of the calendar", f"write it like {example}") from error
        if day.strftime(self.format) != text:
            raise FieldError("is not written in full", f"write it like {example}")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise FieldError("is no year to trade in", f"use {FIRST_YEAR} to {LAST_YEAR}")
        return day


def refuse_formula(text: str) -> None:
    """Raise when a spreadsheet would run the cell."""
    if _FORMULA.match(text):
        raise FieldError("would run as a formula in a spreadsheet", "send plain text")


def text(cell: str) -> str:
    """Words for people: not empty, no blanks around."""
    if not cell:
        raise FieldError("is empty", "fill it in")
    if cell != cell.strip():
        raise FieldError("has blanks around it", "remove them")
    return cell


def identifier(cell: str) -> str:
    """An account, household or reference number: text, leading zeros and all."""
    if not _IDENTIFIER.fullmatch(cell) or cell != cell.strip():
        raise FieldError("is not an identifier", "use letters, digits, blanks and . _ / - only")
    return cell


def symbol(cell: str) -> str:
    """A ticker."""
    if not _SYMBOL.fullmatch(cell):
        raise FieldError("is not a ticker symbol", "write it like AAPL or BRK.B")
    return cell


def isin(cell: str) -> str:
    """An ISIN with its check digit."""
    if not is_isin(cell):
        raise FieldError("is not an ISIN: form or check digit is wrong", "correct the identifier")
    return cell


def cusip(cell: str) -> str:
    """A CUSIP with its check digit."""
    if not is_cusip(cell):
        raise FieldError("is not a CUSIP: form or check digit is wrong", "correct the identifier")
    return cell


def country(cell: str) -> str:
    """Two letters, ISO 3166."""
    return _letters(cell, 2, "US")


def currency(cell: str) -> str:
    """US dollars: the only currency that is kept."""
    if cell != "USD":
        raise FieldError("is not USD", "only securities in US dollars can be kept")
    return cell


def _letters(cell: str, count: int, example: str) -> str:
    if not (len(cell) == count and cell.isascii() and cell.isalpha() and cell.isupper()):
        raise FieldError(f"is not {count} capital letters", f"write it like {example}")
    return cell


def number(
    *,
    above: Decimal | None = None,
    least: Decimal | None = None,
    most: Decimal | None = None,
    number_format: NumberFormat = PLAIN,
) -> Callable[[str], Decimal]:
    """A parser of numbers within bounds: `above` is excluded, `least` and `most` are not."""

    def parse(cell: str) -> Decimal:
        value = number_format.parse(cell)
        if above is not None and value <= above:
            raise FieldError(f"is not above {above}", "correct the number")
        if least is not None and value < least:
            raise FieldError(f"is below {least}", "correct the number")
        if most is not None and value > most:
            raise FieldError(f"is above {most}", "correct the number")
        return value

    return parse


def count(cell: str) -> int:
    """A whole number from 1."""
    value = number(above=Decimal(0))(cell)
    if value != value.to_integral_value():
        raise FieldError("is not a whole number", "write it without a fraction")
    return int(value)


def one_of(allowed: Collection[str], what: str) -> Callable[[str], str]:
    """A parser of one word out of a list, with the nearest one as the remedy."""

    def parse(cell: str) -> str:
        if cell not in allowed:
            raise FieldError(f"is not {what}", nearest(cell, allowed))
        return cell

    return parse


def nearest(word: str, allowed: Collection[str]) -> str:
    """The remedy for a word that is not in a list."""
    listed = sorted(str(one) for one in allowed)
    close = get_close_matches(word, listed, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    shown = ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
    return f"it must be one of: {shown}" if listed else "none is known yet: ingest them first"


def optional(parser: Parser, empty: Collection[str] = ("",)) -> Parser:
    """A parser that takes an empty cell for None."""

    def parse(cell: str) -> object:
        return None if cell in empty else parser(cell)

    return parse
