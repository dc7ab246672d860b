"""One account from its arrays to what the dual says it should trade."""

from dataclasses import dataclass

import numpy as np

from optimizer.deadline import Deadline
from optimizer.fast.dual import hard
from optimizer.fast.newton import maximise
from optimizer.fast.reduction import Arrays, dual_of
from optimizer.values import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """An answer that nobody has certified."""

    u: FloatArray  # (n,)
    s: FloatArray  # (m, h)
    prices: FloatArray  # (r,) of the rows, per NAV of the objective.
    impossible: bool  # The prices claim to prove that the rows exclude each other.


def unsuited(arrays: Arrays) -> str:
    """Why the numbers have not the structure the path needs; empty when they have."""
    sellable = arrays.sellable
    movable = arrays.most > 0
    movable[sellable] = True
    if np.any(arrays.d[movable] + arrays.kappa[movable] <= 0):
        return "a name that may trade has neither specific risk nor impact"
    both = arrays.most[sellable] > 0
    if arrays.sides.rewards_round_trips:
        return "a row rewards buying and selling one name at once"
    round_trip = 2 * arrays.cost[sellable] + arrays.tax[0]
    if np.any(round_trip[both] < 0):
        return "selling a name at a saving and buying it back would pay"
    return ""


def attempt(arrays: Arrays, deadline: Deadline) -> Attempt:
    """Solve the dual from no prices at all; arrays must not be `unsuited`."""
    dual, names = dual_of(arrays)
    ended = maximise(dual, np.zeros(dual.size), deadline)
    choice = ended.point.choice
    u: FloatArray = choice.u
    if names is not None:
        u = np.zeros(len(arrays.most))
        u[names] = choice.u
    prices = ended.point.x[dual.factors :]
    if ended.impossible:
        prices = hard(dual, prices)
    return Attempt(u=u, s=choice.s, prices=prices * arrays.lam, impossible=ended.impossible)
