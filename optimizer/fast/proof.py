"""The certificate of an answer held in arrays, from the formula alone.

The same bound as in `certificate`, which judges one account's problem; this one judges accounts
that were never anything but arrays. Nothing here is taken from the solver but its answer.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.certificate import SMALLEST_OBJECTIVE, TOLERANCE
from optimizer.fast.reduction import NO_LIMIT, Arrays
from optimizer.values import FloatArray


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proven of one answer."""

    objective: float
    gap: float  # Primal-dual, over the larger objective of the answer and of doing nothing.
    violation: float  # Of NAV.

    @property
    def certifies(self) -> bool:
        """Whether the answer is as good as optimal."""
        return self.gap <= TOLERANCE and self.violation <= TOLERANCE


def proof_of(arrays: Arrays, u: FloatArray, s: FloatArray, prices: FloatArray) -> Proof:
    """Of purchases u (n,), sales s (m, h) and prices of the rows (r,), all at least nothing."""
    assert arrays.soft is None, "accounts as arrays have hard rows"
    assert arrays.alpha is None, "accounts as arrays track a model"
    buy, sell = arrays.sides.buy, arrays.sides.sell
    sold = np.zeros_like(u)
    sold[arrays.sellable] = s.sum(axis=0)
    z = u - sold
    limit = np.minimum(arrays.limit, NO_LIMIT)
    over = buy @ u + sell @ sold - limit

    reached = arrays.exposure + z @ arrays.sides.F
    slope = _slope(arrays, z, reached)
    of_u = slope + arrays.cost + prices @ buy
    of_sale = arrays.cost - slope + prices @ sell
    of_s = of_sale[arrays.sellable] + arrays.tax
    gap = of_u @ u - np.minimum(of_u, 0) @ arrays.most
    gap += np.vdot(of_s, s) - np.vdot(np.minimum(of_s, 0), arrays.segments)
    gap -= prices @ over

    found = _untaxed(arrays, z, reached) + float(arrays.cost @ (u + sold) + np.vdot(arrays.tax, s))
    still = _untaxed(arrays, np.zeros_like(z), arrays.exposure)
    broken = (over, u - arrays.most, -u, s - arrays.segments, -s)
    return Proof(
        objective=found,
        gap=abs(float(gap)) / max(abs(found), abs(still), SMALLEST_OBJECTIVE),
        violation=max(float(excess.max(initial=0.0)) for excess in broken),
    )


def _slope(arrays: Arrays, z: FloatArray, reached: FloatArray) -> FloatArray:
    """Derivative of risk and impact in z, (n,); `reached`: exposures (k,) with the trade."""
    risk = arrays.sides.F @ reached + arrays.d * (arrays.a0 + z)
    slope: FloatArray = 2 * (arrays.lam * risk + arrays.kappa * z)
    return slope


def _untaxed(arrays: Arrays, z: FloatArray, reached: FloatArray) -> float:
    """Risk and impact of a trade."""
    active = arrays.a0 + z
    risk = reached @ reached + (arrays.d * active) @ active
    return float(arrays.lam * risk + (arrays.kappa * z) @ z)
