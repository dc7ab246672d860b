"""Whole shares: from the continuous optimum to trades that a broker takes.

Start from the optimum cut towards zero to whole lots, then take the best single
change of one name, again and again: a few lots more or less, nothing at all, or the
smallest trade worth a ticket. A broken row outweighs everything, so feasibility
comes first and is kept; a trade whose benefit is below its cost goes to nothing. If
rows stay broken the exact program (HiGHS) looks for the nearest whole-share trades.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from optimizer.box import Box
from optimizer.ticket import Names, Shares, Standing, Ticket
from optimizer.values import AccountProblem, FloatArray, Market

PENALTY = 1e3  # Per NAV of broken row: far above any benefit of breaking it.
IMPROVEMENT = 1e-12  # Of NAV: less is no improvement.
STEPS = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024], dtype=np.int64)
MOST_CHANGES = 2_000


@dataclass(frozen=True, slots=True)
class Missed:
    """No whole-share trades keep every row; `rows` are those that the nearest found break."""

    rows: tuple[tuple[str, float], ...]  # Label, and how far in NAV.


def whole_shares(
    market: Market, problem: AccountProblem, box: Box, z: FloatArray
) -> Shares | Missed:
    """Whole shares to trade (n,), buys positive, near the optimum `z`.

    No row, bound or smallest trade is ever broken.
    """
    ticket = Ticket.of(market, problem, box)
    shares = improved(ticket, _cut(ticket, z))
    if ticket.breaks_rows(shares):
        nearest = _nearest(ticket, z)
        if nearest is not None:
            shares = improved(ticket, nearest)
    if ticket.shortfall(shares) > IMPROVEMENT:
        return Missed(ticket.broken_rows(shares))
    nothing = np.zeros_like(shares)
    if ticket.shortfall(nothing) <= 0 and ticket.objective(nothing) <= ticket.objective(shares):
        return nothing
    return _without_remainders(ticket, shares)


def _without_remainders(ticket: Ticket, shares: Shares) -> Shares:
    """Sell the last of what the model does not have, where a remainder would be too small to sell.

    It costs next to nothing, less than one smallest trade, and saves a holding that nobody wants.
    """
    shares = shares.copy()
    for name in np.flatnonzero((shares < 0) & (ticket.problem.b <= 0)):
        held = int(sum(lot.shares for lot in ticket.problem.lots[name]))
        left = held + int(shares[name])
        one, all_of_it = np.array([name]), np.array([-held], dtype=np.int64)
        if 0 < left < ticket.smallest[name] and ticket.admits(one, all_of_it)[0]:
            _, broken = ticket.change(ticket.standing(shares), one, all_of_it)
            if broken[0] <= 0:
                shares[name] = -held
    return shares


def _cut(ticket: Ticket, z: FloatArray) -> Shares:
    """`z` in whole lots, cut towards zero and to the bounds; too small a trade is none."""
    lots = np.trunc(z / (ticket.share * ticket.step) + np.sign(z) * 1e-6).astype(np.int64)
    shares = np.clip(lots * ticket.step, ticket.least, ticket.most)
    worth: Shares = np.where(np.abs(shares) >= ticket.smallest, shares, 0)
    return worth


def improved(ticket: Ticket, shares: Shares) -> Shares:
    """Take the best change of one name until none is left."""
    shares = shares.copy()
    movable = np.flatnonzero((ticket.most > 0) | (ticket.least < 0))
    for _ in range(MOST_CHANGES):
        name, to = _best_change(ticket, ticket.standing(shares), movable)
        if name < 0:
            break
        shares[name] = to
    return shares


def _best_change(ticket: Ticket, standing: Standing, movable: Names) -> tuple[int, int]:
    """Which name should go to how many shares; no name (-1) where nothing is better.

    Where nothing is broken a change can only break something, so those that the objective
    does not want are left out before the rows are asked.
    """
    names, to = _changes(ticket, standing.shares, movable)
    if standing.shortfall <= 0 and standing.softness <= 0:
        wanted = np.flatnonzero(ticket.wanted_change(standing, names, to) < -IMPROVEMENT)
        names, to = names[wanted], to[wanted]
    if len(names) == 0:
        return -1, 0
    better, broken = ticket.change(standing, names, to)
    merit = better + PENALTY * broken
    best = int(np.argmin(merit))
    if merit[best] >= -IMPROVEMENT:
        return -1, 0
    return int(names[best]), int(to[best])


def _changes(ticket: Ticket, shares: Shares, movable: Names) -> tuple[Names, Shares]:
    """Where each name may go in one change: a few lots more or less, or to an end."""
    now, smallest = shares[movable], ticket.smallest[movable]
    steps = STEPS[:, None] * ticket.step[movable]
    ends = [np.zeros_like(now), smallest, -smallest, ticket.least[movable], ticket.most[movable]]
    to = np.vstack([now - steps, now + steps, ends])
    names = np.broadcast_to(movable, to.shape)
    open_to = (to != now) & ticket.admits(names, to)
    return names[open_to], to[open_to]


def _nearest(ticket: Ticket, z: FloatArray) -> Shares | None:
    """Whole lots nearest to `z` by the sum of distances that keep every row, by HiGHS.

    Columns: lots bought, lots sold, whether bought, whether sold, distance to z.
    """
    n = len(z)
    lot = ticket.share * ticket.step
    most, least = ticket.most / ticket.step, -ticket.least / ticket.step
    smallest = ticket.smallest / ticket.step
    eye, zero, lots = np.eye(n), np.zeros((n, n)), np.diag(lot)
    rows = len(ticket.buy_rows)
    hard = np.where(np.isfinite(ticket.soft[:rows]), np.inf, ticket.limits[:rows])
    blocks = [
        (
            [ticket.buy_rows * lot, ticket.sell_rows * lot, *[np.zeros((rows, n))] * 3],
            np.full(rows, -np.inf),
            hard,
        ),
        ([eye, zero, -np.diag(most), zero, zero], np.full(n, -np.inf), np.zeros(n)),
        ([zero, eye, zero, -np.diag(least), zero], np.full(n, -np.inf), np.zeros(n)),
        ([eye, zero, -np.diag(smallest), zero, zero], np.zeros(n), np.full(n, np.inf)),
        ([zero, eye, zero, -np.diag(smallest), zero], np.zeros(n), np.full(n, np.inf)),
        ([zero, zero, eye, eye, zero], np.zeros(n), np.ones(n)),
        ([lots, -lots, zero, zero, -eye], np.full(n, -np.inf), z),
        ([lots, -lots, zero, zero, eye], z, np.full(n, np.inf)),
    ]
    result = milp(
        c=np.r_[np.zeros(4 * n), np.ones(n)],
        integrality=np.r_[np.ones(4 * n), np.zeros(n)],
        bounds=Bounds(0, np.r_[most, least, np.ones(2 * n), np.full(n, np.inf)]),
        constraints=[LinearConstraint(np.hstack(parts), low, high) for parts, low, high in blocks],
        options={"mip_rel_gap": 1e-3, "node_limit": 20_000},
    )
    if result.x is None:
        return None
    lots_traded = np.round(result.x[:n]) - np.round(result.x[n : 2 * n])
    found: Shares = lots_traded.astype(np.int64) * ticket.step
    return found
