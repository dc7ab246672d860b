"""The objective as a formula, apart from any solver: what the answer is judged by.

f(u, s) = lam * (|F'(w - b)|^2 + sum_i d_i (w_i - b_i)^2)      tracking risk
        + sum_i c_i (u_i + s_i) + sum_i kappa_i z_i^2          half spread, impact
        + sum_ij tax_ij s_ij                                   tax by segment
with w = w0 + z, z_i = u_i - sum_j s_ij; c is the half spread of the market, kappa its
impact times NAV; everything is a fraction of NAV.
"""

import numpy as np

from optimizer.box import Box
from optimizer.values import AccountProblem, FloatArray, Market


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
    """d(risk)/dz, (n,), of the factors and of the specific part."""
    active = problem.w0 + z - problem.b
    twice = 2 * problem.risk_aversion
    return twice * (market.F @ (market.F.T @ active)), twice * market.d * active


def untaxed(market: Market, problem: AccountProblem, z: FloatArray) -> float:
    """The objective of a trade z (n,) without its tax."""
    risk = problem.risk_aversion * variance(market, problem.w0 + z - problem.b)
    spread = market.half_spread @ np.abs(z)
    return float(risk + spread + impact_of(market, problem) @ z**2)


def value(market: Market, problem: AccountProblem, box: Box, u: FloatArray, s: FloatArray) -> float:
    """f(u, s) for purchases u (n,) and sales by segment s (n, m)."""
    sold = s.sum(axis=1)
    z = u - sold
    risk = problem.risk_aversion * variance(market, problem.w0 + z - problem.b)
    spread = market.half_spread @ (u + sold)
    impact = impact_of(market, problem) @ z**2
    return float(risk + spread + impact + (box.tax * s).sum())


def gradients(
    market: Market, problem: AccountProblem, box: Box, u: FloatArray, s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """df/du (n,) and df/ds (n, m)."""
    z = u - s.sum(axis=1)
    factor, specific = risk_gradients(market, problem, z)
    slope = factor + specific + 2 * impact_of(market, problem) * z
    return slope + market.half_spread, (market.half_spread - slope)[:, None] + box.tax
