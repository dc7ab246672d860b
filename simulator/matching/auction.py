"""The price of an auction.

The price at which most shares trade; of several, the one that leaves the least imbalance; of
several still, the one nearest to the reference price (the last trade). These are the rules of the
usual call auctions. Deutsche Börse's and London's ask, before the reference price, on which side
all the remaining prices leave shares over: `pressure` takes the highest limit where buyers are
left, the lowest where sellers are (Xetra Market Model Equities, "Price determination in
auctions"; London Stock Exchange MIT201, "Uncrossing": maximum executable volume, minimum surplus,
market pressure, reference price).

Icebergs count in full. Orders with a condition (all-or-none, a minimum) and pegs are no part of an
auction: a condition makes the best price depend on which orders are left out, and a peg has
nothing to follow while the book is crossed.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from simulator.matching.entries import Indicative

Shares = Iterable[tuple[int | None, int]]  # (limit, shares); None is at market.


class Terms(NamedTuple):
    """What a venue says of its auctions, and where prices may be."""

    reference: int
    tick: int = 1
    lower: int | None = None
    upper: int | None = None
    pressure: bool = False


def auction(buys: Shares, sells: Shares, terms: Terms) -> Indicative | None:
    """Price, volume and imbalance; None when nothing can trade."""
    demand, supply = _Curve(buys), _Curve(sells)
    limits = sorted({*demand.limits, *supply.limits})
    results = []
    for price in _candidates(limits, terms):
        wanted, offered = demand.at_or_above(price), supply.at_or_below(price)
        if wanted and offered:
            results.append(Indicative(price, min(wanted, offered), wanted - offered))
    if not results:
        return None
    most = max(result.volume for result in results)
    results = [result for result in results if result.volume == most]
    least = min(abs(result.imbalance) for result in results)
    results = [result for result in results if abs(result.imbalance) == least]
    if terms.pressure and (pressed := _pressed(results, limits)):
        return pressed
    return min(results, key=lambda result: (abs(result.price - terms.reference), result.price))


class _Curve:
    """Shares of one side by limit."""

    def __init__(self, shares: Shares) -> None:
        totals: dict[int, int] = {}
        self._at_market = 0
        for limit, quantity in shares:
            if limit is None:
                self._at_market += quantity
            else:
                totals[limit] = totals.get(limit, 0) + quantity
        self.limits = sorted(totals)
        self._sums = [0, *accumulate(totals[limit] for limit in self.limits)]

    def at_or_below(self, price: int) -> int:
        return self._at_market + self._sums[bisect_left(self.limits, price + 1)]

    def at_or_above(self, price: int) -> int:
        below = self._sums[bisect_left(self.limits, price)]
        return self._at_market + self._sums[-1] - below


def _candidates(limits: Sequence[int], terms: Terms) -> set[int]:
    """Every limit, its neighbours and the reference: between two limits nothing changes."""
    tick = terms.tick
    reference = terms.reference
    if terms.lower is not None:
        reference = max(reference, terms.lower)
    if terms.upper is not None:
        reference = min(reference, terms.upper)
    prices = {*limits, reference - reference % tick, reference + -reference % tick}
    for limit in limits:
        prices |= {(limit - 1) // tick * tick, (limit // tick + 1) * tick}
    return {price for price in prices if _allowed(price, terms)}


def _allowed(price: int, terms: Terms) -> bool:
    if price <= 0 or (terms.lower is not None and price < terms.lower):
        return False
    return terms.upper is None or price <= terms.upper


def _pressed(results: Sequence[Indicative], limits: Sequence[int]) -> Indicative | None:
    at_limits = [result for result in results if result.price in set(limits)]
    if at_limits and all(result.imbalance > 0 for result in results):
        return max(at_limits)
    if at_limits and all(result.imbalance < 0 for result in results):
        return min(at_limits)
    return None
