"""The convex program, written to be read: this is the specification.

One compiled program serves every account of the same shape (disciplined parametrised
programming: what differs between accounts is a parameter). The objective is divided by
the account's risk aversion and multiplied by 1e4, which brings it near one, where the
solvers' tolerances are meant.
"""

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np

from optimizer.box import Box
from optimizer.objective import impact_of
from optimizer.values import AccountProblem, FloatArray, Market

SCALE = 1e4
SPARE_ROWS = 4  # Rows are padded to a multiple, so that few shapes are compiled.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a solver returned, as it returned it: nothing is believed yet."""

    u: FloatArray  # (n,)
    s: FloatArray  # (n, m)
    row_duals: FloatArray  # One a row of the problem, >= 0, per NAV of the objective.


class Program:
    """The model for accounts of one shape: m tax segments a name, so many rows."""

    def __init__(self, market: Market, *, segments: int, rows: int) -> None:
        names, factors = market.F.shape
        self.u = cp.Variable(names)
        self.s = cp.Variable((names, segments))
        factor_exposure = cp.Variable(factors)
        self.active = cp.Parameter(names)  # w0 - b
        self.buy_limit = cp.Parameter(names, nonneg=True)
        self.sell_limit = cp.Parameter((names, segments), nonneg=True)
        self.spread = cp.Parameter(names, nonneg=True)
        self.sell_cost = cp.Parameter((names, segments))  # Half spread and tax.
        self.impact_root = cp.Parameter(names, nonneg=True)
        self.buy_rows = cp.Parameter((rows, names))
        self.sell_rows = cp.Parameter((rows, names))
        self.limits = cp.Parameter(rows)

        sold = cp.sum(self.s, axis=1)
        z = self.u - sold
        active = self.active + z
        risk = cp.sum_squares(factor_exposure) + cp.sum_squares(
            cp.multiply(np.sqrt(market.d), active)
        )
        impact = cp.sum_squares(cp.multiply(self.impact_root, z))
        costs = self.spread @ self.u + cp.sum(cp.multiply(self.sell_cost, self.s))
        self.rows = self.buy_rows @ self.u + self.sell_rows @ sold <= self.limits
        self.problem = cp.Problem(
            cp.Minimize(SCALE * (risk + impact) + costs),
            [
                factor_exposure == market.F.T @ active,
                self.rows,
                self.u >= 0,
                self.u <= self.buy_limit,
                self.s >= 0,
                self.s <= self.sell_limit,
            ],
        )

    def solve(
        self, market: Market, problem: AccountProblem, box: Box, solver: str, options: Any
    ) -> Answer | None:
        """The solver's answer, or None when it has none; raises what the solver raises."""
        self._set(market, problem, box)
        self.problem.solve(solver=solver, warm_start=False, **options)
        if self.u.value is None or self.rows.dual_value is None:
            return None
        per_nav = problem.risk_aversion / SCALE
        return Answer(
            u=np.asarray(self.u.value),
            s=np.asarray(self.s.value),
            row_duals=np.asarray(self.rows.dual_value)[: len(problem.rows)] * per_nav,
        )

    def _set(self, market: Market, problem: AccountProblem, box: Box) -> None:
        unit = SCALE / problem.risk_aversion
        spare = self.limits.size - len(problem.rows)
        names = len(problem.w0)
        self.active.value = problem.w0 - problem.b
        self.buy_limit.value = box.buy
        self.sell_limit.value = box.segments
        self.spread.value = unit * market.half_spread
        self.sell_cost.value = unit * (market.half_spread[:, None] + box.tax)
        self.impact_root.value = np.sqrt(impact_of(market, problem) / problem.risk_aversion)
        nothing = [np.zeros(names)] * spare
        self.buy_rows.value = np.array([row.buy for row in problem.rows] + nothing)
        self.sell_rows.value = np.array([row.sell for row in problem.rows] + nothing)
        self.limits.value = np.array([row.limit for row in problem.rows] + [1.0] * spare)


class Programs:
    """Compiled programs of one market, by solver and shape.

    A program is never shared between solvers: changing the solver of a compiled
    problem makes cvxpy compile it again.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._compiled: dict[tuple[str, int, int], Program] = {}

    def solve(self, problem: AccountProblem, box: Box, solver: str, options: Any) -> Answer | None:
        """Solve on the program that fits the account's shape."""
        segments = box.segments.shape[1]
        rows = max(1, -(-len(problem.rows) // SPARE_ROWS)) * SPARE_ROWS
        key = (solver, segments, rows)
        if key not in self._compiled:
            self._compiled[key] = Program(self.market, segments=segments, rows=rows)
        return self._compiled[key].solve(self.market, problem, box, solver, options)
