"""The convex program, written to be read: this is the specification.

One compiled program serves every account of the same shape (disciplined parametrised
programming: what differs between accounts is a parameter). The objective is divided by
the account's risk aversion and multiplied by 1e4, which brings it near one, where the
solvers' tolerances are meant.
"""

from copy import copy
from dataclasses import dataclass, field
from math import inf
from typing import Any

import cvxpy as cp
import numpy as np

from optimizer.box import Box
from optimizer.deadline import NEVER, Deadline
from optimizer.objective import EPSILON, impact_of
from optimizer.risks import goal_of
from optimizer.values import AccountProblem, FloatArray, Market, Risk

SCALE = 1e4
SPARE = 4  # Rows and own exposures are padded to a multiple, so that few shapes are compiled.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a solver returned, as it returned it: nothing is believed yet."""

    u: FloatArray  # (n,)
    s: FloatArray  # (n, m)
    row_duals: FloatArray  # One a row of the problem, >= 0, per NAV of the objective.
    cap_duals: FloatArray = field(default_factory=lambda: np.zeros(0))  # One a cap, likewise.


@dataclass(frozen=True, slots=True)
class Shape:
    """What a program is compiled for; everything else is a parameter."""

    segments: int  # Tax segments a name.
    rows: int
    exposures: tuple[int, ...]  # Own exposures (columns of G): of the goal, then of each cap.
    soft: bool  # Whether any row or cap may be broken at a price.
    gains: bool  # Whether a row counts realised gains.
    budget: bool  # Whether there are risk budgets.

    @classmethod
    def of(cls, market: Market, problem: AccountProblem, box: Box) -> "Shape":
        """The smallest compiled shape that fits."""
        goal = goal_of(market, problem)
        prices = [row.soft_price for row in problem.rows] + [c.soft_price for c in problem.caps]
        return cls(
            segments=box.segments.shape[1],
            rows=max(SPARE, _padded(len(problem.rows))),
            exposures=tuple(
                _padded(len(r.g)) for r in (goal.risk, *(c.risk for c in problem.caps))
            ),
            soft=min(prices, default=inf) < inf,
            gains=any(row.gain is not None for row in problem.rows),
            budget=bool(goal.budget.any()),
        )


def _padded(count: int) -> int:
    return -(-count // SPARE) * SPARE


class _Deviation:
    """What a variance is the squared length of: (phi F'w - t, sqrt(d) (w - r), G'w - g)."""

    def __init__(self, factors: cp.Expression, w: cp.Variable, exposures: int) -> None:
        self.phi = cp.Parameter(nonneg=True)
        self.t = cp.Parameter(factors.shape[0])
        self.root_d = cp.Parameter(w.size, nonneg=True)
        self.centre = cp.Parameter(w.size)
        parts = [self.phi * factors - self.t, cp.multiply(self.root_d, w) - self.centre]
        if exposures:
            self.G = cp.Parameter((exposures, w.size))
            self.g = cp.Parameter(exposures)
            parts.append(self.G @ w - self.g)
        self.vector = cp.hstack(parts)

    def set(self, risk: Risk) -> None:
        """Take the numbers of one variance."""
        root_d = np.sqrt(risk.d)
        self.phi.value, self.t.value = risk.phi, risk.t
        self.root_d.value, self.centre.value = root_d, root_d * risk.r
        if hasattr(self, "G"):
            spare = self.g.size - len(risk.g)
            self.G.value = np.vstack([risk.G.T, np.zeros((spare, len(risk.r)))])
            self.g.value = np.r_[risk.g, np.zeros(spare)]


class Program:
    """The model for accounts of one shape."""

    def __init__(self, market: Market, shape: Shape) -> None:
        names, factors = market.F.shape
        self.shape = shape
        self.u, self.s = cp.Variable(names), cp.Variable((names, shape.segments))
        w, F_w = cp.Variable(names), cp.Variable(factors)
        self.held = cp.Parameter(names)
        self.buy_limit = cp.Parameter(names, nonneg=True)
        self.sell_limit = cp.Parameter((names, shape.segments), nonneg=True)
        self.spread = cp.Parameter(names, nonneg=True)
        self.sell_cost = cp.Parameter((names, shape.segments))  # Half spread and tax.
        self.impact_root = cp.Parameter(names, nonneg=True)
        self.alpha = cp.Parameter(names)
        self.budget = cp.Parameter(names, nonneg=True)

        z = self.u - cp.sum(self.s, axis=1)
        self.risk = _Deviation(F_w, w, shape.exposures[0])
        impact = cp.sum_squares(cp.multiply(self.impact_root, z))
        costs = self.spread @ self.u + cp.sum(cp.multiply(self.sell_cost, self.s))
        objective = SCALE * (cp.sum_squares(self.risk.vector) + impact) + costs - self.alpha @ w
        if shape.budget:
            objective -= cp.sum(cp.multiply(self.budget, cp.log(w + EPSILON)))
        self.rows, self.caps, softness = self._limits(F_w, w)
        self.problem = cp.Problem(
            cp.Minimize(objective + softness),
            [
                w == self.held + z,
                F_w == market.F.T @ w,
                self.rows,
                *self.caps,
                self.u >= 0,
                self.u <= self.buy_limit,
                self.s >= 0,
                self.s <= self.sell_limit,
            ],
        )

    def _limits(
        self, F_w: cp.Variable, w: cp.Variable
    ) -> tuple[cp.Constraint, list[cp.Constraint], cp.Expression]:
        """Rows, caps on volatility, and what breaking the soft ones of them costs."""
        shape, names = self.shape, w.size
        self.buy_rows = cp.Parameter((shape.rows, names))
        self.limits = cp.Parameter(shape.rows)
        self.sell_rows = cp.Parameter(
            (shape.rows, names * shape.segments) if shape.gains else (shape.rows, names)
        )
        sold = cp.vec(self.s, order="C") if shape.gains else cp.sum(self.s, axis=1)
        used = self.buy_rows @ self.u + self.sell_rows @ sold
        self.deviations = [_Deviation(F_w, w, exposures) for exposures in shape.exposures[1:]]
        self.maxima = cp.Parameter(max(1, len(self.deviations)), nonneg=True)
        row_excess, cap_excess = 0.0, [0.0] * len(self.deviations)
        softness: Any = 0.0
        if shape.soft:
            count = shape.rows + len(self.deviations)
            excess = cp.Variable(count, nonneg=True)
            self.is_soft, self.soft_price = cp.Parameter(count), cp.Parameter(count, nonneg=True)
            allowed = cp.multiply(self.is_soft, excess)
            row_excess = allowed[: shape.rows]
            cap_excess = [allowed[shape.rows + at] for at in range(len(self.deviations))]
            softness = self.soft_price @ excess
        caps = [
            cp.norm(deviation.vector) <= self.maxima[at] + cap_excess[at]
            for at, deviation in enumerate(self.deviations)
        ]
        return used <= self.limits + row_excess, caps, softness

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
            cap_duals=np.array([float(np.sum(cap.dual_value)) for cap in self.caps]) * per_nav,
        )

    def _set(self, market: Market, problem: AccountProblem, box: Box) -> None:
        unit = SCALE / problem.risk_aversion
        goal = goal_of(market, problem)
        self.held.value = problem.w0
        self.risk.set(goal.risk)
        self.buy_limit.value = box.buy
        self.sell_limit.value = box.segments
        self.spread.value = unit * market.half_spread
        self.sell_cost.value = unit * (market.half_spread[:, None] + box.tax)
        self.impact_root.value = np.sqrt(impact_of(market, problem) / problem.risk_aversion)
        self.alpha.value, self.budget.value = unit * goal.alpha, unit * goal.budget
        self._set_limits(problem, box, unit)

    def _set_limits(self, problem: AccountProblem, box: Box, unit: float) -> None:
        rows = problem.rows
        spare = self.shape.rows - len(rows)
        nothing = np.zeros((spare, len(problem.w0)))
        sales = [self._sales(row.sell, box.gains[row.gain] if row.gain else None) for row in rows]
        self.buy_rows.value = np.vstack([row.buy for row in rows] + [nothing])
        self.sell_rows.value = np.vstack([*sales, np.zeros((spare, self.sell_rows.shape[1]))])
        self.limits.value = np.r_[[row.limit for row in rows], np.ones(spare)]
        self.maxima.value = np.array([cap.maximum for cap in problem.caps] or [0.0])
        for deviation, cap in zip(self.deviations, problem.caps, strict=True):
            deviation.set(cap.risk)
        if self.shape.soft:
            prices = np.r_[
                [row.soft_price for row in rows],
                np.full(spare, inf),
                [cap.soft_price for cap in problem.caps],
            ]
            self.is_soft.value = np.isfinite(prices).astype(float)
            self.soft_price.value = unit * np.where(np.isfinite(prices), prices, 1.0)

    def _sales(self, sell: FloatArray, gains: FloatArray | None) -> FloatArray:
        """A row's coefficients of what is sold: by name, or by segment where any row wants that."""
        if not self.shape.gains:
            return sell
        by_segment = np.repeat(sell[:, None], self.shape.segments, axis=1)
        return (by_segment if gains is None else by_segment + gains).ravel()


class Programs:
    """Compiled programs of one market, by solver and shape.

    A program is never shared between solvers: changing the solver of a compiled
    problem makes cvxpy compile it again.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.deadline = NEVER
        self._compiled: dict[tuple[str, Shape], Program] = {}

    def until(self, deadline: Deadline) -> "Programs":
        """The same programs, for answers that are wanted by then."""
        timed = copy(self)
        timed.deadline = deadline
        return timed

    def solve(self, problem: AccountProblem, box: Box, solver: str, options: Any) -> Answer | None:
        """Solve on the program that fits the account's shape."""
        shape = Shape.of(self.market, problem, box)
        if (solver, shape) not in self._compiled:
            self._compiled[solver, shape] = Program(self.market, shape)
        return self._compiled[solver, shape].solve(self.market, problem, box, solver, options)
