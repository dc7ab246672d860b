"""What a venue trades: one symbol, its ticks and lots, and its prices as whole units.

A unit is half of the smallest tick (of what divides them all), so that the middle between two
prices is a whole number too.
Texts of the wire become units and back without Decimal on the way.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, gcd

_PRICE = re.compile(r"(\d{1,9})(?:\.(\d{1,8}))?", re.ASCII)
_AVERAGE_PLACES = 8
_REMEMBERED = 4096  # Texts; beyond, all are forgotten and learnt anew.


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """From this price on (units), up to the next band: the tick in units, or the lot in shares."""

    start: int
    step: int


class Instrument:
    """One symbol. Immutable but for the texts of prices that it remembers."""

    __slots__ = (
        "_finest",
        "_from_text",
        "_lot_starts",
        "_lots",
        "_means",
        "_places",
        "_scale",
        "_tick_starts",
        "_ticks",
        "_to_text",
        "_unit",
        "average_daily_volume",
        "reference",
        "security_id",
        "symbol",
    )

    def __init__(
        self,
        *,
        symbol: str,
        security_id: str,
        price: str,
        ticks: tuple[tuple[str, str], ...],
        lots: tuple[tuple[str, int], ...],
        average_daily_volume: int,
    ) -> None:
        """Bands are (from price, tick) and (from price, lot), rising, the first from 0.

        `price` becomes the reference, rounded to the tick; nothing here is checked twice.
        """
        self.symbol = symbol
        self.security_id = security_id
        self.average_daily_volume = average_daily_volume
        self._places = max(_places(tick) for _, tick in ticks) + 1
        self._scale = 10**self._places
        # In 10**-places of a dollar. Half of what divides every tick.
        self._unit = gcd(*(int(Fraction(tick) * self._scale) for _, tick in ticks)) // 2
        self._finest = self._unit * int(10 ** max(0, _AVERAGE_PLACES - self._places))
        unit = Fraction(self._unit, self._scale)
        self._ticks = tuple(
            Band(start=ceil(Fraction(start) / unit), step=int(Fraction(tick) / unit))
            for start, tick in ticks
        )
        self._lots = tuple(
            Band(start=ceil(Fraction(start) / unit), step=lot) for start, lot in lots
        )
        self._tick_starts = [band.start for band in self._ticks]
        self._lot_starts = [band.start for band in self._lots]
        self._from_text: dict[str, int] = {}
        self._to_text: dict[int, str] = {}
        self._means: dict[int, str] = {}
        wanted = Fraction(price) / unit
        tick = self.tick(int(wanted))
        self.reference = max(tick, round(wanted / tick) * tick)

    def tick(self, units: int) -> int:
        """The smallest step of prices there, in units."""
        return self._ticks[max(0, bisect_right(self._tick_starts, units) - 1)].step

    def lot(self, units: int) -> int:
        """The shares that quantities there must be a multiple of."""
        return self._lots[max(0, bisect_right(self._lot_starts, units) - 1)].step

    def units(self, text: str) -> int | None:
        """A price of the wire in units; 0 for what is no price, None for one between ticks."""
        known = self._from_text.get(text)
        if known is not None:
            return known
        found = _PRICE.fullmatch(text)
        if found is None:
            return 0
        units, rest = divmod(self._scaled(found), self._finest)
        if rest or units % self.tick(units):
            return None
        if len(self._from_text) >= _REMEMBERED:
            self._from_text.clear()
        self._from_text[text] = units
        return units

    def nearest(self, text: str) -> int:
        """The price below a text that stands between ticks, in units."""
        found = _PRICE.fullmatch(text)
        assert found is not None
        return self._scaled(found) // (self._finest)

    def offset(self, text: str) -> int | None:
        """A difference of prices in units, perhaps negative; None when it is not in ticks."""
        sign = -1 if text.startswith("-") else 1
        found = _PRICE.fullmatch(text.removeprefix("-"))
        if found is None:
            return None
        units, rest = divmod(self._scaled(found), self._finest)
        return None if rest or units % self._ticks[0].step else sign * units

    def _scaled(self, found: re.Match[str]) -> int:
        """The number as a whole number of 10**-max(8, places)."""
        exponent = max(_AVERAGE_PLACES, self._places)
        decimals = found[2] or ""
        return int(found[1] + decimals) * int(10 ** (exponent - len(decimals)))

    def text(self, units: int) -> str:
        """Units as a plain decimal, with at least the decimals of the tick there."""
        known = self._to_text.get(units)
        if known is not None:
            return known
        least = _places(_plain(self.tick(units) * self._unit, self._places, 0))
        text = _plain(units * self._unit, self._places, least)
        if len(self._to_text) >= _REMEMBERED:
            self._to_text.clear()
        self._to_text[units] = text
        return text

    def tick_text(self, units: int) -> str:
        """The tick there as a plain decimal."""
        return _plain(self.tick(units) * self._unit, self._places, 0)

    def mean(self, gross: int, shares: int) -> str:
        """`gross` (units x shares) over shares: exact, or rounded to eight places, half to even."""
        if shares == 0:
            return "0"
        price, rest = divmod(gross, shares)
        if rest or self._places > _AVERAGE_PLACES:
            return self._rounded(gross, shares)
        known = self._means.get(price)
        if known is None:
            if len(self._means) >= _REMEMBERED:
                self._means.clear()
            known = self._means[price] = _plain(price * self._unit, self._places, 0)
        return known

    def _rounded(self, gross: int, shares: int) -> str:
        below = shares * self._scale
        eighths, rest = divmod(gross * self._unit * 10**_AVERAGE_PLACES, below)
        if rest * 2 > below or (rest * 2 == below and eighths & 1):
            eighths += 1
        return _plain(eighths, _AVERAGE_PLACES, 0)


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def _plain(number: int, places: int, least: int) -> str:
    """`number` of 10**-places without exponent; trailing zeros beyond `least` decimals go."""
    whole, rest = divmod(number, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else str(whole)
