"""The stream of the matching benchmark: 60 % new, 30 % cancel, 10 % replace, over 100 symbols.

Seeded. Cancels and replaces name an order that waits, so the stream is made with a book beside it.
A quarter of the orders or so cross the spread, more when many wait, so that the books stay of one
size however long the stream is.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from simulator.matching.book import Book
from simulator.matching.entries import Entry, Event, Trade

SYMBOLS = 100
WAITING = 20_000  # Orders in all books together.
FIRST_PRICE = 10_000
NEW, CANCEL, REPLACE = range(3)


class Operation(NamedTuple):
    """One line of the stream. A replace keeps the number and loses its place."""

    what: int
    symbol: int
    number: int
    buys: bool = False
    quantity: int = 0
    price: int = 0


class Stream:
    """Makes operations one by one, in memory that does not grow with their number."""

    def __init__(self, seed: int = 1, tends_to: int = WAITING) -> None:
        self.books = [Book(FIRST_PRICE) for _ in range(SYMBOLS)]
        self.traded_shares = 0
        self._draw = Random(seed)
        self._tends_to = tends_to
        self._numbers = 0
        self._waiting: list[tuple[int, int, bool]] = []  # (symbol, number, buys), in any order.
        self._where: dict[int, int] = {}

    def take(self, count: int) -> Iterator[Operation]:
        for _ in range(count):
            operation = self._next()
            self._follow(operation)
            yield operation

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def _next(self) -> Operation:
        draw = self._draw
        what = draw.random()
        if what < 0.6 or not self._waiting:
            self._numbers += 1
            buys = draw.random() < 0.5
            symbol = draw.randrange(SYMBOLS)
            return Operation(NEW, symbol, self._numbers, buys, self._size(), self._price(buys))
        symbol, number, buys = self._waiting[draw.randrange(len(self._waiting))]
        if what < 0.9:
            return Operation(CANCEL, symbol, number)
        return Operation(REPLACE, symbol, number, buys, self._size(), self._price(buys))

    def _size(self) -> int:
        return 100 * self._draw.randint(1, 10)

    def _price(self, buys: bool) -> int:
        """Up to some ticks behind the middle, or across it."""
        draw = self._draw
        ticks = int(draw.expovariate(0.2)) + 1
        if draw.random() < (0.15 if len(self._waiting) < self._tends_to else 0.4):
            ticks = -ticks
        return FIRST_PRICE - ticks if buys else FIRST_PRICE + ticks

    def _follow(self, operation: Operation) -> None:
        what, symbol, number, buys, quantity, price = operation
        book = self.books[symbol]
        events: list[Event] = []
        if what != NEW:
            book.cancel(number)
            self._forget(number)
        if what != CANCEL:
            events = book.enter(Entry(number, buys, quantity, price))
            if book.waiting(number):
                self._where[number] = len(self._waiting)
                self._waiting.append((symbol, number, buys))
        for event in events:
            assert isinstance(event, Trade)
            self.traded_shares += event.quantity
            if not book.waiting(event.maker):
                self._forget(event.maker)

    def _forget(self, number: int) -> None:
        place, last = self._where.pop(number), self._waiting.pop()
        if last[1] != number:
            self._waiting[place] = last
            self._where[last[1]] = place
