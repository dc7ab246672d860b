"""The liquidity provider: quotes on several levels of both sides that come back, seeded.

Each step it lets its middle wander by at most a tick, withdraws quotes that are no longer its
prices, and tops the others up by a drawn part of a full level. What it draws depends on its seed
and its steps, never on what clients did; what they traded moves its middle by `Impact`.
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from simulator.exchange.instruments import Instrument
from simulator.market.impact import Impact
from simulator.market.numbers import Numbers
from simulator.market.settings import Quoting
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Event

_MOVES = (-1, 0, 0, 0, 1)


class Provider:
    """The quotes of one symbol."""

    def __init__(
        self, settings: Quoting, instrument: Instrument, impact: Impact, numbers: Numbers, seed: str
    ) -> None:
        reference = instrument.reference
        self._settings = settings
        self._instrument = instrument
        self._impact = impact
        self._numbers = numbers
        self._draw = Random(seed)  # noqa: S311  A market, not a secret.
        self._tick = instrument.tick(reference)
        self._lot = instrument.lot(reference)
        shares = int(settings.level_share * instrument.average_daily_volume)
        self._level_lots = max(1, shares // self._lot)
        self._offset = 0
        self._shift = 0
        self._ladder = self._prices(reference)
        self._quotes: dict[tuple[bool, int], int] = {}
        self._due: datetime | None = None

    def next_due(self) -> datetime | None:
        """When it will quote again."""
        return self._due

    def act(self, book: Book, now: datetime) -> list[Event]:
        """Quote again. The first step fills every level."""
        first = self._due is None
        self._due = now + self._settings.replenish_interval
        more = self._refill(first=first)
        events = self._move(book, self._offset * self._tick + self._impact.shift(now))
        for (buys, price), shares in zip(self._ladder, more, strict=True):
            if shares and price > 0:
                events += self._top_up(book, buys, price, shares)
        return events

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """Executions move the middle; the next step quotes around it."""
        self._impact.saw(events, now)

    def _refill(self, *, first: bool) -> list[int]:
        """Shares to add to each quote of the ladder; the middle wanders."""
        settings, draw = self._settings, self._draw
        if first:
            return [self._level_lots * self._lot] * len(self._ladder)
        offset = self._offset + draw.choice(_MOVES)
        self._offset = max(-settings.wander, min(settings.wander, offset))
        choices = self._level_lots + 1
        return [int(draw.random() * choices) * self._lot for _ in self._ladder]

    def _move(self, book: Book, shift: int) -> list[Event]:
        """Stand so far from the reference; withdraw what is no longer wanted."""
        if shift == self._shift:
            return []
        self._shift, self._ladder = shift, self._prices(self._instrument.reference + shift)
        for place in [place for place in self._quotes if place not in self._ladder]:
            book.cancel(self._quotes.pop(place))
        return book.settle()

    def _prices(self, middle: int) -> tuple[tuple[bool, int], ...]:
        """(buys, price) of every level: the best bid, the best offer, the second bid, ..."""
        ladder = []
        for level in range(self._settings.levels):
            away = (self._settings.half_spread + level) * self._tick
            ladder.append((True, self._on_tick(middle - away, buys=True)))
            ladder.append((False, self._on_tick(middle + away, buys=False)))
        return tuple(ladder)

    def _on_tick(self, price: int, *, buys: bool) -> int:
        """Away from the middle to the next price that there is."""
        tick = self._instrument.tick(max(price, 0))
        return price // tick * tick if buys else -(-price // tick) * tick

    def _top_up(self, book: Book, buys: bool, price: int, more: int) -> list[Event]:
        number = self._quotes.get((buys, price), 0)
        there = book.waiting(number)
        quantity = min(self._level_lots * self._lot, there + more)
        if quantity == there:
            return []
        if there:
            return book.amend(number, quantity, price)
        number = self._quotes[buys, price] = self._numbers.take(buys=buys)
        return book.enter(Entry(number, buys, quantity, price))
