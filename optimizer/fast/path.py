"""An account's answer by the fast path, or why it is not one for it.

What is recognised is said here, field by field: a field that this file does not know is
declined unless it is at its default, so that a mandate of a new kind is never half solved.
"""

from dataclasses import MISSING, Field, fields
from typing import Any

import numpy as np

from optimizer.box import Box
from optimizer.deadline import NEVER, Deadline
from optimizer.exclusion import Impossible
from optimizer.fast.attempt import attempt, unsuited
from optimizer.fast.reduction import Arrays, Sides
from optimizer.model import Answer
from optimizer.objective import impact_of
from optimizer.risks import goal_of
from optimizer.values import AccountProblem, Market

MARKET_FIELDS = frozenset(
    {
        *("security_ids", "symbols", "sectors", "industries", "countries", "issuers"),
        *("prices", "price", "lot_sizes", "F", "d", "half_spread", "impact", "notes"),
    }
)
PROBLEM_FIELDS = frozenset(
    {
        *("account_id", "household_id", "nav", "cash", "w0", "b", "lots", "lot_method"),
        *("rows", "locks", "loss_locked", "risk_aversion", "minimum_trade", "gauges", "fault"),
        *("goal", "staged", "located", "notes"),  # The last three are not of one solution.
    }
)


def answer(
    market: Market, problem: AccountProblem, box: Box, deadline: Deadline = NEVER
) -> Answer | Impossible | str:
    """The fast path's answer, which nobody has certified yet; or why it has none, in words."""
    if unknown := _unknown(market, MARKET_FIELDS) or _unknown(problem, PROBLEM_FIELDS):
        return f"{unknown} is not part of the structure it knows"
    if counting := next((row for row in problem.rows if row.gain), None):
        return f"{counting.label} counts realised gains"
    if problem.goal is not None and problem.goal.budget.any():
        return "it has risk budgets"
    arrays = _arrays(market, problem, box)
    if why := unsuited(arrays):
        return why
    found = attempt(arrays, deadline)
    if found.impossible:
        return Impossible(found.prices)
    s = np.zeros_like(box.segments)
    s[arrays.sellable] = found.s.T
    return Answer(u=found.u, s=s, row_duals=found.prices)


def _unknown(value: Market | AccountProblem, known: frozenset[str]) -> str:
    """A field outside of `known` that is not at its default, or nothing."""
    for field in fields(value):
        if field.name in known:
            continue
        if not np.array_equal(getattr(value, field.name), _default(field)):
            return field.name
    return ""


def _default(of: Field[Any]) -> Any:
    return of.default if of.default_factory is MISSING else of.default_factory()


def _arrays(market: Market, problem: AccountProblem, box: Box) -> Arrays:
    sellable = np.flatnonzero(box.segments.any(axis=1))
    names = len(problem.w0)
    rows = problem.rows
    risk, alpha = goal_of(market, problem).risk, goal_of(market, problem).alpha
    F = np.hstack([risk.phi * market.F, risk.G])
    soft = np.array([row.soft_price for row in rows])
    return Arrays(
        sides=Sides.of(
            F,
            buy=np.array([row.buy for row in rows]).reshape(len(rows), names),
            sell=np.array([row.sell for row in rows]).reshape(len(rows), names),
        ),
        d=risk.d,
        a0=problem.w0 - risk.r,
        exposure=problem.w0 @ F - np.concatenate([risk.t, risk.g]),
        alpha=alpha if alpha.any() else None,
        kappa=impact_of(market, problem),
        cost=market.half_spread,
        lam=problem.risk_aversion,
        most=box.buy,
        sellable=sellable,
        segments=np.ascontiguousarray(box.segments[sellable].T),
        tax=np.ascontiguousarray(box.tax[sellable].T),
        limit=np.array([row.limit for row in rows]),
        soft=soft if np.isfinite(soft).any() else None,
    )
