"""Taxes and gains of selling more and more of each name, lot by lot, for all names at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.values import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Schedules:
    """Piecewise linear functions of shares sold, one a name, from nothing at nothing."""

    before: FloatArray  # (n, m) shares at which each piece begins.
    length: FloatArray  # (n, m) shares; 0 where there is no such piece.
    rate: FloatArray  # (n, m) dollars a share.

    @classmethod
    def of(cls, points: Sequence[tuple[FloatArray, FloatArray]]) -> "Schedules":
        """From each name's break points: shares sold and dollars, both from zero."""
        widest = max((len(shares) - 1 for shares, _ in points), default=0)
        before, length, rate = np.zeros((3, len(points), max(widest, 1)))
        for name, (shares, dollars) in enumerate(points):
            pieces = len(shares) - 1
            before[name, :pieces] = shares[:-1]
            length[name, :pieces] = np.diff(shares)
            np.divide(
                np.diff(dollars),
                length[name, :pieces],
                out=rate[name, :pieces],
                where=length[name, :pieces] > 0,
            )
        return cls(before, length, rate)

    def at(self, names: NDArray[np.intp], sold: FloatArray) -> FloatArray:
        """Dollars of selling `sold` (c,) shares of `names` (c,)."""
        taken = np.clip(sold[:, None] - self.before[names], 0, self.length[names])
        dollars: FloatArray = (taken * self.rate[names]).sum(axis=1)
        return dollars
