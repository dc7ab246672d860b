"""Exact numbers: money, shares and prices as `Decimal` with six places.

Six places hold every US tick and every whole-share notional without rounding.
A number that needs more is refused, never rounded in silence.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

PLACES = 6
SCALE: int = 10**PLACES
MAX_SCALED = 2**63 - 1
CENT = Decimal("0.01")
ZERO = Decimal(0)
_WIDE = Context(prec=60)
_LARGEST = Decimal(MAX_SCALED).adjusted() - PLACES  # Power of ten.


class InexactError(ValueError):
    """A number is not finite, or needs more places than six or more digits than 64 bits."""


def parse_decimal(text: str) -> Decimal:
    """Read plain decimal notation: an optional sign, digits, one optional point.

    Raises `InexactError` for exponents, separators, NaN, infinities, blanks
    inside, and for anything that six places and 64 bits cannot hold.
    """
    body = text[1:] if text[:1] in "+-" else text
    whole, point, fraction = body.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or (point and not fraction):
        raise InexactError(f"{text!r} is not a plain decimal number")
    value = Decimal(text)
    to_scaled(value)
    return value


def to_scaled(value: Decimal) -> int:
    """The integer number of millionths in `value`; raises `InexactError` rather than round."""
    size = value.adjusted()
    if size > _LARGEST and value:
        raise _too_large(value)
    if size < -PLACES and value:  # Its denominator may be of any size.
        raise _too_fine(value)
    try:
        numerator, denominator = value.as_integer_ratio()
    except (OverflowError, ValueError) as error:  # Infinite, or no number at all.
        raise _too_large(value) from error
    number, rest = divmod(numerator * SCALE, denominator)
    if rest:
        raise _too_fine(value)
    if not -MAX_SCALED <= number <= MAX_SCALED:
        raise _too_large(value)
    return number


def from_scaled(number: int) -> Decimal:
    """The inverse of `to_scaled`."""
    return Decimal(number).scaleb(-PLACES, _WIDE)


def to_cents(value: Decimal) -> Decimal:
    """`value` rounded half-even to the cent: the one place where money is rounded."""
    return value.quantize(CENT, rounding=ROUND_HALF_EVEN)


def plain(value: Decimal) -> str:
    """`value` without exponent or trailing zeros, the same text for equal numbers."""
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _too_large(value: Decimal) -> InexactError:
    return InexactError(f"{value} does not fit in 64 bits of millionths")


def _too_fine(value: Decimal) -> InexactError:
    return InexactError(f"{value} has more than {PLACES} decimal places")
