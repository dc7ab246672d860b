"""The first step of a path as a problem of its own, which every later stage can answer.

Where the path wants to be after its first step becomes the target; what its sales cost
was weighed when the path was chosen. Rows that need not hold before the last step are
loosened to where the account stands.
"""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from optimizer.box import box_of
from optimizer.horizon import Path, best_path
from optimizer.model import Programs
from optimizer.risks import risk_around
from optimizer.search import flipped
from optimizer.solve import Solution, solve
from optimizer.values import AccountProblem, Goal, ReliefLot, Row, Staged
from optimizer.words import listed, percent

NEAR = 100.0  # What the squared distance from the path weighs beside lambda: half spreads vanish.


def first_step(programs: Programs, problem: AccountProblem) -> AccountProblem:
    """The problem of the first step, with a note on the path; the problem itself if none leads."""
    staged = problem.staged
    if staged is None or staged.steps == 1 or problem.fault:
        return problem
    market = programs.market
    loose = replace(problem, rows=_before_the_last(problem))
    kept = frozenset[int]()
    start = solve(programs, loose, box_of(market, loose))
    if isinstance(start, Solution):
        kept, _ = flipped(programs, loose, kept, start)
    path = best_path(market, problem, box_of(market, problem, kept=kept), staged)
    if path is None:
        note = f"No path of {staged.steps} steps keeps every constraint: all is traded at once."
        return replace(problem, notes=(*problem.notes, note))
    wanted = problem.w0 + path.z[0]
    around = risk_around(market, wanted)
    return replace(
        loose,
        lots=tuple(tuple(_weighed_before(lot) for lot in lots) for lots in problem.lots),
        goal=Goal(
            risk=replace(
                around, phi=0.0, t=np.zeros_like(around.t), d=np.full_like(around.d, NEAR)
            ),
            alpha=np.zeros_like(wanted),
            budget=np.zeros_like(wanted),
        ),
        caps=(),
        notes=(*problem.notes, _note(path, staged)),
    )


def _before_the_last(problem: AccountProblem) -> tuple[Row, ...]:
    free = ("cash", "turnover")
    return tuple(
        row if row.name in free or row.gain is not None else replace(row, limit=max(row.limit, 0.0))
        for row in problem.rows
    )


def _weighed_before(lot: ReliefLot) -> ReliefLot:
    return replace(lot, weighed_per_share=Decimal(0))


def _note(path: Path, staged: Staged) -> str:
    turnovers = listed(percent(turnover) for turnover in path.turnovers)
    return (
        f"Step 1 of {staged.steps} on the way to the goal; turnover of the steps as planned today: "
        f"{turnovers}."
    )
