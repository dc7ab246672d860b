"""Fields of what a venue says, each read as what its tag promises.

Numbers are plain decimals, ids are short and visible; anything else is a `FieldError`, for
the caller to keep the message raw.
"""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from domain.exact import InexactError, parse_decimal
from gateway.wiretext import storable

_IDENTIFIER = re.compile(r"[!#$%&()*+,\-./0-9:<=>?@A-Z\[\]^_a-z{|}~]{1,64}")
_INSTANT = re.compile(r"\d{8}-(?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?", re.ASCII)
_ORDINARY = re.compile(r"\d{1,11}(?:\.\d{1,6})?", re.ASCII)  # Exact by its length alone.
_ORDINARY_LENGTH = 18
_NUMBER_LIMIT = Decimal(10) ** 11  # Twelve digits before the point are nobody's order.
_AVERAGE_PLACES = Decimal("0.000001")  # AvgPx is only compared, so it may be rounded.
_TEXT_LENGTH = 300


class FieldError(ValueError):
    """A field does not hold what its tag promises."""


class Fields:
    """The first value of each tag, read on demand as what it should be."""

    def __init__(
        self, given: Iterable[tuple[int, str]], single: frozenset[int] = frozenset()
    ) -> None:
        """`single` are the tags that may come once only; `doubled` has those that did not."""
        found = list(given)
        self.text: dict[int, str] = dict(found)
        self.doubled: set[int] = set()
        if len(self.text) < len(found):
            self.text = dict(reversed(found))
            times = Counter(tag for tag, _ in found)
            self.doubled = {tag for tag in single if times[tag] > 1}

    def identifier(self, tag: int) -> str:
        """An id of 1 to 64 visible ASCII characters without quotes, semicolons or blanks."""
        value = self.text.get(tag)
        if value is None:
            raise FieldError(f"tag {tag} is missing")
        if not _IDENTIFIER.fullmatch(value):
            raise FieldError(f"tag {tag} {storable(value)[:64]!r} is not a usable identifier")
        return value

    def quantity(self, tag: int) -> Decimal | None:
        """A quantity: plain decimal of six places, not negative, at most eleven digits before."""
        text = self.text.get(tag)
        if text is None:
            return None
        if (number := _ordinary(text)) is not None:
            return number
        if text[:1] in ("+", "-") or len(text) > 32:
            raise FieldError(f"tag {tag} {text[:32]!r} is not a plain unsigned number")
        try:
            value = parse_decimal(text)
        except InexactError as error:
            raise FieldError(f"tag {tag}: {error}") from error
        if value >= _NUMBER_LIMIT:
            raise FieldError(f"tag {tag} {value} has more than eleven digits")
        return value

    price = quantity  # A price or an amount of money is written alike.

    def average(self, tag: int) -> Decimal | None:
        """AvgPx, which may have any number of places; rounded to six."""
        text = self.text.get(tag)
        if text is None:
            return None
        if (number := _ordinary(text)) is not None:
            return number
        whole, _, fraction = text.partition(".")
        digits = whole + fraction
        if not (digits.isascii() and digits.isdigit() and len(whole) < 12 and len(fraction) < 40):
            raise FieldError(f"tag {tag} {text[:32]!r} is not a plain decimal number")
        return Decimal(f"{whole}.{fraction[:12]}").quantize(_AVERAGE_PLACES)

    def code(self, tag: int) -> int | None:
        """A small number that only informs: what is not one is taken as absent."""
        text = self.text.get(tag, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _ordinary(text: str) -> Decimal | None:
    return _known_ordinary(text) if len(text) <= _ORDINARY_LENGTH else None


@lru_cache(maxsize=4096)  # An order's report says each of its few numbers several times.
def _known_ordinary(text: str) -> Decimal | None:
    return Decimal(text) if _ORDINARY.fullmatch(text) else None


def transact_time_of(fields: Fields, notes: list[str]) -> datetime:
    """TransactTime, or else SendingTime; what is odd goes to `notes`."""
    for tag in (60, 52):
        if tag in fields.text:
            try:
                return _instant(fields.text[tag])
            except ValueError:
                notes.append(f"tag {tag} {fields.text[tag][:32]!r} is not a UTC time")
    raise FieldError("neither TransactTime (60) nor SendingTime (52) is a UTC time")


def trade_date_of(fields: Fields, transact_time: datetime) -> date:
    """TradeDate, or else the day of `transact_time` in UTC."""
    text = fields.text.get(75)
    if text is None:
        return transact_time.date()
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        raise FieldError(f"TradeDate (75) {text[:16]!r} is not YYYYMMDD")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FieldError(f"TradeDate (75) {text!r} is not a day") from error


def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(f"{text}+00:00")


def plain_text(text: str) -> str:
    """Words of a venue, safe to keep and to show."""
    kept = storable(text)
    shown = kept if kept.isprintable() else _visible(kept)
    return shown[:_TEXT_LENGTH]


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
