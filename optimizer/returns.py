"""Returns from closes: what is missing stays missing, and what is old may count less."""

from dataclasses import dataclass

import numpy as np

from optimizer.values import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """Daily log returns with weights of days."""

    daily: FloatArray  # (days, n), NaN where either close is missing.
    weights: FloatArray  # (days,), 1 in sum.

    @property
    def coverage(self) -> FloatArray:
        """The part of days on which each name has a return, (n,)."""
        covered: FloatArray = (~np.isnan(self.daily)).mean(axis=0)
        return covered

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Weighted mean and standard deviation of each name over its own days, (n,) each.

        With equal weights it is the sample's, with one degree of freedom taken off.
        """
        known = ~np.isnan(self.daily)
        weights = self.weights[:, None] * known
        total = weights.sum(axis=0)
        total = np.where(total > 0, total, 1.0)
        filled = np.where(known, self.daily, 0.0)
        mean = (weights * filled).sum(axis=0) / total
        square = (weights * np.where(known, filled - mean, 0.0) ** 2).sum(axis=0) / total
        left = 1 - (weights**2).sum(axis=0) / total**2
        variance = np.divide(square, left, out=np.zeros_like(square), where=left > 1e-12)
        return mean, np.sqrt(variance)


def returns_of(closes: FloatArray, half_life: float | None = None) -> Returns:
    """Returns (days - 1, n) of closes (n, days); NaN is a missing close.

    `half_life` in days: a return that much older counts half (EWMA).
    """
    daily = np.diff(np.log(closes), axis=1).T
    age = np.arange(len(daily))[::-1]
    raw = np.ones(len(daily)) if half_life is None else 0.5 ** (age / half_life)
    return Returns(daily, raw / raw.sum())
