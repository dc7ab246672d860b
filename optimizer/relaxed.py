"""The answer of an infeasible account under the cheapest relaxation; never to be released.

Every constraint that the relaxation loosens is loosened by just as much. Whole shares need
a little more room than the continuous answer, so the room grows until something is
found; what the trades then break, and by how much, is measured and told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.orders import Side
from optimizer.model import Programs
from optimizer.search import Found, search
from optimizer.ticket import Ticket
from optimizer.values import AccountProblem, Lock, Market, RiskCap, Row
from optimizer.washsales import LABEL

ROOM = (5e-4, 3e-3, 2e-2)  # Beyond the relaxation, of NAV: shares need some.
Loosened = Sequence[tuple[Row | Lock | RiskCap, float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelaxedAnswer:
    """The loosened problem, its answer, and what the answer breaks of the real one."""

    problem: AccountProblem
    found: Found
    broken: tuple[tuple[str, float, str], ...]  # Label, by how much, unit.


def missed_limits(problem: AccountProblem, broken: Sequence[tuple[str, float]]) -> Loosened:
    """The rows and caps that whole shares could not keep, by label, with how far."""
    short = dict(broken)
    limits: tuple[Row | RiskCap, ...] = (*problem.rows, *problem.caps)
    return [(limit, short[limit.label]) for limit in limits if limit.label in short]


def relaxed_answer(
    programs: Programs, problem: AccountProblem, loosened: Loosened
) -> RelaxedAnswer | None:
    """The best answer under the relaxation; None if even that has none."""
    for room in ROOM:
        loose = _loose(problem, loosened, room)
        found = search(programs, loose)
        if isinstance(found, Found):
            return RelaxedAnswer(
                problem=loose, found=found, broken=_broken(programs.market, problem, found)
            )
    return None


def _loose(problem: AccountProblem, loosened: Loosened, room: float) -> AccountProblem:
    by = {id(one): amount + room for one, amount in loosened}
    washed = {
        one.name for one, _ in loosened if isinstance(one, Lock) and _is_wash_sale(one, problem)
    }
    return replace(
        problem,
        rows=tuple(replace(r, limit=r.limit + by.get(id(r), 0.0)) for r in problem.rows),
        caps=tuple(replace(c, maximum=c.maximum + by.get(id(c), 0.0)) for c in problem.caps),
        locks=tuple(replace(k, maximum=k.maximum + by.get(id(k), 0.0)) for k in problem.locks),
        loss_locked=problem.loss_locked - washed,
    )


def _is_wash_sale(lock: Lock, problem: AccountProblem) -> bool:
    """Whether the lock was made of losses bought lately, not of the problem's own locks."""
    return lock.label == LABEL and lock.side is Side.SELL and lock.name in problem.loss_locked


def _broken(
    market: Market, problem: AccountProblem, found: Found
) -> tuple[tuple[str, float, str], ...]:
    ticket = Ticket.of(market, problem, found.box)
    units = {row.label: row.unit for row in problem.rows}
    units |= {cap.label: "volatility" for cap in problem.caps}
    broken = [(label, by, units[label]) for label, by in ticket.broken_rows(found.shares)]
    z = found.shares * ticket.share
    for lock in problem.locks:
        traded = z[lock.name] if lock.side is Side.BUY else -z[lock.name]
        if (over := float(traded) - lock.maximum) > np.finfo(float).eps:
            broken.append((f"{lock.label} {market.symbols[lock.name]}", over, ""))
    return tuple(broken)
