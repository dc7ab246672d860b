"""Looking ahead: the best path to the goal in a few steps, of which the first is traded.

Model predictive control (Boyd et al., "Multi-Period Trading via Convex Optimization", 2017,
chapter 5). With U and S what is bought and sold up to a step, w = w0 + U - S:

minimise  sum over steps of  share * (lam V(w) - alpha'w)     the last has the rest of the year
        + half spread, impact and tax of the step's own trades, each sale taxed as on its day
        + what soft rows cost that are broken in the end (turnover: in any step)
subject to  turnover and budgets of gains in every step; no lot sold twice;
            cash and the box in every step; all other rows at the last step, and before it
            no further from them than the account is today

Prices are expected to stay as they are; alpha says otherwise.
"""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from optimizer.box import Box
from optimizer.objective import impact_of
from optimizer.risks import goal_of
from optimizer.values import AccountProblem, FloatArray, Market, Risk, Row, Staged

SCALE = 1e4
_CLARABEL = {"tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9, "max_threads": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Trades of each step, (steps, n)."""

    z: FloatArray

    @property
    def turnovers(self) -> FloatArray:
        """Sum of |trade| of each step, of NAV."""
        sizes: FloatArray = np.abs(self.z).sum(axis=1)
        return sizes


def best_path(market: Market, problem: AccountProblem, box: Box, staged: Staged) -> Path | None:
    """The best path within the box; None when there is none."""
    program = _Program(market, problem, box, staged)
    return program.solve()


class _Program:
    """The convex program of one account's path."""

    def __init__(self, market: Market, problem: AccountProblem, box: Box, staged: Staged) -> None:
        self.market, self.problem, self.box, self.staged = market, problem, box, staged
        self.segments = _lot_weights(market, problem, box)
        names, lots = self.segments.shape
        self.u = [cp.Variable(names, nonneg=True) for _ in range(staged.steps)]
        self.s = [cp.Variable((names, lots), nonneg=True) for _ in range(staged.steps)]

    def solve(self) -> Path | None:
        """None when the solver finds no path."""
        constraints = [
            constraint for step in range(self.staged.steps) for constraint in self._at(step)
        ]
        objective = sum(self._cost(step) for step in range(self.staged.steps))
        unit = SCALE / self.problem.risk_aversion
        program = cp.Problem(cp.Minimize(unit * objective), constraints)
        program.solve(solver=cp.CLARABEL, **_CLARABEL)
        if self.u[0].value is None:
            return None
        trades = [u.value - s.value.sum(axis=1) for u, s in zip(self.u, self.s, strict=True)]
        return Path(np.array(trades))

    def _bought(self, step: int) -> cp.Expression:
        return sum(self.u[: step + 1])

    def _sold(self, step: int) -> cp.Expression:
        return cp.sum(sum(self.s[: step + 1]), axis=1)

    def _cost(self, step: int) -> cp.Expression:
        """What the step's trades cost, and what is held after them costs until the next."""
        market, problem, goal = self.market, self.problem, goal_of(self.market, self.problem)
        u, s = self.u[step], self.s[step]
        sold = cp.sum(s, axis=1)
        trading = market.half_spread @ (u + sold)
        trading += cp.sum_squares(cp.multiply(np.sqrt(impact_of(market, problem)), u - sold))
        tax = cp.sum(cp.multiply(_lot_taxes(market, self.box, self.staged, step), s))
        w = problem.w0 + self._bought(step) - self._sold(step)
        held = problem.risk_aversion * self._variance(goal.risk, w) - goal.alpha @ w
        if goal.budget.any():
            held -= goal.budget @ cp.log(w + 1e-6)
        return trading + tax + self._share(step) * held + self._softness(step)

    def _softness(self, step: int) -> cp.Expression:
        """What broken soft rows cost: turnover in its step, all others at the end."""
        last = step == self.staged.steps - 1
        costs = []
        for row in self.problem.rows:
            own = row.name == "turnover"
            if np.isinf(row.soft_price) or not (own or last):
                continue
            bought = self.u[step] if own else self._bought(step)
            sold = cp.sum(self.s[step], axis=1) if own else self._sold(step)
            used = row.buy @ bought + row.sell @ sold
            if row.gain is not None:
                used += cp.sum(cp.multiply(_lot_gains(self.market, self.box, row), sum(self.s)))
            costs.append(row.soft_price * cp.pos(used - row.limit))
        return cp.sum(cp.hstack(costs)) if costs else cp.Constant(0.0)

    def _share(self, step: int) -> float:
        """The part of a year for which what the step leaves is held."""
        last = step == self.staged.steps - 1
        rest = max(1 - self.staged.share * step, self.staged.share)
        return rest if last else self.staged.share

    def _variance(self, risk: Risk, w: cp.Expression) -> cp.Expression:
        F = self.market.F
        parts = cp.sum_squares(risk.phi * (F.T @ w) - risk.t)
        parts += cp.sum_squares(cp.multiply(np.sqrt(risk.d), w - risk.r))
        return parts + cp.sum_squares(risk.G.T @ w - risk.g) if len(risk.g) else parts

    def _at(self, step: int) -> list[cp.Constraint]:
        """What holds after a step, or in it."""
        bought, sold = self._bought(step), self._sold(step)
        found = [bought <= self.box.buy, sum(self.s[: step + 1]) <= self.segments]
        last = step == self.staged.steps - 1
        for row in self.problem.rows:
            if not np.isinf(row.soft_price):
                continue
            if row.gain is not None:
                gains = _lot_gains(self.market, self.box, row)
                found.append(cp.sum(cp.multiply(gains, self.s[step])) <= row.limit)
            elif row.name == "turnover":
                here = row.buy @ self.u[step] + row.sell @ cp.sum(self.s[step], axis=1)
                found.append(here <= row.limit)
            else:
                limit = row.limit if last or row.name == "cash" else max(row.limit, 0.0)
                found.append(row.buy @ bought + row.sell @ sold <= limit)
        if last:
            w = self.problem.w0 + bought - sold
            found += [
                self._variance(cap.risk, w) <= cap.maximum**2
                for cap in self.problem.caps
                if np.isinf(cap.soft_price)
            ]
        return found


def _by_lot(market: Market, box: Box) -> tuple[int, FloatArray]:
    """The most lots of a name, and prices (n, 1)."""
    return max(1, *(len(lots) for lots in box.lots)), market.price[:, None]


def _lot_weights(market: Market, problem: AccountProblem, box: Box) -> FloatArray:
    """What each lot is worth of NAV, (n, lots), in the order of relief."""
    most, price = _by_lot(market, box)
    shares = np.zeros((len(box.lots), most))
    for name, lots in enumerate(box.lots):
        shares[name, : len(lots)] = [float(lot.shares) for lot in lots]
    weights: FloatArray = shares * price / float(problem.nav)
    return weights


def _lot_taxes(market: Market, box: Box, staged: Staged, step: int) -> FloatArray:
    """Tax per dollar of each lot as the objective weighs it on the step's day, (n, lots)."""
    most, price = _by_lot(market, box)
    taxes = np.zeros((len(box.lots), most))
    for name, lots in enumerate(box.lots):
        taxes[name, : len(lots)] = [staged.taxes[step].get(lot.lot_id, 0.0) for lot in lots]
    per_dollar: FloatArray = taxes / price
    return per_dollar


def _lot_gains(market: Market, box: Box, row: Row) -> FloatArray:
    """Gain per dollar of each lot of the kind that a row counts, (n, lots)."""
    assert row.gain is not None
    most, price = _by_lot(market, box)
    gains = np.zeros((len(box.lots), most))
    for name, lots in enumerate(box.lots):
        gains[name, : len(lots)] = [row.gain.of(lot) for lot in lots]
    per_dollar: FloatArray = gains / price
    return per_dollar
