"""Variances as arrays: what an account's goal and its caps on risk are made of.

V(w) = |phi F'w - t|^2 + sum_i d_i (w_i - r_i)^2 + |G'w - g|^2, F of the market, all else
of a `Risk`. Tracking a model b is t = F'b and r = b; total risk is t = 0 and r = 0.
"""

import numpy as np

from optimizer.values import AccountProblem, FloatArray, Goal, Market, Risk


def risk_around(market: Market, reference: FloatArray) -> Risk:
    """The active variance of weights against `reference` (n,); zeros give the total variance."""
    names = len(reference)
    return Risk(
        t=market.F.T @ reference,
        d=market.d,
        r=reference,
        G=np.zeros((names, 0)),
        g=np.zeros(0),
    )


def goal_of(market: Market, problem: AccountProblem) -> Goal:
    """What the account wants; to track its model unless it says otherwise."""
    if problem.goal is not None:
        return problem.goal
    nothing = np.zeros_like(problem.b)
    return Goal(risk=risk_around(market, problem.b), alpha=nothing, budget=nothing)


def variance_of(market: Market, risk: Risk, w: FloatArray) -> float:
    """V(w), annualised."""
    factors = risk.phi * (market.F.T @ w) - risk.t
    own = risk.G.T @ w - risk.g
    return float(factors @ factors + risk.d @ (w - risk.r) ** 2 + own @ own)


def volatility_of(market: Market, risk: Risk, w: FloatArray) -> float:
    """The square root of V(w)."""
    return float(np.sqrt(variance_of(market, risk, w)))


def gradient_parts(
    market: Market, risk: Risk, w: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """dV/dw of the factors (n,), of the specific part (n,) and of each column of G (n, q)."""
    factor = 2 * risk.phi * (market.F @ (risk.phi * (market.F.T @ w) - risk.t))
    specific = 2 * risk.d * (w - risk.r)
    own = 2 * risk.G * (risk.G.T @ w - risk.g)
    return factor, specific, own


def gradient_of(market: Market, risk: Risk, w: FloatArray) -> FloatArray:
    """dV/dw, (n,)."""
    factor, specific, own = gradient_parts(market, risk, w)
    total: FloatArray = factor + specific + own.sum(axis=1)
    return total


def volatility_gradient(market: Market, risk: Risk, w: FloatArray) -> FloatArray:
    """Gradient of sqrt(V), (n,); 0 where there is no risk, which is a subgradient there."""
    volatility = volatility_of(market, risk, w)
    if volatility == 0:
        return np.zeros_like(w)
    slope: FloatArray = gradient_of(market, risk, w) / (2 * volatility)
    return slope


def curvature_of(market: Market, risk: Risk) -> FloatArray:
    """Half the second derivative of V in each name, (n,)."""
    half: FloatArray = risk.phi**2 * (market.F**2).sum(axis=1) + risk.d + (risk.G**2).sum(axis=1)
    return half
