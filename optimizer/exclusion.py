"""Proof that no trade keeps every row: prices at which the rows contradict the bounds.

For any prices mu >= 0, a trade that keeps the rows costs at most mu'limit at them. Where even the
cheapest trade within the bounds costs more, there is none (Farkas). The proof is checked here from
the problem's own numbers, whoever found the prices.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.box import Box
from optimizer.values import AccountProblem, FloatArray

CLEARLY = 2e-6  # Of NAV, for prices that add up to one: less is within what answers may violate.


@dataclass(frozen=True, slots=True, eq=False)
class Impossible:
    """A path's claim that the rows exclude each other, with the prices that should prove it."""

    prices: FloatArray  # One a row, >= 0.


def excludes_every_trade(problem: AccountProblem, box: Box, prices: FloatArray) -> bool:
    """Whether `prices` (one a row, >= 0) prove that no trade within `box` keeps every row."""
    total = float(prices.sum())
    if not (np.isfinite(total) and total > 0 and prices.min() >= 0):
        return False
    of_u, of_s, limit = np.zeros_like(box.buy), np.zeros_like(box.buy), 0.0
    for row, price in zip(problem.rows, prices / total, strict=True):
        if price > 0:
            of_u += price * row.buy
            of_s += price * row.sell
            limit += price * row.limit
    cheapest = np.minimum(of_u, 0) @ box.buy + np.minimum(of_s, 0) @ box.segments.sum(axis=1)
    return bool(cheapest > limit + CLEARLY)
