"""Random orders of others: Poisson arrivals, sizes, distances and patience, seeded.

The zero-intelligence market of M. Daniels, J. D. Farmer, L. Gillemot, G. Iori and E. Smith,
"Quantitative model of price diffusion and market friction based on trading as a mechanistic random
process", Physical Review Letters 90 (2003): market orders, limit orders and cancellations come
independently of each other. Sizes are log-normal; a limit stands a geometric number of ticks away
from the middle and is cancelled after an exponential time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import ceil, log
from random import Random

from simulator.exchange.instruments import Instrument
from simulator.market.numbers import Numbers
from simulator.market.settings import Flowing
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Event, Kind, Stay

_MOST_LOTS = 1000  # Of one order, in medians: a log-normal draw knows no end.
_MOST_TICKS = 1000


class Flow:
    """The flow of one symbol."""

    def __init__(
        self, settings: Flowing, instrument: Instrument, numbers: Numbers, seed: str
    ) -> None:
        assert settings.orders_per_minute > 0
        self._settings = settings
        self._instrument = instrument
        self._numbers = numbers
        self._draw = Random(seed)  # noqa: S311  A market, not a secret.
        self._mean_gap = timedelta(minutes=1) / float(settings.orders_per_minute)
        self._arrival: datetime | None = None
        self._cancels: list[tuple[datetime, int]] = []

    def next_due(self) -> datetime | None:
        """The next arrival or cancel."""
        if self._cancels and self._arrival is not None:
            return min(self._arrival, self._cancels[0][0])
        return self._arrival

    def act(self, book: Book, now: datetime) -> list[Event]:
        """Cancel and enter what is due. After a pause the flow begins anew, with one order."""
        while self._cancels and self._cancels[0][0] <= now:
            book.cancel(heappop(self._cancels)[1])
        events = book.settle()
        if self._arrival is not None and self._arrival <= now:
            events += self._enter(book, now)
        if self._arrival is None or self._arrival <= now:
            self._arrival = now + self._after(self._mean_gap)
        return events

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """What others do does not change the flow."""

    def _enter(self, book: Book, now: datetime) -> list[Event]:
        draw, settings = self._draw, self._settings
        buys, takes = draw.random() < 0.5, draw.random() < settings.taking
        quantity, ticks = self._size(), self._ticks()
        patience = self._after(settings.patience)
        number = self._numbers.take(buys=buys)
        if takes:
            return book.enter(Entry(number, buys, quantity, None, Kind.MARKET, Stay.IOC))
        price = self._price(book, buys, ticks)
        if price <= 0:
            return []
        heappush(self._cancels, (now + patience, number))
        return book.enter(Entry(number, buys, quantity, price))

    def _size(self) -> int:
        spread = float(self._settings.size_spread)
        lots = self._settings.median_lots * self._draw.lognormvariate(0, spread)
        lots = min(max(1, round(lots)), _MOST_LOTS * self._settings.median_lots)
        return lots * self._instrument.lot(self._instrument.reference)

    def _ticks(self) -> int:
        """Geometric, 1 or more, with the mean that was asked for."""
        mean, chance = self._settings.distance, 1 - self._draw.random()
        if mean <= 1:
            return 1
        return min(_MOST_TICKS, ceil(log(chance) / log(1 - 1 / mean)) or 1)

    def _price(self, book: Book, buys: bool, ticks: int) -> int:
        bid, offer = book.best(buys=True), book.best(buys=False)
        middle = book.last if bid is None or offer is None else (bid + offer) // 2
        tick = self._instrument.tick(middle)
        if buys:
            return (-(-middle // tick) - ticks) * tick
        return (middle // tick + ticks) * tick

    def _after(self, mean: timedelta) -> timedelta:
        """Exponential, in whole microseconds, never none."""
        return max(mean * self._draw.expovariate(1), timedelta.resolution)
