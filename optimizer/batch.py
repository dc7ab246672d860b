"""From arrays to certified targets: many accounts in one call, each on its own.

An account that the fast path cannot certify goes to the general model; what no path can answer
comes back with its reason. Accounts never see each other's numbers, so the answers are the same to
the bit however a book is cut into batches.
"""

from decimal import Decimal

import numpy as np

from domain.accounts import LotMethod
from domain.errors import BadInputError
from optimizer.box import Box
from optimizer.deadline import NEVER, Deadline
from optimizer.exclusion import excludes
from optimizer.fast.accounts import Accounts, Targets
from optimizer.fast.attempt import Attempt, attempt, unsuited
from optimizer.fast.proof import Proof, proof_of
from optimizer.fast.reduction import Arrays, Sides
from optimizer.model import Programs
from optimizer.solve import Solution, solve
from optimizer.values import AccountProblem, FloatArray, Market, Row


def targets(
    market: Market,
    accounts: Accounts,
    *,
    deadline: Deadline = NEVER,
    seconds_per_account: float = np.inf,
) -> Targets:
    """The optimum of every account that can be answered in time, with its proof.

    Raises `BadInputError` when the market's numbers cannot be used: no account could be answered.
    """
    _refuse_odd(market, accounts.w0.shape[1])
    answers = _Answers(accounts, Programs(market))
    faults = accounts.faults(len(market.d))
    for at in range(len(accounts)):
        if at in faults:
            answers.why[at] = faults[at]
            continue
        if deadline.passed():
            answers.why[at] = "the batch's deadline passed before its turn; ask again for the rest"
            continue
        try:
            answers.answer(at, deadline.within(seconds_per_account))
        except Exception as error:  # noqa: BLE001 - one account's failure never hurts its neighbours
            answers.why[at] = f"{type(error).__name__}: {error}"
    return answers.targets()


def _refuse_odd(market: Market, names: int) -> None:
    for field in ("F", "d", "half_spread", "impact"):
        numbers: FloatArray = getattr(market, field)
        if len(numbers) != names:
            raise BadInputError(f"market: {field} has {len(numbers)} names, the accounts {names}")
        if not np.isfinite(numbers).all() or (field != "F" and numbers.min(initial=0.0) < 0):
            raise BadInputError(f"market: {field} holds a number that is not finite or negative")


class _Answers:
    """The answers of a batch, as they come."""

    def __init__(self, accounts: Accounts, programs: Programs) -> None:
        count, names = accounts.w0.shape
        self.accounts, self.programs = accounts, programs
        self.sides = Sides.of(programs.market.F, accounts.buy, accounts.sell)
        self.z, self.row_prices = np.zeros((count, names)), np.zeros(accounts.limit.shape)
        self.objective = np.full(count, np.nan)
        self.gap, self.violation = self.objective.copy(), self.objective.copy()
        self.path, self.why = [""] * count, [""] * count

    def answer(self, at: int, deadline: Deadline) -> None:
        """Answer one account by the first path that has a proof."""
        market = self.programs.market
        arrays = self.accounts.arrays(at, market, self.sides)
        declined = unsuited(arrays)
        if not declined:
            found = attempt(arrays, deadline)
            if found.impossible and _is_excluded(arrays, found):
                self.why[at] = "no trade keeps every row, as their prices prove"
                return
            proof = proof_of(arrays, found.u, found.s, found.prices)
            if proof.certifies:
                self._take(at, "fast", proof, found.prices)
                self.z[at] = found.u
                self.z[at, arrays.sellable] -= found.s.sum(axis=0)
                return
        self._by_the_model(at, arrays, deadline)

    def _by_the_model(self, at: int, arrays: Arrays, deadline: Deadline) -> None:
        problem, box = general_form(self.accounts, at, arrays)
        solution = solve(self.programs.until(deadline), problem, box)
        if not isinstance(solution, Solution):
            self.why[at] = solution.why
            return
        certificate = solution.certificate
        proof = Proof(solution.objective, float(certificate.gap), float(certificate.violation))
        prices = np.zeros_like(arrays.limit)
        prices[np.isfinite(arrays.limit)] = solution.row_duals
        self._take(at, certificate.path, proof, prices)
        self.z[at] = solution.z

    def _take(self, at: int, path: str, proof: Proof, prices: FloatArray) -> None:
        self.path[at], self.row_prices[at] = path, prices
        self.objective[at], self.gap[at] = proof.objective, proof.gap
        self.violation[at] = proof.violation

    def targets(self) -> Targets:
        """Everything found."""
        return Targets(
            z=self.z,
            row_prices=self.row_prices,
            objective=self.objective,
            gap=self.gap,
            violation=self.violation,
            path=np.array(self.path, dtype=np.str_),
            why=np.array(self.why, dtype=np.str_),
        )


def _is_excluded(arrays: Arrays, found: Attempt) -> bool:
    sales = np.zeros_like(arrays.most)
    sales[arrays.sellable] = arrays.segments.sum(axis=0)
    return excludes(
        buy=arrays.sides.buy,
        sell=arrays.sides.sell,
        limit=arrays.limit,
        most=arrays.most,
        sales=sales,
        prices=found.prices,
    )


def general_form(accounts: Accounts, at: int, arrays: Arrays) -> tuple[AccountProblem, Box]:
    """One account as the general model takes it."""
    names = len(arrays.most)
    segments, tax = np.zeros((2, names, len(arrays.segments)))
    segments[arrays.sellable], tax[arrays.sellable] = arrays.segments.T, arrays.tax.T
    rows = [
        Row(
            name=str(row), label=f"row {row}", buy=buy, sell=sell, limit=limit, relaxation_price=1.0
        )
        for row, (buy, sell, limit) in enumerate(
            zip(arrays.sides.buy, arrays.sides.sell, arrays.limit, strict=True)
        )
        if np.isfinite(limit)
    ]
    problem = AccountProblem(
        account_id=str(at),
        household_id=str(at),
        nav=Decimal(float(accounts.nav[at])),
        cash=Decimal(0),
        w0=accounts.w0[at],
        b=accounts.b[at],
        lots=((),) * names,
        lot_method=LotMethod.TAX_OPTIMAL,
        rows=tuple(rows),
        locks=(),
        loss_locked=frozenset(),
        risk_aversion=arrays.lam,
        minimum_trade=0.0,
    )
    box = Box(buy=arrays.most, segments=segments, tax=tax, lots=(), locks=(), own_locks=())
    return problem, box
