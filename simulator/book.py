"""The book of one symbol: price-time priority on integers.

Prices are ticks, quantities are shares. A market order that finds too little
may wait: it has no price and stands before every limit on its side. A limit
meets it at the limit's own price, or at the best limit waiting beside it when
that is better for the one who comes, so that no waiting limit is traded through.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.words import Side

_BEFORE_ALL_LIMITS = -(1 << 62)


@dataclass(slots=True)
class Waiting:
    """An order in the book. `price` is None for a market order."""

    number: int
    side: Side
    price: int | None
    quantity: int

    @property
    def key(self) -> int:
        """Sorts the best first on either side."""
        if self.price is None:
            return _BEFORE_ALL_LIMITS
        return -self.price if self.side is Side.BUY else self.price


@dataclass(frozen=True, slots=True)
class Match:
    """A trade between an order that waited and one that came."""

    waiting: int
    incoming: int
    price: int
    quantity: int


class _Half:
    """One side: queues by key, best key first, each queue in order of arrival."""

    def __init__(self) -> None:
        self._keys: list[int] = []
        self._queues: dict[int, dict[int, Waiting]] = {}

    def __iter__(self) -> Iterator[Waiting]:
        for key in self._keys:
            yield from self._queues[key].values()

    def first(self) -> Waiting | None:
        return next(iter(self), None)

    def best_limit(self) -> int | None:
        for key in self._keys:
            if key != _BEFORE_ALL_LIMITS:
                return next(iter(self._queues[key].values())).price
        return None

    def add(self, order: Waiting) -> None:
        queue = self._queues.get(order.key)
        if queue is None:
            queue = self._queues[order.key] = {}
            insort(self._keys, order.key)
        queue[order.number] = order

    def remove(self, order: Waiting) -> None:
        queue = self._queues[order.key]
        del queue[order.number]
        if not queue:
            del self._queues[order.key]
            del self._keys[bisect_left(self._keys, order.key)]


class Book:
    """All orders that wait in one symbol, and the price of the last trade."""

    def __init__(self, reference: int) -> None:
        assert reference > 0
        self.last = reference
        self._halves = {Side.BUY: _Half(), Side.SELL: _Half()}
        self._orders: dict[int, Waiting] = {}

    def waiting(self, number: int) -> int:
        """Shares of this order that wait; 0 when it does not."""
        order = self._orders.get(number)
        return 0 if order is None else order.quantity

    def orders(self, side: Side) -> tuple[Waiting, ...]:
        """Best first, earliest first."""
        return tuple(self._halves[side])

    def best(self, side: Side) -> int | None:
        """The best limit of a side, in ticks."""
        return self._halves[side].best_limit()

    def levels(self, side: Side) -> list[tuple[int | None, int]]:
        """(price, shares) by price, best first; None is the price of market orders."""
        totals: dict[int | None, int] = {}
        for order in self._halves[side]:
            totals[order.price] = totals.get(order.price, 0) + order.quantity
        return list(totals.items())

    def enter(
        self, number: int, side: Side, quantity: int, price: int | None, *, rest: bool = True
    ) -> list[Match]:
        """Trade what can be traded; what is left waits, if it may."""
        assert quantity > 0
        assert price is None or price > 0
        assert number not in self._orders
        matches = []
        theirs = self._halves[side.other]
        left = quantity
        while left and (best := theirs.first()) is not None and _meets(side, price, best.price):
            traded = min(left, best.quantity)
            self.last = self._agree(side, price, best)
            matches.append(Match(best.number, number, self.last, traded))
            self._take(best, traded)
            left -= traded
        if left and rest:
            self.wait(number, side, left, price)
        return matches

    def wait(self, number: int, side: Side, quantity: int, price: int | None) -> None:
        """Queue an order without matching it: after `enter`, or when a venue restarts."""
        order = Waiting(number, side, price, quantity)
        self._halves[side].add(order)
        self._orders[number] = order

    def cancel(self, number: int) -> int:
        """Take an order out; the shares that waited, 0 when it did not."""
        order = self._orders.pop(number, None)
        if order is None:
            return 0
        self._halves[order.side].remove(order)
        return order.quantity

    def amend(self, number: int, quantity: int, price: int | None) -> list[Match]:
        """Change what waits. Fewer shares keep their place; more, or another price, lose it."""
        assert quantity > 0
        order = self._orders[number]
        if price == order.price and quantity <= order.quantity:
            order.quantity = quantity
            return []
        self.cancel(number)
        return self.enter(number, order.side, quantity, price)

    def _take(self, order: Waiting, quantity: int) -> None:
        order.quantity -= quantity
        if order.quantity == 0:
            self.cancel(order.number)

    def _agree(self, side: Side, price: int | None, best: Waiting) -> int:
        """The price of a trade: that of the one who waited, if it has one."""
        if best.price is not None:
            return best.price
        agreed = self.last if price is None else price
        beside = self._halves[best.side].best_limit()
        if beside is None:
            return agreed
        return max(agreed, beside) if side is Side.SELL else min(agreed, beside)


def _meets(side: Side, price: int | None, other: int | None) -> bool:
    if price is None or other is None:
        return True
    return other <= price if side is Side.BUY else other >= price
