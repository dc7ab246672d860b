"""One account of the workload as a method sees it, and the judge of what the method answers."""

from dataclasses import dataclass

import numpy as np

from optimizer.batch import general_form
from optimizer.certificate import violation
from optimizer.fast.accounts import Accounts
from optimizer.fast.reduction import Arrays, Sides
from optimizer.model import Answer
from optimizer.objective import value
from optimizer.values import Market


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """One account: its arrays, what it holds and what it follows."""

    market: Market
    accounts: Accounts
    at: int
    arrays: Arrays
    w0: np.ndarray
    b: np.ndarray

    @classmethod
    def of(cls, market: Market, accounts: Accounts, at: int) -> "Instance":
        """Account `at` of the batch."""
        sides = Sides.of(market.F, accounts.buy, accounts.sell)
        return cls(
            market=market,
            accounts=accounts,
            at=at,
            arrays=accounts.arrays(at, market, sides),
            w0=accounts.w0[at],
            b=accounts.b[at],
        )

    @property
    def sells(self) -> np.ndarray:
        """Largest sale by name, (n,)."""
        most = np.zeros_like(self.w0)
        most[self.arrays.sellable] = self.arrays.segments.sum(axis=0)
        return most


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one answer: the whole objective, taxes and all, and the worst broken limit, of NAV."""

    objective: float
    violation: float


def judge(instance: Instance, z: np.ndarray) -> Judged:
    """The reference objective of trades z (n,), sales through the cheapest lots first."""
    problem, box = general_form(instance.accounts, instance.at, instance.arrays)
    u, s = np.maximum(z, 0), _through_lots(np.maximum(-z, 0), box.segments)
    none = np.zeros(len(problem.rows))
    oversold = float((np.maximum(-z, 0) - s.sum(axis=1)).max())
    return Judged(
        value(instance.market, problem, box, u, s),
        max(violation(problem, box, Answer(u=u, s=s, row_duals=none)), oversold),
    )


def _through_lots(sold: np.ndarray, segments: np.ndarray) -> np.ndarray:
    before = np.cumsum(segments, axis=1) - segments
    return np.clip(sold[:, None] - before, 0, segments)
