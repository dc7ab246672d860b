"""From an account's arrays to its dual problem over the names that may trade."""

from dataclasses import dataclass

import numpy as np

from optimizer.fast.dual import Dual
from optimizer.fast.names import Indices, Names
from optimizer.values import FloatArray

NO_LIMIT = 1e30  # In place of infinity, which no price may multiply.
MOSTLY = 0.75  # Of the names may trade: then the market's arrays are used as they are.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrays:
    """One account in the symbols of `objective`; per dollar and of NAV, not yet divided by lam."""

    F: FloatArray  # (n, k)
    d: FloatArray  # (n,)
    a0: FloatArray  # (n,) w0 - b
    kappa: FloatArray  # (n,)
    cost: FloatArray  # (n,) half spread.
    lam: float
    most: FloatArray  # (n,) largest purchase.
    sellable: Indices  # (h,) names with segments, ascending.
    segments: FloatArray  # (m, h)
    tax: FloatArray  # (m, h)
    buy: FloatArray  # (r, n)
    sell: FloatArray  # (r, n)
    limit: FloatArray  # (r,)


def dual_of(arrays: Arrays) -> tuple[Dual, Indices | None]:
    """The dual, and which names it is over; None: all of them."""
    movable = arrays.most > 0
    movable[arrays.sellable] = True
    count = np.count_nonzero(movable)
    limit = np.minimum(arrays.limit, NO_LIMIT)
    exposure = arrays.a0 @ arrays.F
    if count >= MOSTLY * len(movable):
        return _dual(arrays, exposure, limit, arrays.sellable), None
    names = np.flatnonzero(movable)
    small = Arrays(
        F=arrays.F[names],
        d=arrays.d[names],
        a0=arrays.a0[names],
        kappa=arrays.kappa[names],
        cost=arrays.cost[names],
        lam=arrays.lam,
        most=arrays.most[names],
        sellable=arrays.sellable,
        segments=arrays.segments,
        tax=arrays.tax,
        buy=arrays.buy[:, names],
        sell=arrays.sell[:, names],
        limit=arrays.limit,
    )
    return _dual(small, exposure, limit, np.searchsorted(names, arrays.sellable)), names


def _dual(arrays: Arrays, exposure: FloatArray, limit: FloatArray, sellable: Indices) -> Dual:
    names = Names.of(
        curvature=2 * (arrays.d + arrays.kappa / arrays.lam),
        slope=2 * arrays.d * arrays.a0,
        cost=arrays.cost / arrays.lam,
        most=arrays.most,
        sellable=sellable,
        segments=arrays.segments,
        tax=arrays.tax / arrays.lam,
    )
    return Dual(
        names=names,
        F=arrays.F,
        exposure=exposure,
        buy=arrays.buy,
        sell=arrays.sell,
        sell_of_sellable=arrays.sell[:, sellable],
        limit=limit,
        centre=np.zeros(len(limit)),
    )
