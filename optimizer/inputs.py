"""What makes an account's arrays unusable: the first fault, with the account, field and value.

Snapshots come checked; arrays may come from anybody. A fault is the account's own: it is
answered FAILED with the sentence, and the rest of the batch goes on.
"""

from collections.abc import Iterator

import numpy as np

from optimizer.values import AccountProblem, FloatArray, Market, Risk

CLOSE = 1e-6  # Of NAV: what lots and position may differ by, and weights may exceed one by.


def fault_of(market: Market, problem: AccountProblem) -> str:
    """The first fault as a sentence, or "" where there is none."""
    for faults in (
        _market(market),
        _account(market, problem),
        _wishes(market, problem),
        _positions(market, problem),
    ):
        if fault := next(faults, ""):
            return f"account {problem.account_id}: {fault}"
    return ""


def _market(market: Market) -> Iterator[str]:
    names = len(market.security_ids)
    if market.F.ndim != 2 or len(market.F) != names:
        yield f"F has shape {market.F.shape}; it must have a row for each of {names} names"
        return
    lists = {
        "symbols": market.symbols,
        "sectors": market.sectors,
        "prices": market.prices,
        "lot_sizes": market.lot_sizes,
    }
    for field, values in lists.items():
        if len(values) != names:
            yield f"{field} has {len(values)} entries for {names} names"
    for field in ("d", "half_spread", "impact"):
        yield from _vector(market, getattr(market, field), field, least=0.0)
    if not np.isfinite(market.F).all():
        at = int(np.argmin(np.isfinite(market.F).all(axis=1)))
        yield f"F of {_called(market, at)} is not finite"
    for at, price in enumerate(market.prices):
        if not (price.is_finite() and price > 0):
            yield f"price of {_called(market, at)} is {price}; it must be above 0"
        elif at < len(market.lot_sizes) and market.lot_sizes[at] < 1:
            size = market.lot_sizes[at]
            yield f"lot size of {_called(market, at)} is {size}; it must be 1 or more"


def _account(market: Market, problem: AccountProblem) -> Iterator[str]:
    if not (problem.nav.is_finite() and problem.nav > 0):
        yield f"net asset value is {problem.nav}; it must be above 0"
    if not problem.cash.is_finite():
        yield f"cash is {problem.cash}; it must be finite"
    if not (np.isfinite(problem.risk_aversion) and problem.risk_aversion > 0):
        yield f"risk aversion is {problem.risk_aversion}; it must be above 0"
    if not (np.isfinite(problem.minimum_trade) and problem.minimum_trade >= 0):
        yield f"minimum trade is {problem.minimum_trade}; it must be 0 or more"
    yield from _vector(market, problem.w0, "w0")
    yield from _vector(market, problem.b, "b", least=-CLOSE)
    total = float(problem.b.sum())
    if total > 1 + CLOSE:
        yield f"b adds up to {total:.6g}; target weights are fractions and add up to at most 1"


def _wishes(market: Market, problem: AccountProblem) -> Iterator[str]:
    for row in problem.rows:
        yield from _vector(market, row.buy, f"row {row.label!r}: buy")
        yield from _vector(market, row.sell, f"row {row.label!r}: sell")
        if not np.isfinite(row.limit) or np.isnan(row.soft_price) or row.soft_price < 0:
            yield f"row {row.label!r} has limit {row.limit} and price {row.soft_price}"
    for cap in problem.caps:
        if not (np.isfinite(cap.maximum) and cap.maximum > 0):
            yield f"cap {cap.label!r} is {cap.maximum}; it must be above 0"
        yield from _risk(market, cap.risk, f"cap {cap.label!r}")
    if problem.goal is not None:
        yield from _risk(market, problem.goal.risk, "goal")
        yield from _vector(market, problem.goal.alpha, "goal: alpha")
        yield from _vector(market, problem.goal.budget, "goal: budget", least=0.0)


def _risk(market: Market, risk: Risk, what: str) -> Iterator[str]:
    names, factors = market.F.shape
    if risk.t.shape != (factors,):
        yield f"{what}: t has shape {risk.t.shape}; it must be ({factors},)"
    if risk.G.shape != (names, len(risk.g)):
        yield f"{what}: G has shape {risk.G.shape}; it must be ({names}, {len(risk.g)})"
    yield from _vector(market, risk.d, f"{what}: d", least=0.0)
    yield from _vector(market, risk.r, f"{what}: r")
    if not all(np.isfinite(part).all() for part in (risk.t, risk.G, risk.g)):
        yield f"{what}: t, G or g is not finite"


def _positions(market: Market, problem: AccountProblem) -> Iterator[str]:
    names = len(market.security_ids)
    if len(problem.lots) != names:
        yield f"lots has {len(problem.lots)} entries for {names} names"
        return
    for at in (*problem.loss_locked, *(lock.name for lock in problem.locks)):
        if not 0 <= at < names:
            yield f"a lock is on name {at} of {names}"
    for lock in problem.locks:
        if np.isnan(lock.maximum):
            yield f"lock {lock.label!r} on {_called(market, lock.name)} is {lock.maximum}"
    for at, lots in enumerate(problem.lots):
        for lot in lots:
            if not (lot.shares.is_finite() and lot.shares > 0):
                yield f"lot {lot.lot_id} of {_called(market, at)} has {lot.shares} shares"
                return
        shares = sum((lot.shares for lot in lots), start=problem.nav * 0)
        held = float(shares * market.prices[at] / problem.nav)
        if abs(held - float(problem.w0[at])) > CLOSE:
            yield (
                f"lots of {_called(market, at)} are worth {held:.6g} of net assets, its position "
                f"w0 {problem.w0[at]:.6g}; they must be the same"
            )


def _vector(
    market: Market, values: FloatArray, field: str, least: float | None = None
) -> Iterator[str]:
    names = len(market.security_ids)
    if values.shape != (names,):
        yield f"{field} has shape {values.shape}; it must be ({names},)"
    elif not np.isfinite(values).all():
        at = int(np.argmin(np.isfinite(values)))
        yield f"{field} of {_called(market, at)} is {values[at]}; it must be finite"
    elif least is not None and values.size and values.min() < least:
        at = int(np.argmin(values))
        yield f"{field} of {_called(market, at)} is {values[at]:.6g}; it must not be below 0"


def _called(market: Market, at: int) -> str:
    return market.symbols[at] if at < len(market.symbols) else f"name {at}"
