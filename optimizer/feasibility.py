"""Whether constraints can hold together, and the cheapest way to loosen them until they do.

Without caps on risk both are linear programs for HiGHS. A cap is a second-order cone, and
then the elastic program goes to Clarabel; whether all holds is read from what it loosens.
Owning no less than nothing and selling no more than is held are no constraints of the
client's and are never loosened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from scipy.optimize import linprog

from domain.orders import Side
from optimizer.box import Box, segments_of
from optimizer.values import AccountProblem, FloatArray, Lock, Market, Risk, RiskCap, Row

NOTHING = 1e-6  # Of NAV: HiGHS itself is exact to 1e-7; shorter than this is no shortfall.
_CLARABEL = {"tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9, "max_threads": 1}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """One constraint that may be loosened: coefficients'(u, s) <= limit, or a cap on risk."""

    of: Row | Lock | RiskCap
    label: str
    symbol: str  # Of a lock; "" for others.
    coefficients: FloatArray  # (n + n m,); empty for a cap.
    limit: float
    price: float


class Room:
    """What one account could trade if nobody forbade it: u (n,) and s (n, m), flattened."""

    def __init__(self, market: Market, problem: AccountProblem) -> None:
        self.market, self.problem = market, problem
        gains = any(row.gain is not None for row in problem.rows)
        whole = np.maximum(problem.w0, 0)[:, None]
        self.segments = segments_of(market, problem, list(problem.lots))[0] if gains else whole
        self.names, self.width = self.segments.shape

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """0 <= u <= 1 and 0 <= s <= what is held."""
        sales = [(0.0, float(most)) for most in self.segments.ravel()]
        return [(0.0, 1.0)] * self.names + sales

    def members(self, locks: Sequence[Lock], box: Box) -> list[Member]:
        """Hard rows, caps and locks, the first to be given up first."""
        rows = [self._row(row, box) for row in self.problem.rows if np.isinf(row.soft_price)]
        caps = [self._cap(cap) for cap in self.problem.caps if np.isinf(cap.soft_price)]
        found = [*rows, *caps, *(self._lock(lock) for lock in locks)]
        return sorted(found, key=lambda member: member.price)

    def _row(self, row: Row, box: Box) -> Member:
        sell = np.repeat(row.sell[:, None], self.width, axis=1)
        if row.gain is not None:
            sell = sell + box.gains[row.gain]
        return Member(
            of=row,
            label=row.label,
            symbol="",
            coefficients=np.r_[row.buy, sell.ravel()],
            limit=row.limit,
            price=row.relaxation_price,
        )

    def _cap(self, cap: RiskCap) -> Member:
        return Member(
            of=cap,
            label=cap.label,
            symbol="",
            coefficients=np.zeros(0),
            limit=cap.maximum,
            price=cap.relaxation_price,
        )

    def _lock(self, lock: Lock) -> Member:
        buy, sell = np.zeros(self.names), np.zeros((self.names, self.width))
        (buy if lock.side is Side.BUY else sell)[lock.name] = 1.0
        return Member(
            of=lock,
            label=lock.label,
            symbol=self.market.symbols[lock.name],
            coefficients=np.r_[buy, sell.ravel()],
            limit=lock.maximum,
            price=lock.relaxation_price,
        )

    def cheapest_relaxation(self, members: Sequence[Member]) -> tuple[FloatArray, FloatArray]:
        """How far each member is loosened when the dearest stay whole, and its dual.

        The members with a positive dual exclude each other by themselves: with the
        others gone, the same duals still prove that nothing holds.
        """
        if any(isinstance(member.of, RiskCap) for member in members):
            loosened, duals = self._by_cones(members)
        else:
            loosened, duals = self._by_rows(members)
        return np.where(loosened > NOTHING, loosened, 0.0), np.where(duals > NOTHING, duals, 0.0)

    def holds(self, members: Sequence[Member]) -> bool:
        """Whether the members can all hold together."""
        if not members:
            return True
        if any(isinstance(member.of, RiskCap) for member in members):
            return bool(self._by_cones(members)[0].sum() <= NOTHING)
        result = linprog(
            c=np.zeros(self.names * (1 + self.width)),
            A_ub=np.array([member.coefficients for member in members]),
            b_ub=[member.limit for member in members],
            bounds=self.bounds,
            method="highs",
        )
        return bool(result.status == 0)

    def _by_rows(self, members: Sequence[Member]) -> tuple[FloatArray, FloatArray]:
        count, size = len(members), self.names * (1 + self.width)
        matrix = np.hstack([np.array([member.coefficients for member in members]), -np.eye(count)])
        result = linprog(
            c=np.r_[np.zeros(size), [member.price for member in members]],
            A_ub=matrix,
            b_ub=[member.limit for member in members],
            bounds=self.bounds + [(0.0, None)] * count,
            method="highs",
        )
        assert result.status == 0, f"an elastic program always has an answer: {result.message}"
        return result.x[size:], -result.ineqlin.marginals

    def _by_cones(self, members: Sequence[Member]) -> tuple[FloatArray, FloatArray]:
        low, high = np.array(self.bounds).T
        x = cp.Variable(len(low))
        excess = cp.Variable(len(members), nonneg=True)
        sold = cp.sum(cp.reshape(x[self.names :], (self.names, self.width), order="C"), axis=1)
        w = self.problem.w0 + x[: self.names] - sold
        limits = [
            cp.norm(self._deviation(member.of.risk, w)) <= member.limit + excess[at]
            if isinstance(member.of, RiskCap)
            else member.coefficients @ x <= member.limit + excess[at]
            for at, member in enumerate(members)
        ]
        prices = np.array([member.price for member in members])
        program = cp.Problem(cp.Minimize(prices @ excess), [*limits, x >= low, x <= high])
        program.solve(solver=cp.CLARABEL, **_CLARABEL)
        assert excess.value is not None, (
            f"an elastic program always has an answer: {program.status}"
        )
        duals = [float(np.sum(limit.dual_value)) for limit in limits]
        return np.maximum(excess.value, 0), np.array(duals)

    def _deviation(self, risk: Risk, w: cp.Expression) -> cp.Expression:
        F = self.market.F
        return cp.hstack(
            [
                risk.phi * (F.T @ w) - risk.t,
                cp.multiply(np.sqrt(risk.d), w - risk.r),
                *([risk.G.T @ w - risk.g] if len(risk.g) else []),
            ]
        )
