"""From one account's problem to its best whole-share trades.

Names with losses start as harvested (if nothing holds then, those below their target are
kept, and then all); those that the optimum leaves unsold are then
kept instead (and may be bought), and the better of the two answers stands; then single
names are tried the other way. Trades
too small for a ticket are frozen at nothing, smallest half first, and the rest is
optimised again. After the deadline the answer that there is goes to whole shares.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from optimizer.box import Box, box_of, loss_choices
from optimizer.model import Programs
from optimizer.rounding import Missed, whole_shares
from optimizer.solve import Solution, Unsolved, solve
from optimizer.ticket import Shares
from optimizer.values import AccountProblem, FloatArray, Row

UNTRADED = 1e-7  # Of NAV: less than this is no trade.
MOST_FREEZES = 12
MOST_TURNS = 6  # Names whose choice is tried the other way.
LEAST_PROMISE = 1e-5  # Of NAV: a tenth of a basis point is not worth another solution.
ROOM = (1e-4, 1e-3, 5e-3)  # Of a cap or budget, left for whole shares.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """The whole-share answer and the continuous optimum that it was rounded from."""

    shares: Shares  # (n,), buys positive.
    solution: Solution
    box: Box  # The solution's: names kept and frozen are in it.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotFound:
    """No answer; `box` is the one to look for conflicts in."""

    why: str
    box: Box
    missed: Missed | None = None  # An optimum there is, but not in whole shares.


def search(programs: Programs, problem: AccountProblem) -> Found | NotFound:
    """The best certified answer in whole shares, or why there is none."""
    choices = loss_choices(problem)
    under_target = frozenset(name for name in choices if problem.w0[name] < problem.b[name])
    why = ""
    for kept in dict.fromkeys((frozenset[int](), under_target, choices)):
        solution = solve(programs, problem, box_of(programs.market, problem, kept=kept))
        if isinstance(solution, Solution):
            chosen = flipped(programs, problem, kept, solution)
            return _rounded(programs, problem, *one_by_one(programs, problem, *chosen))
        why = why or solution.why
    return NotFound(why=why, box=box_of(programs.market, problem, kept=under_target))


def flipped(
    programs: Programs, problem: AccountProblem, kept: frozenset[int], solution: Solution
) -> tuple[frozenset[int], Solution]:
    """Keep the losses that were not worth selling, if that is better."""
    unsold = {name for name in loss_choices(problem) if solution.z[name] > -UNTRADED}
    rather = kept | unsold
    if rather == kept or programs.deadline.passed():
        return kept, solution
    other = solve(programs, problem, box_of(programs.market, problem, kept=rather))
    if isinstance(other, Solution) and other.objective < solution.objective:
        return rather, other
    return kept, solution


def one_by_one(
    programs: Programs, problem: AccountProblem, kept: frozenset[int], solution: Solution
) -> tuple[frozenset[int], Solution]:
    """Turn the choice of single names over, the most promising first, where that is better.

    A kept name promises the saving of its losses, a harvested one what its distance below
    target costs in specific risk.
    """
    choices = loss_choices(problem)
    short = np.maximum(problem.b - problem.w0 - solution.z, 0.0)
    missing = problem.risk_aversion * programs.market.d * short**2
    promise = {name: _saving(problem, name) if name in kept else missing[name] for name in choices}
    for name in sorted(choices, key=lambda name: (-promise[name], name))[:MOST_TURNS]:
        if promise[name] < LEAST_PROMISE:
            break
        turned = kept ^ {name}
        other = solve(programs, problem, box_of(programs.market, problem, kept=turned))
        if isinstance(other, Solution) and other.objective < solution.objective:
            kept, solution = turned, other
    return kept, solution


def _saving(problem: AccountProblem, name: int) -> float:
    """What selling all of a name's losses would save, as the objective weighs it, of NAV."""
    losses = (min(lot.weighed_per_share, Decimal(0)) * lot.shares for lot in problem.lots[name])
    return -float(sum(losses, Decimal(0)) / problem.nav)


def _rounded(
    programs: Programs, problem: AccountProblem, kept: frozenset[int], solution: Solution
) -> Found | NotFound:
    market = programs.market
    box = box_of(market, problem, kept=kept)
    frozen = frozenset[int]()
    best, best_box = solution, box
    for _ in range(MOST_FREEZES):
        small = _too_small(best.z * float(problem.nav), problem.minimum_trade)
        if not small or programs.deadline.passed():
            break
        frozen = frozen | small
        tried = box_of(market, problem, kept=kept, frozen=frozen)
        again = solve(programs, problem, tried)
        if isinstance(again, Unsolved):
            break
        best, best_box = again, tried
    shares = whole_shares(market, problem, best_box, best.z)
    if isinstance(shares, Missed):
        best, best_box = solution, box
        shares = whole_shares(market, problem, box, solution.z)
    if isinstance(shares, Missed):
        shares = _with_room(programs, problem, box, shares)
    if isinstance(shares, Missed):
        why = "no whole-share trades keep every constraint"
        return NotFound(why=why, box=box, missed=shares)
    return Found(shares=shares, solution=best, box=best_box)


def _with_room(
    programs: Programs, problem: AccountProblem, box: Box, missed: Missed
) -> Shares | Missed:
    """Whole shares near the optimum of slightly tighter caps on risk and budgets of gains.

    What is exactly used up by the optimum leaves no share to round by where rows are
    used up, too. The shares keep the real limits; `missed` if there are none.
    """
    gains = any(row.gain is not None for row in problem.rows)
    for room in ROOM if problem.caps or gains else ():
        tighter = replace(
            problem,
            caps=tuple(replace(cap, maximum=cap.maximum * (1 - room)) for cap in problem.caps),
            rows=tuple(_tighter(row, room) for row in problem.rows),
        )
        solution = solve(programs, tighter, box)
        if isinstance(solution, Solution):
            shares = whole_shares(programs.market, problem, box, solution.z)
            if not isinstance(shares, Missed):
                return shares
    return missed


def _tighter(row: Row, room: float) -> Row:
    return row if row.gain is None else replace(row, limit=row.limit - room * abs(row.limit))


def _too_small(dollars: FloatArray, minimum: float) -> frozenset[int]:
    """The smaller half of the trades below `minimum`, so that the others may grow past it."""
    size = np.abs(dollars)
    traded = size > UNTRADED * max(float(size.max(initial=0.0)), 1.0)
    small = np.flatnonzero(traded & (size < minimum))
    by_size = small[np.argsort(size[small], kind="stable")]
    return frozenset(int(name) for name in by_size[: (len(by_size) + 1) // 2])
