"""The objective as a formula, apart from any solver: what the answer is judged by.

f(u, s) = lam * V(w)                                           risk (risks.py)
        - sum_i alpha_i w_i - sum_i budget_i log(w_i + eps)    expected return, risk budgets
        + sum_i c_i (u_i + s_i) + sum_i kappa_i z_i^2          half spread, impact
        + sum_ij tax_ij s_ij                                   tax by segment
        + sum_r price_r * (excess of soft row or cap r)        what soft constraints cost
with w = w0 + z, z_i = u_i - sum_j s_ij; c is the half spread of the market, kappa its
impact times NAV; everything is a fraction of NAV. V is |F'(w - b)|^2 + sum d_i (w_i - b_i)^2
unless the account has another goal than its model. eps keeps a name that is not
held from an infinite price.
"""

from math import inf

import numpy as np

from optimizer.box import Box
from optimizer.risks import goal_of, gradient_parts, variance_of, volatility_of
from optimizer.values import AccountProblem, FloatArray, Market, RiskCap, Row

EPSILON = 1e-6  # Of NAV.


def impact_of(market: Market, problem: AccountProblem) -> FloatArray:
    """kappa, (n,): impact is quadratic in dollars, so it grows with NAV."""
    return market.impact * float(problem.nav)


def variance(market: Market, active: FloatArray) -> float:
    """Active variance, annualised, of active weights w - b (n,)."""
    factors = market.F.T @ active
    return float(factors @ factors + market.d @ active**2)


def tracking_error(market: Market, active: FloatArray) -> float:
    """Annualised active risk of active weights w - b (n,)."""
    return float(np.sqrt(variance(market, active)))


def risk_gradients(
    market: Market, problem: AccountProblem, z: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """d(lam V)/dz, (n,), of the factors and of the specific part; soft targets are apart."""
    factor, specific, _ = gradient_parts(market, goal_of(market, problem).risk, problem.w0 + z)
    return problem.risk_aversion * factor, problem.risk_aversion * specific


def wish_gradients(market: Market, problem: AccountProblem, z: FloatArray) -> dict[str, FloatArray]:
    """What the goal adds to the slope by name, (n,): soft targets, return, risk budgets."""
    goal = goal_of(market, problem)
    w = problem.w0 + z
    slopes: dict[str, FloatArray] = {}
    if goal.risk.labels:
        _, _, own = gradient_parts(market, goal.risk, w)
        for label, column in zip(goal.risk.labels, own.T, strict=True):
            slopes[label] = slopes.get(label, 0.0) + problem.risk_aversion * column
    if goal.alpha.any():
        slopes["expected_return"] = -goal.alpha
    if goal.budget.any():
        slopes["risk_budget"] = -goal.budget / (np.maximum(w, 0) + EPSILON)
    return slopes


def slope(market: Market, problem: AccountProblem, z: FloatArray) -> FloatArray:
    """Gradient of risk and wishes, (n,)."""
    factor, specific = risk_gradients(market, problem, z)
    total: FloatArray = factor + specific
    for wish in wish_gradients(market, problem, z).values():
        total = total + wish
    return total


def wanted(market: Market, problem: AccountProblem, z: FloatArray) -> float:
    """Risk and wishes of a trade z (n,), without what trading costs."""
    goal = goal_of(market, problem)
    w = problem.w0 + z
    budget = goal.budget @ np.log(np.maximum(w, 0) + EPSILON) if goal.budget.any() else 0.0
    return float(
        problem.risk_aversion * variance_of(market, goal.risk, w) - goal.alpha @ w - budget
    )


def untaxed(market: Market, problem: AccountProblem, z: FloatArray) -> float:
    """The objective of a trade z (n,) without its tax and its soft constraints."""
    spread = market.half_spread @ np.abs(z)
    return float(wanted(market, problem, z) + spread + impact_of(market, problem) @ z**2)


def value(market: Market, problem: AccountProblem, box: Box, u: FloatArray, s: FloatArray) -> float:
    """f(u, s) for purchases u (n,) and sales by segment s (n, m)."""
    sold = s.sum(axis=1)
    z = u - sold
    spread = market.half_spread @ (u + sold)
    impact = impact_of(market, problem) @ z**2
    costs = float(spread + impact + (box.tax * s).sum())
    return wanted(market, problem, z) + costs + softness(market, problem, box, u, s)


def gradients(
    market: Market, problem: AccountProblem, box: Box, u: FloatArray, s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """df/du (n,) and df/ds (n, m), without what soft constraints add."""
    z = u - s.sum(axis=1)
    of_z = slope(market, problem, z) + 2 * impact_of(market, problem) * z
    return of_z + market.half_spread, (market.half_spread - of_z)[:, None] + box.tax


def row_excess(row: Row, box: Box, u: FloatArray, s: FloatArray) -> float:
    """By how much a row is broken, in NAV; negative while there is room."""
    used = row.buy @ u + row.sell @ s.sum(axis=1)
    if row.gain is not None:
        used += (box.gains[row.gain] * s).sum()
    return float(used - row.limit)


def cap_excess(market: Market, problem: AccountProblem, cap: RiskCap, z: FloatArray) -> float:
    """By how much the volatility exceeds its cap; negative while there is room."""
    return volatility_of(market, cap.risk, problem.w0 + z) - cap.maximum


def softness(
    market: Market, problem: AccountProblem, box: Box, u: FloatArray, s: FloatArray
) -> float:
    """What broken soft rows and caps cost."""
    z = u - s.sum(axis=1)
    cost = 0.0
    for row in problem.rows:
        if row.soft_price < inf:
            cost += row.soft_price * max(row_excess(row, box, u, s), 0.0)
    for cap in problem.caps:
        if cap.soft_price < inf:
            cost += cap.soft_price * max(cap_excess(market, problem, cap, z), 0.0)
    return cost
