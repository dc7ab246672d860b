"""The firm's rules as an account's own constraints: a lock for one name, a row for several.

They come compiled (`domain.linear_limits`), each named by its rule. What nothing could
break is left out, so that an account has few rows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from domain.linear_limits import LinearLimit
from domain.orders import Side
from optimizer.constraints import FIRM_LOCK
from optimizer.values import AccountProblem, Lock, Market, Row


def with_limits(
    market: Market, problem: AccountProblem, limits: Sequence[LinearLimit]
) -> AccountProblem:
    """The problem with these limits beside its mandate's constraints."""
    if problem.fault or not limits:
        return problem
    index = {security_id: at for at, security_id in enumerate(market.security_ids)}
    rows, locks = [*problem.rows], [*problem.locks]
    for limit in limits:
        row = _row(index, problem, limit)
        names = np.flatnonzero(row.buy)
        if len(names) == 1:
            locks.append(_lock(row, int(names[0])))
        elif len(names) and _can_break(problem, row):
            rows.append(row)
    return replace(problem, rows=tuple(rows), locks=tuple(locks))


def _row(index: dict[str, int], problem: AccountProblem, limit: LinearLimit) -> Row:
    """c'(w - w0) <= what the limit leaves over w0, in NAV."""
    coefficients = np.zeros(len(problem.w0))
    for security_id, coefficient in limit.coefficients.items():
        if security_id in index:
            coefficients[index[security_id]] = float(coefficient)
    return Row(
        name=f"rule:{limit.rule_id}",
        label=limit.label,
        buy=coefficients,
        sell=-coefficients,
        limit=float(limit.limit / problem.nav) - float(coefficients @ problem.w0),
        relaxation_price=FIRM_LOCK,
    )


def _lock(row: Row, name: int) -> Lock:
    """A row on one name; what it would have to give up is the market's doing, and stays."""
    coefficient = float(row.buy[name])
    return Lock(
        label=row.label,
        name=name,
        side=Side.BUY if coefficient > 0 else Side.SELL,
        maximum=max(row.limit / abs(coefficient), 0.0),
        relaxation_price=FIRM_LOCK,
    )


def _can_break(problem: AccountProblem, row: Row) -> bool:
    """Whether all of the account in the row's worst name would be over the limit."""
    invested = max(1.0, float(problem.w0.sum()))
    return float(row.buy.max()) * invested > row.limit + float(row.buy @ problem.w0)
