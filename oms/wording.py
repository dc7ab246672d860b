"""Wording: numbers as people read them, in every sentence the same way."""

from datetime import UTC, datetime
from decimal import Decimal


def percent(fraction: Decimal) -> str:
    """A fraction as people read it: 0.0475 is "4.75 %"."""
    text = f"{fraction * 100:.4f}".rstrip("0").rstrip(".")
    return f"{'0' if text == '-0' else text} %"


def dollars(amount: Decimal) -> str:
    """An amount as people read it, to the cent."""
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount):,.2f}"


def shares(quantity: Decimal) -> str:
    """A number of shares as people read it."""
    return f"{quantity.normalize():,f}"


def instant(at: datetime) -> str:
    """A moment in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 order", "3 orders", "2 breaches"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
