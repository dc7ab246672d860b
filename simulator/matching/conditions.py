"""Orders with a condition: all-or-none, or a minimum for the first execution.

While the condition cannot be met such an order waits aside: it is not shown, it has no place among
the others at its price (it comes after them), and trades pass it over. It is tried again whenever
the book has changed. What is tried is the order of priority, never every combination of orders.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

from simulator.matching.entries import Entry, SelfMatch
from simulator.matching.half import Half, Order


def needed(entry: Entry, total: int) -> int:
    """Least shares that the next execution of `total` must have; 0 when any will do."""
    return total if entry.all_or_none else min(entry.minimum, total)


class Matching(NamedTuple):
    """How an order meets others: the least key of theirs, and what goes when it meets its own."""

    floor: int
    self_match: SelfMatch


class Conditions:
    """What waits aside, of both sides, best price first, then earliest."""

    def __init__(self) -> None:
        self._arrivals = 0
        self._places: dict[int, tuple[int, int]] = {}  # (-key, arrival) by number.
        self._sides: dict[bool, list[tuple[int, int, Order]]] = {True: [], False: []}

    def __bool__(self) -> bool:
        return bool(self._places)

    def __iter__(self) -> Iterator[Order]:
        """Buys before sells."""
        for buys in (True, False):
            yield from [order for _, _, order in self._sides[buys]]

    def add(self, order: Order) -> None:
        self._arrivals += 1
        self._put(order, self._arrivals)

    def remove(self, order: Order) -> None:
        side = self._sides[order.entry.buys]
        del side[bisect_left(side, self._places.pop(order.number))]

    def move(self, order: Order, key: int) -> None:
        """Give it another price; it stays as early as it was."""
        _, arrival = self._places[order.number]
        self.remove(order)
        order.key = key
        self._put(order, arrival)

    def best(self, *, buys: bool) -> int | None:
        """The best key of a side."""
        side = self._sides[buys]
        return -side[0][0] if side else None

    def beside(self, *, buys: bool, floor: int) -> list[Order]:
        """Those of a side whose key is at least `floor`, in order of priority."""
        side = self._sides[buys]
        return [order for _, _, order in side[: bisect_left(side, (1 - floor,))]] if side else []

    def _put(self, order: Order, arrival: int) -> None:
        self._places[order.number] = (-order.key, arrival)
        insort(self._sides[order.entry.buys], (-order.key, arrival, order))


def reach(order: Order, need: int, theirs: Half, aside: list[Order], who: Matching) -> int:
    """Shares that this order would get at once; counting may stop at `need`.

    `aside` are the other side's orders with a condition that this one's price reaches.
    """
    entry, total, found = order.entry, order.total, 0
    keys = {key for key in theirs.keys if key >= who.floor} | {other.key for other in aside}
    for key in sorted(keys, reverse=True):
        more, met_itself = _shares(entry, theirs.levels.get(key, {}), who.self_match)
        found += more
        if met_itself or found >= need:
            return min(found, total)
        for other in aside:
            if other.key != key or total - found < needed(other.entry, other.quantity):
                continue
            if entry.owner and other.entry.owner == entry.owner:
                if who.self_match is SelfMatch.CANCEL_OLDEST:
                    continue
                return found
            found += min(other.quantity, total - found)
            if found >= need:
                return found
    return found


def _shares(entry: Entry, level: dict[int, Order], policy: SelfMatch) -> tuple[int, bool]:
    """Shares of a queue, and whether the order would be cancelled on meeting its own owner's."""
    owner = entry.owner
    own = [order.number for order in level.values() if owner and order.entry.owner == owner]
    if not own:
        return sum(order.quantity + order.hidden for order in level.values()), False
    if policy is SelfMatch.CANCEL_OLDEST:
        others = (order for order in level.values() if order.number not in set(own))
        return sum(order.quantity + order.hidden for order in others), False
    before = 0
    for order in level.values():
        if order.number == own[0]:
            break
        before += order.quantity
    return before, True
