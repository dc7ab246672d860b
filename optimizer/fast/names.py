"""Each name's own problem, solved in closed form.

Given the price of its factor exposures and of its rows, name i chooses purchases u_i and sales
s_ij to minimise

    a_i z_i^2 / 2 + g_i z_i + p_i u_i + sum_j q_ij s_ij,    z_i = u_i - sum_j s_ij,

within 0 <= u_i <= U_i and 0 <= s_ij <= S_ij, the segments' slopes q_ij increasing in j. Where
buying and selling at once never pays (p_i + q_i1 >= 0) only one of the two is positive, and each
is the unconstrained minimiser cut to its bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.values import FloatArray

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """The names that may trade (q of them), and of those the ones that may be sold (h)."""

    curvature: FloatArray  # (q,) a
    slope: FloatArray  # (q,) derivative of the specific risk at no trade.
    cost: FloatArray  # (q,) per dollar, either way.
    most: FloatArray  # (q,) U
    sellable: Indices  # (h,) of the q names.
    segments: FloatArray  # (m, h) S
    before: FloatArray  # (m, h) what the earlier segments hold.
    tax: FloatArray  # (m, h) per dollar.
    inverse: FloatArray  # (q,) 1 / a
    inverse_of_sellable: FloatArray  # (h,)

    @classmethod
    def of(
        cls,
        *,
        curvature: FloatArray,
        slope: FloatArray,
        cost: FloatArray,
        most: FloatArray,
        sellable: Indices,
        segments: FloatArray,
        tax: FloatArray,
    ) -> "Names":
        """Names with what follows from their numbers; `segments` and `tax` are (m, h)."""
        inverse = 1 / curvature
        before = np.zeros_like(segments)
        np.cumsum(segments[:-1], axis=0, out=before[1:])
        return cls(
            curvature=curvature,
            slope=slope,
            cost=cost,
            most=most,
            sellable=sellable,
            segments=segments,
            before=before,
            tax=tax,
            inverse=inverse,
            inverse_of_sellable=inverse[sellable],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What every name chooses at given prices."""

    u: FloatArray  # (q,)
    s: FloatArray  # (m, h)
    sold: FloatArray  # (h,)
    z: FloatArray  # (q,)
    value: float  # Sum of the names' minima.


def choose(names: Names, tilt: FloatArray, buy_price: FloatArray, sell_price: FloatArray) -> Choice:
    """Every name's minimiser; `tilt` (q,) is the price of its factor exposures, of either side."""
    slope = names.slope + tilt
    to_buy = names.cost + buy_price
    to_sell = (names.cost + sell_price)[names.sellable]

    u = np.minimum(np.maximum((slope + to_buy) * -names.inverse, 0.0), names.most)
    gain = slope[names.sellable] - to_sell
    s = (gain - names.tax) * names.inverse_of_sellable
    s -= names.before
    np.maximum(s, 0.0, out=s)
    np.minimum(s, names.segments, out=s)
    sold = s.sum(axis=0)
    z = u.copy()
    z[names.sellable] -= sold

    value = 0.5 * (names.curvature * z) @ z + slope @ z + to_buy @ u + to_sell @ sold
    return Choice(u=u, s=s, sold=sold, z=z, value=float(value + np.vdot(names.tax, s)))


def free(names: Names, choice: Choice) -> Indices:
    """Names whose choice moves with its price: strictly within a bound or a segment, (f,)."""
    moves = (choice.u > 0) & (choice.u < names.most)
    inside = (choice.s > 0) & (choice.s < names.segments)
    moves[names.sellable] |= inside.any(axis=0)
    return np.flatnonzero(moves)
