"""Seeded liquidity: a provider that quotes several levels on both sides.

Each step it lets its middle wander by at most a tick, takes back what no
longer fits, and tops its levels up by a random part. The draws of a step
depend on the seed and the step's number alone, never on what clients did: the
same seed and the same client messages in the same steps give the same fills.
"""

from dataclasses import dataclass
from random import Random

from simulator.book import Book, Match
from simulator.words import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """How the provider quotes one symbol; prices in ticks."""

    middle: int
    lot_size: int
    level_lots: int  # Lots on each level when it is full.
    levels: int
    half_spread: int
    wander: int  # How far the middle may go from where it began.

    def __post_init__(self) -> None:
        assert self.middle > 0
        assert self.lot_size > 0
        assert self.level_lots > 0
        assert self.levels >= 0
        assert self.half_spread > 0
        assert self.wander >= 0


class Provider:
    """The quotes of one symbol. Its orders have negative numbers; clients' are positive."""

    def __init__(self, quoting: Quoting, seed: str) -> None:
        self._quoting = quoting
        self._seed = seed
        self._steps = 0
        self._offset = 0
        self._last_number = 0
        self._quotes: dict[tuple[Side, int], int] = {}

    def step(self, book: Book) -> list[Match]:
        """Quote again. The first step fills every level."""
        quoting = self._quoting
        draw = Random(f"{self._seed}/{self._steps}")  # noqa: S311  A market, not a secret.
        first = self._steps == 0
        self._steps += 1
        if not first:
            move = draw.choice((-1, 0, 0, 0, 1))
            self._offset = max(-quoting.wander, min(quoting.wander, self._offset + move))
        wanted = self._prices()
        self._withdraw(book, wanted)
        matches = []
        for side, price in wanted:
            lots = draw.randint(0, quoting.level_lots)
            more = (quoting.level_lots if first else lots) * quoting.lot_size
            matches += self._top_up(book, side, price, more)
        return matches

    def _prices(self) -> list[tuple[Side, int]]:
        middle = self._quoting.middle + self._offset
        prices = []
        for level in range(self._quoting.levels):
            away = self._quoting.half_spread + level
            prices += [(Side.BUY, middle - away), (Side.SELL, middle + away)]
        return [(side, price) for side, price in prices if price > 0]

    def _withdraw(self, book: Book, wanted: list[tuple[Side, int]]) -> None:
        keep = set(wanted)
        for place in [place for place in self._quotes if place not in keep]:
            book.cancel(self._quotes.pop(place))

    def _top_up(self, book: Book, side: Side, price: int, more: int) -> list[Match]:
        full = self._quoting.level_lots * self._quoting.lot_size
        number = self._quotes.get((side, price), 0)
        there = book.waiting(number)
        quantity = min(full, there + more)
        if quantity == there:
            return []
        if there:
            return book.amend(number, quantity, price)
        self._last_number -= 1
        self._quotes[side, price] = self._last_number
        return book.enter(self._last_number, side, quantity, price)
