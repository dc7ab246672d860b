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
    rows = problem.rows
    return bool(rows) and excludes(
        buy=np.array([row.buy for row in rows]),
        sell=np.array([row.sell for row in rows]),
        limit=np.array([row.limit for row in rows]),
        most=box.buy,
        sales=box.segments.sum(axis=1),
        prices=prices,
    )


def excludes(
    *,
    buy: FloatArray,
    sell: FloatArray,
    limit: FloatArray,
    most: FloatArray,
    sales: FloatArray,
    prices: FloatArray,
) -> bool:
    """The same for rows (r, n) with limits (r,), and largest purchases and sales (n,)."""
    total = float(prices.sum())
    if not (np.isfinite(total) and total > 0 and prices.min() >= 0):
        return False
    asked = prices > 0
    share = prices[asked] / total
    cheapest = np.minimum(share @ buy[asked], 0) @ most + np.minimum(share @ sell[asked], 0) @ sales
    return bool(cheapest > share @ limit[asked] + CLEARLY)
