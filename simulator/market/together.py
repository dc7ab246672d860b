"""Several markets in one symbol: each acts when it is due."""

from collections.abc import Sequence
from datetime import datetime

from simulator.exchange.markets import Market
from simulator.matching.book import Book
from simulator.matching.entries import Event


class Together:
    """Markets that share a book, in the order in which they act at the same moment."""

    def __init__(self, markets: Sequence[Market]) -> None:
        self._markets = tuple(markets)

    def next_due(self) -> datetime | None:
        """The earliest of them."""
        return min((due for one in self._markets if (due := one.next_due())), default=None)

    def act(self, book: Book, now: datetime) -> list[Event]:
        """Let act who is due, or has nothing planned: at the beginning, after a night."""
        events: list[Event] = []
        for one in self._markets:
            due = one.next_due()
            if due is None or due <= now:
                events += one.act(book, now)
        return events

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """Tell all of them."""
        for one in self._markets:
            one.saw(events, now)
