"""Stop orders, until the last price reaches them. Each is given out once."""

from bisect import bisect_left, insort

from simulator.matching.half import Order


class Stops:
    """Sorted by how soon they are reached; given out in order of arrival."""

    def __init__(self) -> None:
        self._arrivals = 0
        self._places: dict[int, tuple[int, int, int]] = {}
        self._buys: list[tuple[int, int, int]] = []  # (stop, arrival, number)
        self._sells: list[tuple[int, int, int]] = []  # (-stop, arrival, number)

    def __bool__(self) -> bool:
        return bool(self._places)

    def add(self, order: Order) -> None:
        stop = order.entry.stop
        assert stop is not None
        self._arrivals += 1
        place = (stop if order.entry.buys else -stop, self._arrivals, order.number)
        self._places[order.number] = place
        insort(self._buys if order.entry.buys else self._sells, place)

    def remove(self, order: Order) -> None:
        side = self._buys if order.entry.buys else self._sells
        del side[bisect_left(side, self._places.pop(order.number))]

    def reached(self, lowest: int, highest: int) -> list[int]:
        """Take out what trades between these prices reach: the numbers, earliest first."""
        found: list[tuple[int, int, int]] = []
        for side, key in ((self._buys, highest), (self._sells, -lowest)):
            count = bisect_left(side, (key + 1,))
            found += side[:count]
            del side[:count]
        for _, _, number in found:
            del self._places[number]
        return [number for _, _, number in sorted(found, key=lambda place: place[1])]
