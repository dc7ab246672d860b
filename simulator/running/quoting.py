"""The liquidity provider of one symbol: quotes on both sides that come back, seeded.

Each step it may move its middle by a tick, withdraws quotes that are no longer its prices, and tops
up the others by a drawn part of a full level.
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from simulator.exchange.instruments import Instrument
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Event
from simulator.running.venue_config import QuoteConfig


class Quotes:
    """Its orders have negative numbers; clients' are positive."""

    def __init__(self, config: QuoteConfig, instrument: Instrument, seed: str) -> None:
        self._config = config
        self._seed = seed
        self._lot = instrument.lot(instrument.reference)
        self._tick = instrument.tick(instrument.reference)
        self._middle = instrument.reference
        shares = int(config.level_share * instrument.average_daily_volume)
        self._level_lots = max(1, shares // self._lot)
        self._steps = 0
        self._offset = 0
        self._last_number = 0
        self._quotes: dict[tuple[bool, int], int] = {}
        self._due: datetime | None = None

    def next_due(self) -> datetime | None:
        """When it will quote again."""
        return self._due

    def act(self, book: Book, now: datetime) -> list[Event]:
        """Quote again. The first step fills every level."""
        self._due = now + self._config.replenish_interval
        draw = Random(f"{self._seed}/{self._steps}")  # noqa: S311  A market, not a secret.
        first = self._steps == 0
        self._steps += 1
        if not first:
            wander = self._config.wander
            self._offset = max(-wander, min(wander, self._offset + draw.choice((-1, 0, 0, 0, 1))))
        wanted = self._prices()
        for place in [place for place in self._quotes if place not in wanted]:
            book.cancel(self._quotes.pop(place))
        events: list[Event] = []
        for buys, price in wanted:
            lots = draw.randint(0, self._level_lots)
            more = (self._level_lots if first else lots) * self._lot
            events += self._top_up(book, buys=buys, price=price, more=more)
        return events

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """What others do does not move it."""

    def _prices(self) -> list[tuple[bool, int]]:
        middle = self._middle + self._offset * self._tick
        prices = []
        for level in range(self._config.levels):
            away = (self._config.half_spread + level) * self._tick
            prices += [(True, middle - away), (False, middle + away)]
        return [(buys, price) for buys, price in prices if price > 0]

    def _top_up(self, book: Book, *, buys: bool, price: int, more: int) -> list[Event]:
        number = self._quotes.get((buys, price), 0)
        there = book.waiting(number)
        quantity = min(self._level_lots * self._lot, there + more)
        if quantity == there:
            return []
        if there:
            return book.amend(number, quantity, price)
        self._last_number -= 1
        self._quotes[buys, price] = self._last_number
        return book.enter(Entry(self._last_number, buys, quantity, price))
