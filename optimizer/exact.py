"""The best whole shares there are, proven by HiGHS: on demand, as it may take long.

Risk and impact are sums of squares of linear expressions, one for each factor and one for each
name. HiGHS is given tangents of each square instead, which never lie above it, so the optimum of
its mixed-integer program bounds the real one from below; the shares that it returns are priced
exactly and bound it from above. Tangents are added where they were too low until the two meet
(outer approximation; Duran and Grossmann 1986).
"""

from dataclasses import dataclass, replace
from math import inf

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from optimizer.box import Box
from optimizer.deadline import NEVER, Deadline
from optimizer.model import Programs
from optimizer.risks import goal_of
from optimizer.search import Found
from optimizer.ticket import Shares, Ticket
from optimizer.values import AccountProblem, FloatArray, Market
from optimizer.words import basis_points

IntArray = NDArray[np.intp]
UNIT = 1e4  # The program counts in basis points: HiGHS is exact to 1e-6 of its own numbers.
MEET = 1e-7  # Of NAV, between the two bounds: a thousandth of a basis point.
MOST_ROUNDS = 200
SPREAD = (0.0, 0.25, 0.5, 0.75, 1.0)  # First tangents, from the least to the most of each square.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exact:
    """Whole shares and how good they are."""

    shares: Shares  # (n,), buys positive.
    objective: float  # Of NAV, taxes by the lot.
    bound: float  # No whole shares have less.

    @property
    def proven(self) -> bool:
        """Whether nothing better is left to find."""
        return self.objective - self.bound <= MEET


def exactly(programs: Programs, problem: AccountProblem, found: Found) -> tuple[Found, str]:
    """The answer in the best whole shares, and a sentence that says how far that is proven."""
    exact = exact_shares(programs.market, problem, found.box, found.shares, programs.deadline)
    if isinstance(exact, str):
        return found, f"Whole shares were not proven best: {exact}."
    before = Ticket.of(programs.market, problem, found.box).objective(found.shares)
    gained, left = before - exact.objective, exact.objective - exact.bound
    told = (
        f"Whole shares are within {basis_points(left)} of NAV of the best there are, by HiGHS; "
        f"{basis_points(gained)} better than those found at once."
    )
    return replace(found, shares=exact.shares), told


def exact_shares(
    market: Market,
    problem: AccountProblem,
    box: Box,
    start: Shares,
    deadline: Deadline = NEVER,
) -> Exact | str:
    """The best whole shares within `box`, at least as good as `start`; or why not, in words.

    Without the time to prove it: the best found by the deadline, with its bound.
    """
    if why := _unfit(problem):
        return why
    ticket = Ticket.of(market, problem, box)
    program = _Program(ticket, box)
    best, value, bound = start, ticket.objective(start), -inf
    if ticket.shortfall(start) > 0:
        value = inf
    for _ in range(MOST_ROUNDS):
        if deadline.passed():
            break
        found = program.solve(deadline)
        if found is None:
            break
        shares, low = found
        bound = max(bound, low)
        here = ticket.objective(shares)
        if here < value and not ticket.breaks_rows(shares):
            best, value = shares, here
        if value - bound <= MEET:
            break
        program.touch(shares)
    if value == inf:
        return "no whole shares that keep every row were found"
    return Exact(shares=best, objective=value, bound=min(bound, value))


def _unfit(problem: AccountProblem) -> str:
    if problem.caps or any(row.gain is not None or row.soft_price < inf for row in problem.rows):
        return "caps on risk, soft rows and budgets of gains are beyond the exact program"
    if problem.goal is not None and problem.goal.budget.any():
        return "risk budgets are beyond the exact program"
    return ""


class _Program:
    """The mixed-integer program.

    Columns: lots bought, lots sold, whether bought, whether sold, shares sold of each tax lot,
    whether the lot before is used up, squares.
    """

    def __init__(self, ticket: Ticket, box: Box) -> None:
        self.ticket, self.n = ticket, len(ticket.share)
        self.lots = [(name, at) for name, lots in enumerate(box.lots) for at in range(len(lots))]
        self.lot_shares = np.array(
            [float(box.lots[name][at].shares) for name, at in self.lots], dtype=float
        )
        self.taxes = np.array(
            [float(box.lots[n][at].weighed_per_share) for n, at in self.lots], dtype=float
        ) / float(ticket.problem.nav)
        self.expressions, self.constants = self._squares()
        self.columns = 4 * self.n + 2 * len(self.lots) + len(self.constants)
        self.fixed = self._fixed()
        self.tangents: list[tuple[int, float]] = []
        self._first_tangents()

    def solve(self, deadline: Deadline) -> tuple[Shares, float] | None:
        """Whole shares, and a value that none is below."""
        n, lots = self.n, len(self.lots)
        ticket = self.ticket
        whole = np.r_[np.ones(4 * n), np.zeros(lots), np.ones(lots), np.zeros(len(self.constants))]
        top = np.r_[
            *(ticket.most / ticket.step, -ticket.least / ticket.step, np.ones(2 * n)),
            *(self.lot_shares, np.ones(lots), np.full(len(self.constants), np.inf)),
        ]
        options = {"mip_rel_gap": 0.0}
        if deadline.left < inf:
            options["time_limit"] = max(deadline.left, 0.01)
        result = milp(
            c=self._costs(),
            integrality=whole,
            bounds=Bounds(0, top),
            constraints=[*self.fixed, self._cuts()],
            options=options,
        )
        if result.x is None or result.mip_dual_bound is None:
            return None
        traded = np.round(result.x[:n]) - np.round(result.x[n : 2 * n])
        shares: Shares = traded.astype(np.int64) * ticket.step
        return shares, float(result.mip_dual_bound) / UNIT + self._constant()

    def touch(self, shares: Shares) -> None:
        """A tangent to every square at these shares."""
        values = self.expressions @ (shares / self.ticket.step) + self.constants
        self.tangents += list(enumerate(values))
        self.tangents = list(dict.fromkeys(self.tangents))

    def _squares(self) -> tuple[FloatArray, FloatArray]:
        """Rows (squares, n) by lots traded, and what they are at no trade."""
        ticket = self.ticket
        market, problem = ticket.market, ticket.problem
        risk, w0 = goal_of(market, problem).risk, problem.w0
        lot = ticket.share * ticket.step
        own = np.sqrt(UNIT * problem.risk_aversion)
        parts = [
            (own * risk.phi * market.F.T, own * (risk.phi * market.F.T @ w0 - risk.t)),
            (own * risk.G.T, own * (risk.G.T @ w0 - risk.g)),
            (np.diag(own * np.sqrt(risk.d)), own * np.sqrt(risk.d) * (w0 - risk.r)),
            (np.diag(np.sqrt(UNIT * ticket.impact)), np.zeros(self.n)),
        ]
        rows = np.vstack([part for part, _ in parts]) * lot
        constants = np.concatenate([constant for _, constant in parts])
        alive = (np.abs(rows) > 0).any(axis=1)
        self.settled = float((constants[~alive] ** 2).sum())
        return rows[alive], constants[alive]

    def _constant(self) -> float:
        """What the objective has beside the columns."""
        goal = goal_of(self.ticket.market, self.ticket.problem)
        return self.settled / UNIT - float(goal.alpha @ self.ticket.problem.w0)

    def _costs(self) -> FloatArray:
        ticket, lots = self.ticket, len(self.lots)
        lot: FloatArray = ticket.share * ticket.step
        alpha = goal_of(ticket.market, ticket.problem).alpha
        spread = ticket.market.half_spread
        costs: FloatArray = np.r_[
            *(UNIT * (spread - alpha) * lot, UNIT * (spread + alpha) * lot, np.zeros(2 * self.n)),
            *(UNIT * self.taxes, np.zeros(lots), np.ones(len(self.constants))),
        ]
        return costs

    def _fixed(self) -> list[LinearConstraint]:
        """Rows, tickets, and lots relieved in their order."""
        ticket, n = self.ticket, self.n
        step = ticket.step.astype(float)
        bought, sold = np.arange(n), n + np.arange(n)
        buys, sells = 2 * n + np.arange(n), 3 * n + np.arange(n)
        lot, rows = ticket.share * step, len(ticket.buy_rows)
        at_rows = sp.csr_matrix(np.hstack([ticket.buy_rows * lot, ticket.sell_rows * lot]))
        spare = sp.csr_matrix((rows, self.columns - 2 * n))
        sides = (
            (bought, buys, ticket.most / step),
            (sold, sells, -ticket.least / step),
        )
        owner = np.array([name for name, _ in self.lots], dtype=int)
        of_lots = sp.csr_matrix(
            (-np.ones(len(owner)), (owner, 4 * n + np.arange(len(owner)))), (n, self.columns)
        )
        return [
            LinearConstraint(sp.hstack([at_rows, spare]), -np.inf, ticket.limits[:rows]),
            *(
                LinearConstraint(self._pairs((traded, 1.0), (whether, -most)), -np.inf, 0)
                for traded, whether, most in sides
            ),
            *(
                LinearConstraint(
                    self._pairs((traded, 1.0), (whether, -ticket.smallest / step)), 0, np.inf
                )
                for traded, whether, _ in sides
            ),
            LinearConstraint(self._pairs((buys, 1.0), (sells, 1.0)), -np.inf, 1),
            LinearConstraint(self._pairs((sold, step)) + of_lots, 0, 0),
            *self._in_order(),
        ]

    def _in_order(self) -> list[LinearConstraint]:
        """A lot is sold from only where the one before is used up (a column says so)."""
        later = np.array([at for at, (_, number) in enumerate(self.lots) if number > 0], dtype=int)
        if not len(later):
            return []
        sold = 4 * self.n + later
        used_up = sold + len(self.lots)
        before, own = self.lot_shares[later - 1], self.lot_shares[later]
        return [
            LinearConstraint(self._pairs((sold - 1, 1.0), (used_up, -before)), 0, np.inf),
            LinearConstraint(self._pairs((sold, 1.0), (used_up, -own)), -np.inf, 0),
        ]

    def _pairs(self, *terms: tuple[IntArray, FloatArray | float]) -> sp.csr_matrix:
        """One row for each of the columns named, which are as many in every term."""
        rows = np.arange(len(terms[0][0]))
        values = [np.broadcast_to(value, len(rows)) for _, value in terms]
        where = np.concatenate([rows] * len(terms)), np.concatenate([at for at, _ in terms])
        return sp.csr_matrix((np.concatenate(values), where), shape=(len(rows), self.columns))

    def _first_tangents(self) -> None:
        ends = np.array([self.ticket.least, self.ticket.most]) / self.ticket.step
        reach = self.expressions * ends[:, None, :]
        low = self.constants + reach.min(axis=0).sum(axis=1)
        high = self.constants + reach.max(axis=0).sum(axis=1)
        for share in SPREAD:
            self.tangents += list(enumerate(low + share * (high - low)))
        self.tangents += list(enumerate(self.constants))

    def _cuts(self) -> LinearConstraint:
        """square_e >= 2 v e - v^2 for each tangent at v of expression e."""
        which = np.array([at for at, _ in self.tangents])
        v = np.array([value for _, value in self.tangents])
        slopes = 2 * v[:, None] * self.expressions[which]
        middle = sp.csr_matrix((len(v), 2 * self.n + 2 * len(self.lots)))
        squares = sp.csr_matrix(
            (np.ones(len(v)), (np.arange(len(v)), which)), shape=(len(v), len(self.constants))
        )
        matrix = sp.hstack([-slopes, slopes, middle, squares], format="csr")
        return LinearConstraint(matrix, 2 * v * self.constants[which] - v**2, np.inf)
