"""Orders with a condition: all-or-none, or a minimum for the first execution.

While the condition cannot be met such an order waits aside: it is not shown, it has no place among
the others at its price (it comes after them), and trades pass it over. It is tried again whenever
the book has changed. What is tried is the order of priority, never every combination of orders.
"""

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
    """What waits aside, of both sides."""

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}

    def __bool__(self) -> bool:
        return bool(self._orders)

    def __iter__(self) -> Iterator[Order]:
        """Best price first, then earliest; buys before sells."""
        return iter(
            sorted(self._orders.values(), key=lambda order: (not order.entry.buys, -order.key))
        )

    def add(self, order: Order) -> None:
        self._orders[order.number] = order

    def remove(self, order: Order) -> None:
        del self._orders[order.number]

    def beside(self, *, buys: bool, floor: int) -> list[Order]:
        """Those of a side whose key is at least `floor`, in order of priority."""
        if not self._orders:
            return []
        return [order for order in self if order.entry.buys is buys and order.key >= floor]


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
