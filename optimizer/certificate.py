"""The certificate: proof of an answer from its numbers, not from the solver's word.

For a convex f, any point x and any duals mu >= 0 of the rows and caps, weak duality and
the tangent of the Lagrangian at x give a lower bound on the optimum that needs no solver:

    f* >= f(x) + min over the box of (g + G'mu)'(v - x) - mu'(h - G x),   g = grad f(x)

The minimum is separable: each coordinate goes to its cheaper end. The distance from
f(x) to that bound is the gap. A soft constraint of price p costs p max(0, excess), which
is at least mu times its excess for every mu up to p: its dual is cut there.
"""

from math import inf

import numpy as np

from optimizer.box import Box
from optimizer.model import Answer
from optimizer.objective import cap_excess, gradients, row_excess, value
from optimizer.risks import volatility_gradient
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
        if row.gain is not None:
            of_s = of_s + dual * box.gains[row.gain]
    w = problem.w0 + answer.u - answer.s.sum(axis=1)
    for cap, dual in zip(problem.caps, answer.cap_duals, strict=True):
        slope = dual * volatility_gradient(market, cap.risk, w)
        of_u = of_u + slope
        of_s = of_s - slope[:, None]
    return of_u, of_s


def relative_gap(market: Market, problem: AccountProblem, box: Box, answer: Answer) -> float:
    """The primal-dual gap over the larger objective of the answer and of doing nothing."""
    assert np.all(answer.row_duals >= 0)
    assert np.all(answer.cap_duals >= 0)
    of_u, of_s = reduced_costs(market, problem, box, answer)
    gap = (of_u * answer.u - np.minimum(of_u * box.buy, 0)).sum()
    gap += (of_s * answer.s - np.minimum(of_s * box.segments, 0)).sum()
    for excess, price, dual in _priced(market, problem, box, answer):
        gap -= dual * excess
        if price < inf:
            gap += price * max(excess, 0.0)
    still = value(market, problem, box, np.zeros_like(answer.u), np.zeros_like(answer.s))
    found = value(market, problem, box, answer.u, answer.s)
    return float(abs(gap) / max(abs(found), abs(still), SMALLEST_OBJECTIVE))


def violation(problem: AccountProblem, box: Box, answer: Answer) -> float:
    """The largest violation of any bound or hard row, in NAV."""
    worst = [0.0, float((-answer.u).max()), float((answer.u - box.buy).max())]
    worst += [float((-answer.s).max()), float((answer.s - box.segments).max())]
    hard = (row for row in problem.rows if row.soft_price == inf)
    worst += [row_excess(row, box, answer.u, answer.s) for row in hard]
    return max(worst)


def excess_volatility(market: Market, problem: AccountProblem, answer: Answer) -> float:
    """By how much the volatility exceeds any hard cap, annualised; 0 when none."""
    z = answer.u - answer.s.sum(axis=1)
    hard = (cap for cap in problem.caps if cap.soft_price == inf)
    return max((cap_excess(market, problem, cap, z) for cap in hard), default=0.0)


def _priced(
    market: Market, problem: AccountProblem, box: Box, answer: Answer
) -> list[tuple[float, float, float]]:
    """Excess, soft price and dual of every row and cap."""
    z = answer.u - answer.s.sum(axis=1)
    rows = zip(problem.rows, answer.row_duals, strict=True)
    caps = zip(problem.caps, answer.cap_duals, strict=True)
    return [
        *((row_excess(r, box, answer.u, answer.s), r.soft_price, float(dual)) for r, dual in rows),
        *((cap_excess(market, problem, c, z), c.soft_price, float(dual)) for c, dual in caps),
    ]
