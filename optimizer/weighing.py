"""Trade only if it pays: what the trades gain and what they cost, in dollars.

The gain is what risk, wishes and soft constraints improve by; the cost is half spread,
impact and tax as the objective weighs them. Where nothing is traded the two are those of
the best trades if they cost nothing, and the certificate bounds what any trade could add.
"""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from domain.proposals import Weighing
from optimizer.box import box_of
from optimizer.certificate import SMALLEST_OBJECTIVE
from optimizer.model import Programs
from optimizer.objective import value
from optimizer.search import Found
from optimizer.solve import Solution, solve
from optimizer.ticket import Ticket
from optimizer.values import AccountProblem, FloatArray, Market

CENT = Decimal("0.01")


def weighing_of(programs: Programs, problem: AccountProblem, found: Found) -> Weighing | None:
    """The two sides of the answer; None where doing nothing would break a constraint."""
    ticket = Ticket.of(programs.market, problem, found.box)
    nothing = np.zeros_like(found.shares)
    if ticket.shortfall(nothing) > 0:
        return None
    nav = float(problem.nav)
    if found.shares.any():
        z = found.shares * ticket.share
        traded = np.flatnonzero(found.shares)
        taxes = ticket.taxes(traded, found.shares[traded]).sum()
        cost = trading_cost(programs.market, nav, z) + float(taxes)
        gain = ticket.objective(nothing) - ticket.objective(found.shares) + cost
        return Weighing(gain=_dollars(gain * nav), cost=_dollars(cost * nav))
    return _at_rest(programs, problem, found)


def trading_cost(market: Market, nav: float, z: FloatArray) -> float:
    """Half spread and impact of a trade z (n,), of NAV."""
    return float(market.half_spread @ np.abs(z) + market.impact @ z**2 * nav)


def _at_rest(programs: Programs, problem: AccountProblem, found: Found) -> Weighing | None:
    """What going all the way would gain and cost, and the most that any trade could add."""
    market, nav, box = programs.market, float(problem.nav), box_of(programs.market, problem)
    free = replace(
        market, half_spread=np.zeros_like(market.half_spread), impact=np.zeros_like(market.impact)
    )
    solution = solve(Programs(free), problem, replace(box, tax=np.zeros_like(box.tax)))
    if not isinstance(solution, Solution):
        return None
    u, s = np.maximum(solution.z, 0), _in_order(solution.z, box.segments)
    still = value(free, problem, box, np.zeros_like(u), np.zeros_like(s))
    cost = trading_cost(market, nav, solution.z) + float((box.tax * s).sum())
    best = found.solution
    scale = max(abs(best.objective), abs(still), SMALLEST_OBJECTIVE)
    at_most = max(still - best.objective, 0.0) + float(best.certificate.gap) * scale
    return Weighing(
        gain=_dollars((still - solution.objective) * nav),
        cost=_dollars(cost * nav),
        at_most=_dollars(at_most * nav),
    )


def _in_order(z: FloatArray, segments: FloatArray) -> FloatArray:
    """Sales through the segments, the cheapest first, (n, m)."""
    before = np.cumsum(segments, axis=1) - segments
    sold: FloatArray = np.clip(np.maximum(-z, 0)[:, None] - before, 0, segments)
    return sold


def _dollars(amount: float) -> Decimal:
    return Decimal(amount).quantize(CENT)
