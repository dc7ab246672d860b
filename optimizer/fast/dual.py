"""The dual problem of one account, in the unknowns x = (nu, mu).

    minimise  |y|^2 + sum_i h_i(u_i, s_i)   with  y = F'(a0 + z),  buy u + sell s <= limit

Everything is divided by lam, so that risk has the weight one. Pricing the k equations by nu and
the rows by mu >= 0 leaves each name alone with its prices (see `names`), and

    D(nu, mu) = -|nu|^2 / 4 + nu'F'a0 - mu'limit + sum_i min h_i(. ; nu, mu),

a concave function once continuously differentiable, whose gradient is what is missing from the
equations and by how much each row is exceeded.
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
    F: FloatArray  # (q, k)
    exposure: FloatArray  # (k,) F'a0, of every name.
    buy: FloatArray  # (r, q)
    sell: FloatArray  # (r, q)
    sell_of_sellable: FloatArray  # (r, h)
    limit: FloatArray  # (r,)
    centre: FloatArray  # (r,) of the prices;
    pull: float = 0.0  # the dual less pull |mu - centre|^2 / 2 is maximised.

    @property
    def size(self) -> int:
        """Unknowns: factors and rows."""
        return len(self.exposure) + len(self.limit)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Point:
    """The dual at one x."""

    x: FloatArray  # (k + r,)
    choice: Choice
    value: float
    gradient: FloatArray  # (k + r,)


def at(dual: Dual, x: FloatArray) -> Point:
    """Value and gradient of the dual at x."""
    k = len(dual.exposure)
    nu, mu = x[:k], x[k:]
    choice = choose(dual.names, dual.F @ nu, mu @ dual.buy, mu @ dual.sell)
    gradient = np.empty_like(x)
    gradient[:k] = choice.z @ dual.F + dual.exposure - nu / 2
    gradient[k:] = dual.buy @ choice.u + dual.sell_of_sellable @ choice.sold - dual.limit
    value = choice.value + nu @ dual.exposure - nu @ nu / 4 - mu @ dual.limit
    if dual.pull:
        away = mu - dual.centre
        gradient[k:] -= dual.pull * away
        value -= dual.pull * (away @ away) / 2
    return Point(x=x, choice=choice, value=float(value), gradient=gradient)


def residual(dual: Dual, point: Point) -> float:
    """How far from optimal: 0 where the equations hold and the rows are complementary."""
    k = len(dual.exposure)
    equations = np.abs(point.gradient[:k]).max(initial=0.0)
    rows = np.abs(np.maximum(point.gradient[k:], -point.x[k:])).max(initial=0.0)
    return float(max(equations, rows))


def is_ray(dual: Dual, point: Point) -> bool:
    """Whether the dual rises for ever along the rows' prices: then the rows exclude each other."""
    mu = point.x[len(dual.exposure) :]
    total = mu.sum()
    if total <= 0:
        return False
    names = dual.names
    bought = np.minimum(mu @ dual.buy, 0) @ names.most
    sold = np.minimum(mu @ dual.sell_of_sellable, 0) @ names.segments.sum(axis=0)
    return bool(bought + sold - mu @ dual.limit > CLEARLY * total)
