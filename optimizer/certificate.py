"""The certificate: proof of an answer from its numbers, not from the solver's word.

For a convex f, any point x and any row duals mu >= 0, weak duality and the tangent
at x give a lower bound on the optimum that needs no solver:

    f* >= f(x) + min over the box of (g + G'mu)'(v - x) - mu'(h - G x),   g = grad f(x)

The minimum is separable: each coordinate goes to its cheaper end. The distance
from f(x) to that bound is the gap.
"""

import numpy as np

from optimizer.box import Box
from optimizer.model import Answer
from optimizer.objective import gradients, value
from optimizer.values import AccountProblem, FloatArray, Market

TOLERANCE = 1e-6  # Of the objective, and of NAV for violations.
SMALLEST_OBJECTIVE = 1e-4  # One basis point of NAV: relative to less than that means nothing.


def reduced_costs(
    market: Market,
    problem: AccountProblem,
    box: Box,
    answer: Answer,
) -> tuple[FloatArray, FloatArray]:
    """Gradient of the Lagrangian: (n,) for purchases, (n, m) for sales by segment."""
    of_u, of_s = gradients(market, problem, box, answer.u, answer.s)
    for row, dual in zip(problem.rows, answer.row_duals, strict=True):
        of_u = of_u + dual * row.buy
        of_s = of_s + dual * row.sell[:, None]
    return of_u, of_s


def relative_gap(market: Market, problem: AccountProblem, box: Box, answer: Answer) -> float:
    """The primal-dual gap over the larger objective of the answer and of doing nothing."""
    assert np.all(answer.row_duals >= 0)
    of_u, of_s = reduced_costs(market, problem, box, answer)
    gap = (of_u * answer.u - np.minimum(of_u * box.buy, 0)).sum()
    gap += (of_s * answer.s - np.minimum(of_s * box.segments, 0)).sum()
    sold = answer.s.sum(axis=1)
    for row, dual in zip(problem.rows, answer.row_duals, strict=True):
        gap += dual * (row.limit - row.buy @ answer.u - row.sell @ sold)
    still = value(market, problem, box, np.zeros_like(answer.u), np.zeros_like(answer.s))
    found = value(market, problem, box, answer.u, answer.s)
    return float(abs(gap) / max(abs(found), abs(still), SMALLEST_OBJECTIVE))


def violation(problem: AccountProblem, box: Box, answer: Answer) -> float:
    """The largest violation of any row or bound, in NAV."""
    sold = answer.s.sum(axis=1)
    worst = [0.0, float((-answer.u).max()), float((answer.u - box.buy).max())]
    worst += [float((-answer.s).max()), float((answer.s - box.segments).max())]
    worst += [float(row.buy @ answer.u + row.sell @ sold - row.limit) for row in problem.rows]
    return max(worst)
