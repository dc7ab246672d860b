"""Statistical factors of shrunk return correlations.

Correlations are shrunk towards the identity (Ledoit and Wolf, "A well-conditioned
estimator for large-dimensional covariance matrices", 2004). Factors are the
eigenvectors above the edge that pure noise would reach (Laloux, Cizeau, Bouchaud and
Potters, "Noise dressing of financial correlation matrices", 1999). What the factors
leave of each name's variance is specific, so that every name keeps its own volatility.
"""

import numpy as np
from sklearn.covariance import LedoitWolf

from optimizer.values import FloatArray

TRADING_DAYS = 252
SPECIFIC_FLOOR = 0.05  # Of a name's variance: no name is all market.


def loadings_of(standard: FloatArray, weights: FloatArray) -> FloatArray:
    """Factor loadings (n, k) of standardised returns (days, n), at most 1 - floor of a variance.

    `weights` (days,) add up to 1; days of unequal weight count as fewer days for the
    edge of noise.
    """
    names = standard.shape[1]
    days = 1 / (weights**2).sum()
    weighted = standard * np.sqrt(weights * len(weights))[:, None]
    shrunk = LedoitWolf(assume_centered=True).fit(weighted).covariance_
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
