"""The seam to the market: whoever trades in a symbol without being a client.

A market's orders have negative numbers, clients' positive ones. It acts in continuous trading
and while orders gather for an auction; not while the symbol is halted or the venue closed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from simulator.matching.book import Book
from simulator.matching.entries import Event


class Market(Protocol):
    """The market in one symbol. Pure, picklable; what it does depends on its seed and its steps."""

    def next_due(self) -> datetime | None:
        """When it will act next; asked after each act. None: never again."""
        ...

    def act(self, book: Book, now: datetime) -> list[Event]:
        """Enter, amend and cancel orders; every event that the book answered.

        First called when the venue begins, then at `next_due`, or when trading goes on after a
        halt or a night.
        """
        ...

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """What happened in the book by others' orders, or its own: for market impact."""
        ...
