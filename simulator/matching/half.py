"""One side of a book: queues by price, best price last, each queue in order of arrival.

A side sorts by `key`, which grows with how good a price is: the price of a buy, minus the price of
a sell. So both sides read alike, and the best queue is always the last one.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from enum import Enum

from simulator.matching.entries import Entry

_LONG = 200  # Orders of a queue that it pays to renew.
MARKET = 1 << 62  # The key of an order without a price: it stands before every limit.


class Place(Enum):
    """Where an order waits that is not in a queue."""

    STOP = "stop"
    AUCTION = "auction"  # For an auction that has not been called.
    CONDITION = "condition"  # All-or-none, or with a minimum: not shown, passed over.
    NO_PRICE = "no_price"  # A peg with nothing to follow.


class Order:
    """An order that waits. `quantity` is shown (or would be), `hidden` an iceberg's rest."""

    __slots__ = ("entry", "hidden", "key", "number", "place", "quantity")

    def __init__(self, entry: Entry, quantity: int, key: int) -> None:
        self.entry = entry
        self.number = entry[0]
        self.quantity = quantity
        self.hidden = 0
        self.key = key
        self.place: Place | None = None

    @property
    def total(self) -> int:
        """All its shares."""
        return self.quantity + self.hidden

    @property
    def price(self) -> int | None:
        """Where it stands; None at market."""
        if self.key == MARKET:
            return None
        return self.key if self.entry.buys else -self.key

    def show(self, total: int) -> None:
        """Wait with `total` shares, an iceberg with a fresh slice."""
        display = self.entry.display
        self.quantity = min(total, display) if display else total
        self.hidden = total - self.quantity


class Half:
    """The queues of one side. An empty queue is dropped at once."""

    __slots__ = ("keys", "levels", "worn", "worn_key")

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.levels: dict[int, dict[int, Order]] = {}
        self.worn = 0  # How often the long queue of `worn_key` has traded since it was renewed.
        self.worn_key = 0

    def __iter__(self) -> Iterator[Order]:
        """In order of priority."""
        for key in reversed(self.keys):
            yield from self.levels[key].values()

    def add(self, order: Order) -> None:
        key = order.key
        level = self.levels.get(key)
        if level is None:
            self.levels[key] = {order.number: order}
            insort(self.keys, key)
        else:
            level[order.number] = order

    def remove(self, order: Order) -> None:
        level = self.levels[order.key]
        del level[order.number]
        if not level:
            self.drop(order.key)

    def drop(self, key: int) -> None:
        """Forget an empty queue."""
        del self.levels[key]
        keys = self.keys
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def leave(self, key: int, done: list[Order]) -> list[int]:
        """Orders of a queue have traded what they showed; the numbers of those that are gone.

        An iceberg shows a fresh slice at the back.
        """
        level = self.levels[key]
        gone = []
        for order in done:
            number = order.number
            del level[number]
            if order.hidden:
                order.show(order.hidden)
                level[number] = order
            else:
                gone.append(number)
        if not level:
            self.drop(key)
        elif len(level) > _LONG:
            self._wear(key)
        return gone

    def _wear(self, key: int) -> None:
        """A long queue has traded: renew it now and then.

        A dictionary finds its first entry behind the places of all who have left in front of it.
        """
        if key != self.worn_key:
            self.worn, self.worn_key = 0, key
        self.worn += 1
        level = self.levels[key]
        if 4 * self.worn > len(level):
            self.levels[key] = dict(level)
            self.worn = 0

    def best_limit(self) -> int | None:
        """The key of the best limit; None without one."""
        keys = self.keys
        if not keys:
            return None
        if keys[-1] != MARKET:
            return keys[-1]
        return keys[-2] if len(keys) > 1 else None
