"""Each name's own problem, solved in closed form.

Given what a dollar bought or sold costs, name i chooses purchases u_i and sales s_ij to minimise

    a_i (u_i - sum_j s_ij)^2 / 2 + p_i u_i + sum_j (q_i + tax_ij) s_ij

within 0 <= u_i <= U_i and 0 <= s_ij <= S_ij, the taxes rising along the segments j. Where buying
and selling at once never pays (p_i + q_i + tax_i1 >= 0) only one of the two is positive, and each
is the unconstrained minimiser cut to its bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.values import FloatArray

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """The names that may be bought (q of them), and of those the ones that may be sold (h)."""

    curvature: FloatArray  # (q,) a
    most: FloatArray  # (q,) U
    sale_curvature: FloatArray  # (h,) a
    segments: FloatArray  # (m, h) S
    before: FloatArray  # (m, h) what the earlier segments hold.
    tax: FloatArray  # (m, h) per dollar.
    inverse: FloatArray  # (q,) 1 / a
    sale_inverse: FloatArray  # (h,)

    @classmethod
    def of(
        cls,
        *,
        curvature: FloatArray,
        most: FloatArray,
        sellable: Indices,
        segments: FloatArray,
        tax: FloatArray,
    ) -> "Names":
        """Names with what follows from their numbers; `sellable` (h,) are of the q."""
        inverse = 1 / curvature
        before = np.zeros_like(segments)
        np.cumsum(segments[:-1], axis=0, out=before[1:])
        return cls(
            curvature=curvature,
            most=most,
            sale_curvature=curvature[sellable],
            segments=segments,
            before=before,
            tax=tax,
            inverse=inverse,
            sale_inverse=inverse[sellable],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What every name chooses at given prices."""

    u: FloatArray  # (q,)
    s: FloatArray  # (m, h)
    sold: FloatArray  # (h,)
    value: float  # Sum of the names' minima.


def choose(names: Names, buy_price: FloatArray, sell_price: FloatArray) -> Choice:
    """Every name's minimiser at p (q,) and q (h,)."""
    u = buy_price * names.inverse
    np.negative(u, out=u)
    np.maximum(u, 0.0, out=u)
    np.minimum(u, names.most, out=u)

    s = names.tax + sell_price
    s *= names.sale_inverse
    s += names.before
    np.negative(s, out=s)
    np.maximum(s, 0.0, out=s)
    np.minimum(s, names.segments, out=s)
    sold = s.sum(axis=0)

    bought = (0.5 * names.curvature * u + buy_price) @ u
    value = bought + (0.5 * names.sale_curvature * sold + sell_price) @ sold
    return Choice(u=u, s=s, sold=sold, value=float(value + np.vdot(names.tax, s)))


def free(names: Names, choice: Choice) -> tuple[Indices, Indices]:
    """Purchases and sales that move with their price: strictly within a bound or a segment."""
    u, s = choice.u, choice.s
    inside = (s > 0) & (s < names.segments)
    return np.flatnonzero((u > 0) & (u < names.most)), np.flatnonzero(inside.any(axis=0))
