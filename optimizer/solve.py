"""One account's continuous optimum, with its certificate or not at all.

The fast path is asked first, then the cvxpy model by PIQP, then by Clarabel.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from math import inf
from typing import Any

import cvxpy as cp
import numpy as np

from domain.proposals import Certificate
from optimizer.box import Box
from optimizer.certificate import (
    TOLERANCE,
    excess_volatility,
    reduced_costs,
    relative_gap,
    violation,
)
from optimizer.exclusion import Impossible, excludes_every_trade
from optimizer.fast import path as fast
from optimizer.model import Answer, Programs
from optimizer.objective import value
from optimizer.polish import has_cones, polished
from optimizer.retreat import retreats
from optimizer.values import AccountProblem, FloatArray

# After the fast path, in this order.
SOLVERS: tuple[tuple[str, dict[str, float | int]], ...] = (
    (cp.PIQP, {"eps_abs": 1e-10, "eps_rel": 1e-10}),
    (
        cp.CLARABEL,
        {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10, "max_threads": 1},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A certified continuous optimum."""

    z: FloatArray  # (n,) trade.
    objective: float
    row_duals: FloatArray  # One a row, >= 0.
    cap_duals: FloatArray = field(default_factory=lambda: np.zeros(0))  # One a cap, >= 0.
    bound_terms: FloatArray  # (n,) what a name's bound holds back, per dollar; <= 0, 0 if free.
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Unsolved:
    """No certified answer; `why` lists what each path said."""

    why: str


def solve(programs: Programs, problem: AccountProblem, box: Box) -> Solution | Unsolved:
    """The optimum by the first path whose answer can be certified within 1e-6.

    Once the programs' deadline has passed: the best answer so far that keeps every constraint,
    with the gap that it has.
    """
    said, last = [], None
    for path, attempt in _paths(programs, problem, box):
        answer = attempt()
        if isinstance(answer, Impossible):
            if excludes_every_trade(problem, box, answer.prices):
                return Unsolved(f"{path}: no trade keeps every constraint, as their prices prove")
            answer = "its prices do not prove that no trade keeps every constraint"
        if isinstance(answer, str):
            said.append(f"{path}: {answer}")
        else:
            solution = _certified(programs, problem, box, answer, path)
            if isinstance(solution, Solution):
                return solution
            said.append(solution)
            last = (path, answer)
        if programs.deadline.passed():
            return _so_far(programs, problem, box, last) or Unsolved(
                f"the deadline passed before any answer kept every constraint ({'; '.join(said)})"
            )
    return Unsolved("; ".join(said))


def _paths(
    programs: Programs, problem: AccountProblem, box: Box
) -> Iterator[tuple[str, Callable[[], Answer | Impossible | str]]]:
    """Each path's name and how to ask it, in order; a path that has no answer says why."""
    deadline = programs.deadline
    yield "fast", partial(fast.answer, programs.market, problem, box, deadline)
    for solver, options in SOLVERS:
        timed = dict(options)
        if solver == cp.CLARABEL and deadline.left < inf:
            timed["time_limit"] = deadline.left
        yield solver.lower(), partial(_general, programs, problem, box, solver, timed)


def _so_far(
    programs: Programs, problem: AccountProblem, box: Box, last: tuple[str, Answer] | None
) -> Solution | None:
    """As much of an unfinished answer as the constraints allow, or least trades if better."""
    if last is None or problem.caps:
        return None
    path, answer = last
    solutions = [
        _certified(programs, problem, box, part, path, most_gap=inf)
        for part in retreats(problem, box, answer)
    ]
    found = [solution for solution in solutions if isinstance(solution, Solution)]
    return min(found, key=lambda solution: solution.objective, default=None)


def _general(
    programs: Programs, problem: AccountProblem, box: Box, solver: str, options: dict[str, Any]
) -> Answer | str:
    """The cvxpy model's answer by one solver."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "Inaccurate": the certificate is the judge.
            answer = programs.solve(problem, box, solver, options)
            if answer is not None and has_cones(problem):
                answer = polished(programs, problem, box, answer)
            return answer or "no answer"
    except (cp.error.SolverError, ValueError, ArithmeticError) as error:
        return str(error)


def _certified(
    programs: Programs,
    problem: AccountProblem,
    box: Box,
    answer: Answer,
    path: str,
    *,
    most_gap: float = TOLERANCE,
) -> Solution | str:
    """The solution with its certificate, or the sentence that says why there is none."""
    if not (np.isfinite(answer.u).all() and np.isfinite(answer.s).all()):
        return f"{path}: answer is not finite"
    worst = max(
        violation(problem, box, answer), excess_volatility(programs.market, problem, answer)
    )
    inside = Answer(
        u=np.clip(answer.u, 0, box.buy),
        s=np.clip(answer.s, 0, box.segments),
        row_duals=_within([row.soft_price for row in problem.rows], answer.row_duals),
        cap_duals=_within([cap.soft_price for cap in problem.caps], answer.cap_duals),
    )
    gap = relative_gap(programs.market, problem, box, inside)
    if not (gap <= most_gap and worst <= TOLERANCE):
        return f"{path}: gap {gap:.1e}, violation {worst:.1e}, both must be within {TOLERANCE:.0e}"
    return Solution(
        z=inside.u - inside.s.sum(axis=1),
        objective=value(programs.market, problem, box, inside.u, inside.s),
        row_duals=inside.row_duals,
        cap_duals=inside.cap_duals,
        bound_terms=_bound_terms(programs, problem, box, inside),
        certificate=Certificate(path=path, gap=_recorded(gap), violation=_recorded(worst)),
    )


def _within(prices: list[float], duals: FloatArray) -> FloatArray:
    """Duals from 0 to what breaking the constraint costs."""
    return np.clip(duals, 0, np.array(prices)) if prices else np.zeros(0)


def _recorded(number: float) -> Decimal:
    """For the record only: twelve places."""
    return Decimal(f"{number:.12f}")


def _bound_terms(
    programs: Programs, problem: AccountProblem, box: Box, answer: Answer
) -> FloatArray:
    """The reduced cost of the marginal dollar of each traded name that sits at a bound."""
    of_u, of_s = reduced_costs(programs.market, problem, box, answer)
    terms = np.zeros(len(answer.u))
    for name, sold in enumerate(answer.s.sum(axis=1)):
        if answer.u[name] > sold:
            terms[name] = min(of_u[name], 0.0)
        elif sold > 0:
            used = np.flatnonzero(answer.s[name] > TOLERANCE)
            if len(used):
                terms[name] = min(of_s[name, used[-1]], 0.0)
    return terms
