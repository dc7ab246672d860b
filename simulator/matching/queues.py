"""The queues of both sides, and how an order trades with them. The short way of a book.

A market order that finds too little may wait: it stands before every limit of its side. A limit
meets it at the limit's own price, or at the best limit waiting beside it when that is better for
the one who comes, so that no waiting limit is traded through.
"""

from collections.abc import Iterator

from simulator.matching.entries import (
    Entry,
    Event,
    Gone,
    Kind,
    SelfMatch,
    Trade,
    Waiting,
    Why,
)
from simulator.matching.half import MARKET, Half, Order


class Queues:
    """What waits at a price or at market, and the price of the last trade."""

    def __init__(self, reference: int, self_match: SelfMatch) -> None:
        assert reference > 0
        self.last = reference
        self.lower: int | None = None  # The band; `Book.limit` sets it.
        self.upper: int | None = None
        self._self_match = self_match
        self._buys, self._sells = Half(), Half()
        self._orders: dict[int, Order] = {}  # In the order they came, also those in no queue.

    def best(self, *, buys: bool) -> int | None:
        """The best displayed limit."""
        levels = self.levels(buys=buys, depth=1)
        return levels[0][0] if levels else None

    def levels(self, *, buys: bool, depth: int = 0) -> list[tuple[int, int]]:
        """Displayed (price, shares), best first; at most `depth` of them, 0 for all."""
        half = self._half(buys)
        found: list[tuple[int, int]] = []
        for key in reversed(half.keys):
            shares = 0 if key == MARKET else _displayed(half.levels[key])
            if shares:
                found.append((abs(key), shares))
                if len(found) == depth:
                    break
        return found

    def orders(self, *, buys: bool) -> Iterator[Waiting]:
        """What stands in the queues of a side, in order of priority."""
        for order in self._half(buys):
            yield Waiting(order.number, order.price, order.quantity, order.hidden)

    def _half(self, buys: bool) -> Half:
        return self._buys if buys else self._sells

    def _sweep(self, entry: Entry, quantity: int, floor: int, events: list[Event]) -> int:
        """Trade with every queue whose key is at least `floor`; the shares left."""
        theirs = self._sells if entry[1] else self._buys
        keys = theirs.keys
        while quantity and keys and keys[-1] >= floor:
            quantity = self._take(theirs, entry, quantity, floor, events)
        return quantity

    def _take(
        self, theirs: Half, entry: Entry, quantity: int, floor: int, events: list[Event]
    ) -> int:
        """Trade with the best queue, once through it; the shares left."""
        number, owner = entry[0], entry[6]
        key = theirs.keys[-1]
        level = theirs.levels[key]
        price = self._agreed(entry, theirs, floor) if key == MARKET else abs(key)
        done: list[Order] = []
        for maker in level.values():
            if owner and maker.entry[6] == owner:
                quantity = self._meets_itself(maker, number, quantity, events)
                if not maker.quantity:
                    done.append(maker)
                if not quantity:
                    break
                continue
            self.last = price
            shown = maker.quantity
            if shown > quantity:
                maker.quantity = shown - quantity
                events.append(Trade(maker.number, number, price, quantity))
                quantity = 0
                break
            events.append(Trade(maker.number, number, price, shown))
            quantity -= shown
            done.append(maker)
            if not quantity:
                break
        for number in theirs.leave(key, done):
            del self._orders[number]
        return quantity

    def _meets_itself(self, maker: Order, number: int, quantity: int, events: list[Event]) -> int:
        """Both are of one owner: cancel what shall go; the shares left of the one that came."""
        if self._self_match is not SelfMatch.CANCEL_NEWEST:
            events.append(Gone(maker.number, maker.total, Why.SELF_MATCH))
            maker.quantity = maker.hidden = 0
        if self._self_match is not SelfMatch.CANCEL_OLDEST:
            events.append(Gone(number, quantity, Why.SELF_MATCH))
            return 0
        return quantity

    def _agreed(self, entry: Entry, theirs: Half, floor: int) -> int:
        """The price of a trade with a waiting market order."""
        price = abs(floor)
        if entry.kind is Kind.MARKET:
            price = self._within_band(self.last)
        beside = theirs.best_limit()
        if beside is None:
            return price
        return min(price, -beside) if entry.buys else max(price, beside)

    def _within_band(self, price: int) -> int:
        if self.lower is not None and price < self.lower:
            return self.lower
        if self.upper is not None and price > self.upper:
            return self.upper
        return price


def _displayed(level: dict[int, Order]) -> int:
    shares = 0
    for order in level.values():
        if order.entry.kind is not Kind.PEG_MID:
            shares += order.quantity
    return shares
