"""Numbers of the wire, read strictly: digits and a point, no sign, no exponent."""

from decimal import Decimal

_MOST_DIGITS = 20


def whole_number(text: str) -> int | None:
    """Shares: with or without a point and zeros; None for anything else."""
    whole, _, rest = text.partition(".")
    if whole.isascii() and whole.isdigit() and len(whole) < _MOST_DIGITS and not rest.strip("0"):
        return int(whole)
    return None


def price_of(text: str) -> Decimal | None:
    """A price above zero; None for anything else."""
    whole, _, rest = text.partition(".")
    digits = whole + rest
    if whole and digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        return Decimal(text) if int(digits) else None
    return None


def plain(number: Decimal | int) -> str:
    """Without exponent or trailing zeros."""
    text = format(Decimal(number), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
