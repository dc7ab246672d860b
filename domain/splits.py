"""Splits: a corporate action makes `new` shares of each `old`, and changes no dollar.

What happened before the split's day is told in old shares for ever; a factor makes new ones
of them. A quantity that would not come out in millionths is refused, never rounded in silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from domain.exact import PLACES, InexactError

_MILLIONTH = Decimal(1).scaleb(-PLACES)
WHOLE = Fraction(1)  # What a share is without a split.
LARGEST = 10_000  # Of either number: beyond it somebody mistyped.


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Before trading on `day`, each `old` shares of the security become `new`."""

    security_id: str
    day: date
    new: int
    old: int

    def __post_init__(self) -> None:
        assert 0 < self.new <= LARGEST
        assert 0 < self.old <= LARGEST
        assert self.new != self.old

    @property
    def ratio(self) -> Fraction:
        """New shares for one old share."""
        return Fraction(self.new, self.old)


def factor(splits: Iterable[Split], day: date) -> Fraction:
    """What one share of `day` has become since; the splits are of one security."""
    made = WHOLE
    for split in splits:
        if split.day > day:
            made *= split.ratio
    return made


def times(quantity: Decimal, ratio: Fraction) -> Decimal:
    """`quantity` x `ratio`, exact; raises `InexactError` where that needs more than six places."""
    made = Fraction(quantity) * ratio
    found = (Decimal(made.numerator) / made.denominator).quantize(_MILLIONTH)
    if Fraction(found) != made:
        raise InexactError(f"{quantity} x {ratio} has more than {PLACES} decimal places")
    return found


def rounded_times(quantity: Decimal, ratio: Fraction) -> Decimal:
    """`quantity` x `ratio` to a millionth of a share."""
    if ratio is WHOLE:
        return quantity.quantize(_MILLIONTH)
    made = Fraction(quantity) * ratio
    return (Decimal(made.numerator) / made.denominator).quantize(_MILLIONTH)


def per_share(price: Decimal, ratio: Fraction) -> Decimal:
    """What a limit of `price` for one old share is for one new, to six places."""
    return rounded_times(price, 1 / ratio)
