"""Risk parity and risk budgets: the portfolio whose names bear given shares of the variance.

The budgets beta fix a unique long-only portfolio up to its size: the minimiser of
0.5 y'Sigma y - sum_i beta_i log(y_i) (Spinu, "An Algorithm for Computing Risk Parity
Weights", 2013), found by cyclical coordinate descent, each step the positive root of a
quadratic (Griveau-Billion, Richard and Roncalli, "A Fast Algorithm for Computing
High-dimensional Risk Parity Portfolios", 2013).
"""

import numpy as np

from domain.goals import RiskBudget
from optimizer.values import FloatArray, Market

MOST_SWEEPS = 1_000
CONVERGED = 1e-12  # Largest relative change of a weight in a sweep.


def budgets_of(market: Market, budget: RiskBudget, model: FloatArray) -> FloatArray:
    """Shares of the variance, (n,), 1 in sum, over the names of the model.

    A sector's share is divided equally among its names of the model; what is not
    mentioned gets none, and equal shares are the default. Zeros where there is no name.
    """
    chosen = model > 0
    if not budget.shares:
        equal: FloatArray = chosen / max(int(chosen.sum()), 1)
        return equal
    keys = market.sectors if budget.by_sector else market.security_ids
    shares = np.array([float(budget.shares.get(key, 0)) for key in keys]) * chosen
    if budget.by_sector:
        counts = {
            key: sum(k == key for k, c in zip(keys, chosen, strict=True) if c) for key in keys
        }
        shares = shares / np.array([max(counts[key], 1) for key in keys])
    total = float(shares.sum())
    found: FloatArray = shares / total if total > 0 else shares
    return found


def budgeted_weights(market: Market, beta: FloatArray, invested: float) -> FloatArray:
    """The weights (n,), `invested` in sum, of which name i bears beta_i of the variance."""
    F, d = market.F, market.d
    own = (F**2).sum(axis=1) + d
    y = np.where(beta > 0, 1 / np.sqrt(np.maximum(own, 1e-12)), 0.0)
    exposure = F.T @ y
    for _ in range(MOST_SWEEPS):
        largest = 0.0
        for name in np.flatnonzero(beta):
            linear = F[name] @ exposure + d[name] * y[name] - own[name] * y[name]
            root = np.sqrt(linear**2 + 4 * own[name] * beta[name])
            then = (root - linear) / (2 * own[name])
            exposure += F[name] * (then - y[name])
            largest = max(largest, abs(then / y[name] - 1))
            y[name] = then
        if largest < CONVERGED:
            break
    found: FloatArray = y * (invested / y.sum()) if y.sum() > 0 else y
    return found
