"""Positive definiteness: checked before anything is optimised on a covariance, and said.

A covariance from pairs of series or from rounded numbers may have small negative
eigenvalues: they are set to nothing and every variance is kept (the correlation is
scaled back to ones; Rebonato and Jaeckel, "The Most General Methodology to Create a
Valid Correlation Matrix", 1999). One that is far from definite is a mistake and is refused.
"""

import numpy as np

from domain.errors import BadInputError
from optimizer.values import FloatArray

ROUNDING = 1e-12  # Of the largest eigenvalue: arithmetic.
FAR = 0.05  # Of the largest eigenvalue: no rounding makes that.


class IndefiniteRiskError(BadInputError):
    """A covariance that no risk could have."""

    def __init__(self, *, what: str, lowest: float, highest: float) -> None:
        super().__init__(
            f"{what} has an eigenvalue of {lowest:.3g} beside {highest:.3g}: it is no covariance; "
            "correct its numbers, or estimate it from prices"
        )
        self.what, self.lowest, self.highest = what, lowest, highest


def definite(covariance: FloatArray, what: str) -> tuple[FloatArray, tuple[str, ...]]:
    """The covariance (k, k) as a positive semidefinite one, and what was done to it in words.

    Raises `IndefiniteRiskError` for one that is not symmetric or far from definite.
    """
    largest = float(np.abs(covariance).max(initial=0.0))
    if np.abs(covariance - covariance.T).max(initial=0.0) > 1e-9 * max(largest, 1e-300):
        raise BadInputError(f"{what} is not symmetric; state each pair once, or alike twice")
    symmetric = (covariance + covariance.T) / 2
    values, vectors = np.linalg.eigh(symmetric)
    lowest, highest = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    if lowest >= -ROUNDING * highest:
        return symmetric, ()
    if lowest < -FAR * highest:
        raise IndefiniteRiskError(what=what, lowest=lowest, highest=highest)
    raised = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = np.sqrt(np.diag(symmetric) / np.maximum(np.diag(raised), np.finfo(float).tiny))
    mended: FloatArray = raised * np.outer(scale, scale)
    moved = float(np.abs(mended - symmetric).max())
    note = (
        f"{what} had an eigenvalue of {lowest:.3g}: it was set to 0 and the variances kept, which "
        f"moved no entry by more than {moved:.3g}"
    )
    return mended, (note,)


def root_of(covariance: FloatArray) -> FloatArray:
    """R (k, k) with R R' = covariance, of a positive semidefinite one."""
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
