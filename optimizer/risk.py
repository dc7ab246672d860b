"""The risk model: statistical factors of shrunk return correlations, annualised.

Correlations are shrunk towards the identity (Ledoit and Wolf, "A well-conditioned
estimator for large-dimensional covariance matrices", 2004). Factors are the
eigenvectors above the edge that pure noise would reach (Laloux, Cizeau, Bouchaud and
Potters, "Noise dressing of financial correlation matrices", 1999). What the factors
leave of each name's variance is specific, so that every name keeps its own volatility.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import LedoitWolf

from domain.instruments import LEAST_HISTORY_DAYS
from optimizer.values import FloatArray

TRADING_DAYS = 252
SPECIFIC_FLOOR = 0.05  # Of a name's variance: no name is all market.


@dataclass(frozen=True, slots=True, eq=False)
class RiskModel:
    """Sigma = F F' + diag(d), annualised; `daily` is each name's daily volatility."""

    F: FloatArray  # (n, k)
    d: FloatArray  # (n,)
    daily: FloatArray  # (n,)


def estimate(closes: FloatArray) -> RiskModel:
    """Estimate from closing prices, (n, days); LEAST_HISTORY_DAYS at least, all positive.

    A name whose price never moves has no correlation to estimate: it gets no
    factor exposure and no variance.
    """
    assert closes.ndim == 2
    assert closes.shape[1] >= LEAST_HISTORY_DAYS
    assert np.all(closes > 0)
    returns = np.diff(np.log(closes), axis=1).T
    daily = returns.std(axis=0, ddof=1)
    moving = daily > 0
    names, days = len(daily), len(returns)
    F = np.zeros((names, 1))
    if moving.any():
        standard = (returns - returns.mean(axis=0))[:, moving] / daily[moving]
        loadings = _loadings(standard, days)
        F = np.zeros((names, loadings.shape[1]))
        F[moving] = loadings * (daily[moving] * np.sqrt(TRADING_DAYS))[:, None]
    variance = daily**2 * TRADING_DAYS
    return RiskModel(F=F, d=np.maximum(variance - (F**2).sum(axis=1), 0.0), daily=daily)


def _loadings(standard: FloatArray, days: int) -> FloatArray:
    """Factor loadings of standardised returns (days, n), at most 1 - floor of each variance."""
    names = standard.shape[1]
    shrunk = LedoitWolf(assume_centered=True).fit(standard).covariance_
    values, vectors = np.linalg.eigh(shrunk)
    values, vectors = values[::-1], vectors[:, ::-1]
    edge = (1 + np.sqrt(names / days)) ** 2
    kept = int(np.clip((values > edge).sum(), 1, max(1, names // 2)))
    signs = np.where(vectors[:, :kept].sum(axis=0) < 0, -1.0, 1.0)
    loadings: FloatArray = vectors[:, :kept] * signs * np.sqrt(values[:kept])
    share = (loadings**2).sum(axis=1)
    excess = np.maximum(share / (1 - SPECIFIC_FLOOR), 1.0)
    bounded: FloatArray = loadings / np.sqrt(excess)[:, None]
    return bounded
