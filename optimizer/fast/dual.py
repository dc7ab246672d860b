"""The dual problem of one account, in the unknowns x = (nu, mu).

    minimise  |y|^2 + sum_i h_i(u_i, s_i)   with  y = F'(a0 + z),  buy u + sell s <= limit

Everything is divided by lam, so that risk has the weight one. Pricing the k equations by nu and
the rows by mu >= 0 leaves each name alone with what a dollar of it costs (see `names`), and

    D(nu, mu) = -|nu|^2 / 4 + nu'F'a0 - mu'limit + sum_i min h_i(. ; nu, mu),

a concave function once continuously differentiable, whose gradient is what is missing from the
equations and by how much each row is exceeded. A soft row's price stops at what breaking it costs.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.exclusion import CLEARLY
from optimizer.fast.names import Choice, Names, choose
from optimizer.values import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dual:
    """One account's problem, reduced to the names that may trade."""

    names: Names
    factors: int  # k
    of_buys: FloatArray  # (q, k + r) what a dollar bought adds to exposures and rows.
    of_sales: FloatArray  # (h, k + r) the same of a dollar sold.
    buy_cost: FloatArray  # (q,) of the first dollar: specific risk and half spread.
    sell_cost: FloatArray  # (h,)
    start: FloatArray  # (k + r,) exposures held, and limits less than nothing.
    dearest: FloatArray | None  # (r,) prices of soft rows; None: every row must hold.
    centre: FloatArray  # (r,) of the prices;
    pull: float = 0.0  # the dual less pull |mu - centre|^2 / 2 is maximised.

    @property
    def size(self) -> int:
        """Unknowns: factors and rows."""
        return len(self.start)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Point:
    """The dual at one x."""

    x: FloatArray  # (k + r,)
    choice: Choice
    value: float
    gradient: FloatArray  # (k + r,)


def at(dual: Dual, x: FloatArray) -> Point:
    """Value and gradient of the dual at x."""
    k = dual.factors
    nu = x[:k]
    choice = choose(
        dual.names, dual.of_buys @ x + dual.buy_cost, dual.of_sales @ x + dual.sell_cost
    )
    gradient = choice.u @ dual.of_buys
    gradient += choice.sold @ dual.of_sales
    gradient += dual.start
    gradient[:k] -= nu / 2
    value = choice.value + x @ dual.start - nu @ nu / 4
    if dual.pull:
        away = x[k:] - dual.centre
        gradient[k:] -= dual.pull * away
        value -= dual.pull * (away @ away) / 2
    return Point(x=x, choice=choice, value=float(value), gradient=gradient)


def residual(dual: Dual, point: Point) -> float:
    """How far from optimal: 0 where the equations hold and the rows are complementary."""
    left = point.gradient.copy()
    rows, prices = left[dual.factors :], point.x[dual.factors :]
    np.maximum(rows, -prices, out=rows)
    if dual.dearest is not None:
        np.minimum(rows, dual.dearest - prices, out=rows)
    return float(np.abs(left, out=left).max(initial=0.0))


def hard(dual: Dual, prices: FloatArray) -> FloatArray:
    """The prices of the rows that must hold; nothing of soft ones."""
    return prices if dual.dearest is None else np.where(dual.dearest < np.inf, 0.0, prices)


def within(dual: Dual, x: FloatArray) -> FloatArray:
    """X with every price from nothing to the dearest that it may be; in place."""
    prices = x[dual.factors :]
    np.maximum(prices, 0.0, out=prices)
    if dual.dearest is not None:
        np.minimum(prices, dual.dearest, out=prices)
    return x


def is_ray(dual: Dual, point: Point) -> bool:
    """Whether the dual rises for ever along the rows' prices: then the rows exclude each other."""
    k = dual.factors
    mu = hard(dual, point.x[k:])
    total = mu.sum()
    if total <= 0:
        return False
    names = dual.names
    bought = np.minimum(dual.of_buys[:, k:] @ mu, 0) @ names.most
    sold = np.minimum(dual.of_sales[:, k:] @ mu, 0) @ names.segments.sum(axis=0)
    return bool(bought + sold + mu @ dual.start[k:] > CLEARLY * total)
