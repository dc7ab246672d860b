"""A recorded day again: its quotes stand in the book, its trades come as orders.

Every trade date replays the same times of day. A trade is an order at its price that takes what it
finds and leaves: it buys above the middle of the quotes of its moment, sells below, and at the
middle goes the way the price last moved (C. Lee and M. Ready, "Inferring trade direction from
intraday data", Journal of Finance 46 (1991)). So it meets clients' orders that stand as well
as the recorded quotes. What passed while the market slept is skipped but for the last quote.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from simulator.market.numbers import Numbers
from simulator.market.recorded import Print, Quote, Row
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Event, Kind, Stay


class Replay:
    """The recorded day of one symbol. `rows` are in the order of their times."""

    def __init__(self, rows: Sequence[Row], zone: ZoneInfo, numbers: Numbers) -> None:
        self._rows = rows
        self._zone = zone
        self._numbers = numbers
        self._date: date | None = None
        self._next = 0
        self._quote = Quote(time(0), None, None)
        self._standing: dict[bool, int] = {}  # Number of the quote's order, by whether it buys.
        self._last_price = 0
        self._bought_last = True

    def next_due(self) -> datetime | None:
        """The next row of the day; None after the last."""
        if self._date is None or self._next == len(self._rows):
            return None
        at = datetime.combine(self._date, self._rows[self._next].at, self._zone)
        return at.astimezone(UTC)

    def act(self, book: Book, now: datetime) -> list[Event]:
        """Replay the rows of this moment."""
        local = now.astimezone(self._zone)
        if local.date() != self._date:
            self._date, self._next = local.date(), 0
        first, last, moment = self._next, self._next, local.time()
        while last < len(self._rows) and self._rows[last].at < moment:
            last += 1
        events = self._wake(book, self._rows[first:last])
        while last < len(self._rows) and self._rows[last].at == moment:
            events += self._replay(book, self._rows[last])
            last += 1
        self._next = last
        return events

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """The past does not change."""

    def _wake(self, book: Book, missed: Sequence[Row]) -> list[Event]:
        """Go on with the last quote of what passed."""
        for row in reversed(missed):
            if isinstance(row, Quote):
                return self._replay(book, row)
        return []

    def _replay(self, book: Book, row: Row) -> list[Event]:
        if isinstance(row, Quote):
            self._quote = row
            return self._stand(book, row)
        buys = self._direction(row)
        self._last_price, self._bought_last = row.price, buys
        number = self._numbers.take(buys=buys)
        return book.enter(Entry(number, buys, row.size, row.price, Kind.LIMIT, Stay.IOC))

    def _stand(self, book: Book, quote: Quote) -> list[Event]:
        """Make the standing orders what the quote says; both leave before one comes."""
        wanted = {True: quote.bid, False: quote.offer}
        for buys, side in wanted.items():
            number = self._standing.get(buys, 0)
            entry = book.entry(number)
            if entry is not None and (side is None or side[0] != entry.price):
                book.cancel(number)
        events = book.settle()
        for buys, side in wanted.items():
            if side is None:
                continue
            price, size = side
            number = self._standing.get(buys, 0)
            if book.waiting(number):
                events += book.amend(number, size, price)
            else:
                number = self._standing[buys] = self._numbers.take(buys=buys)
                events += book.enter(Entry(number, buys, size, price))
        return events

    def _direction(self, trade: Print) -> bool:
        """Whether the one who came bought."""
        bid, offer = self._quote.bid, self._quote.offer
        if bid is not None and offer is not None and 2 * trade.price != bid[0] + offer[0]:
            return 2 * trade.price > bid[0] + offer[0]
        if trade.price == self._last_price:
            return self._bought_last
        return trade.price > self._last_price
