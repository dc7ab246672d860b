"""From an account's arrays to its dual problem over the names that may trade."""

from dataclasses import dataclass

import numpy as np

from optimizer.fast.dual import Dual
from optimizer.fast.names import Indices, Names
from optimizer.values import FloatArray

NO_LIMIT = 1e30  # In place of infinity, which no price may multiply.
MOSTLY = 0.75  # Of the names may trade: then the market's arrays are used as they are.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """What a dollar of each name adds to the factors and to the rows; one for many accounts."""

    F: FloatArray  # (n, k) all squared exposures, those that one account alone counts included.
    buy: FloatArray  # (r, n)
    sell: FloatArray  # (r, n)
    of_buys: FloatArray  # (n, k + r)
    of_sales: FloatArray  # (n, k + r)
    rewards_round_trips: bool  # A row eases by buying and selling one name at once.

    @classmethod
    def of(cls, F: FloatArray, buy: FloatArray, sell: FloatArray) -> "Sides":
        """The two sides of a market and its rows."""
        return cls(
            F=F,
            buy=buy,
            sell=sell,
            of_buys=np.hstack([F, buy.T]),
            of_sales=np.hstack([-F, sell.T]),
            rewards_round_trips=bool(np.any(buy + sell < 0)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrays:
    """One account in the symbols of `objective`; per dollar and of NAV, not yet divided by lam."""

    sides: Sides
    d: FloatArray  # (n,)
    a0: FloatArray  # (n,) w0 less where the specific risk has its centre.
    exposure: FloatArray  # (k,) of what is held, less the target.
    alpha: FloatArray | None = None  # (n,) expected return, where the account wants any.
    kappa: FloatArray  # (n,)
    cost: FloatArray  # (n,) half spread.
    lam: float
    most: FloatArray  # (n,) largest purchase.
    sellable: Indices  # (h,) names with segments, ascending.
    segments: FloatArray  # (m, h)
    tax: FloatArray  # (m, h)
    limit: FloatArray  # (r,)
    soft: FloatArray | None = None  # (r,) what breaking a row costs; None: all must hold.


def dual_of(arrays: Arrays) -> tuple[Dual, Indices | None]:
    """The dual, and which names may be bought in it; None: all of them."""
    sides, sellable = arrays.sides, arrays.sellable
    curvature = 2 * (arrays.d + arrays.kappa / arrays.lam)
    slope = 2 * arrays.d * arrays.a0
    if arrays.alpha is not None:
        slope -= arrays.alpha / arrays.lam
    cost = arrays.cost / arrays.lam
    names = _movable(arrays)
    chosen = slice(None) if names is None else names
    limit = np.minimum(arrays.limit, NO_LIMIT)
    dual = Dual(
        names=Names.of(
            curvature=curvature[chosen],
            most=arrays.most[chosen],
            sellable=sellable if names is None else np.searchsorted(names, sellable),
            segments=arrays.segments,
            tax=arrays.tax / arrays.lam,
        ),
        factors=sides.F.shape[1],
        of_buys=sides.of_buys[chosen],
        of_sales=sides.of_sales[sellable],
        buy_cost=(cost + slope)[chosen],
        sell_cost=(cost - slope)[sellable],
        start=np.concatenate([arrays.exposure, -limit]),
        dearest=None if arrays.soft is None else arrays.soft / arrays.lam,
        centre=np.zeros(len(limit)),
    )
    return dual, names


def _movable(arrays: Arrays) -> Indices | None:
    """Names that may trade; None where most may, and leaving out the others saves nothing."""
    movable = arrays.most > 0
    movable[arrays.sellable] = True
    names = np.flatnonzero(movable)
    return None if len(names) >= MOSTLY * len(movable) else names
