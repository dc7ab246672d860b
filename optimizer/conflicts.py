"""Why an account has no answer: which of the client's constraints cannot hold together.

Two questions, both linear programs solved by HiGHS. How far must the named
constraints be loosened, cheapest by priority, until something holds (elastic
program)? And which of them, all together, already exclude each other, while any
one less would not (deletion filter; Chinneck, "Feasibility and Infeasibility in
Optimization", 2008)? Owning no less than nothing and selling no more than is held
are no constraints of the client's and are never loosened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from scipy.optimize import linprog

from domain.orders import Side
from domain.proposals import Conflict
from optimizer.values import AccountProblem, FloatArray, Lock, Market
from optimizer.words import dollars, listed, percent

NOTHING = 1e-6  # Of NAV: HiGHS itself is exact to 1e-7; shorter than this is no shortfall.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Member:
    """One constraint that may be loosened: coefficients'(u, s) <= limit."""

    label: str
    symbol: str  # Of a lock; "" for a row.
    coefficients: FloatArray  # (2n,)
    limit: float
    price: float


def conflicts_of(
    market: Market, problem: AccountProblem, locks: Sequence[Lock]
) -> tuple[Conflict, ...]:
    """A minimal conflicting set with the cheapest relaxation; empty when something holds."""
    members = _members(market, problem, locks)
    short, prices = _cheapest_relaxation(problem, members)
    if short.sum() <= NOTHING:
        return ()
    priced = [member for member, price in zip(members, prices, strict=True) if price > 0]
    culprits = _minimal_set(problem, members if _holds(problem, priced) else priced)
    shortfall = {id(member): amount for member, amount in zip(members, short, strict=True)}
    return _merged(culprits, shortfall)


def ticket_conflicts(
    problem: AccountProblem, broken: Sequence[tuple[str, float]]
) -> tuple[Conflict, ...]:
    """What conflicts when an optimum exists, but not in whole shares of a worthwhile size.

    `broken`: labels of the rows that the nearest whole-share trades break, and how far.
    """
    label = f"whole shares in trades of at least {dollars(problem.minimum_trade)}"
    rows = [
        Conflict(name=name, detail=name, short_by=Decimal(f"{short:.9f}")) for name, short in broken
    ]
    return (*rows, Conflict(name=label, detail=label, short_by=Decimal(0)))


def sentence(conflicts: tuple[Conflict, ...]) -> str:
    """The conflict in plain words, with names and amounts."""
    first, *rest = (conflict.name for conflict in conflicts)
    together = f"cannot hold together with {listed(rest)}" if rest else "cannot hold by itself"
    amounts = [
        f"{conflict.name} is short by {percent(conflict.short_by)} of NAV"
        for conflict in conflicts
        if conflict.short_by > 0
    ]
    return f"{first} {together}: {listed(amounts)}" if amounts else f"{first} {together}"


def _members(market: Market, problem: AccountProblem, locks: Sequence[Lock]) -> list[_Member]:
    """Rows and locks, the first to be given up first."""
    names = len(problem.w0)
    rows = [
        _Member(
            label=row.label,
            symbol="",
            coefficients=np.r_[row.buy, row.sell],
            limit=row.limit,
            price=row.relaxation_price,
        )
        for row in problem.rows
    ]
    locked = [_lock_member(market, lock, names) for lock in locks]
    return sorted(rows + locked, key=lambda member: member.price)


def _lock_member(market: Market, lock: Lock, names: int) -> _Member:
    unit = np.zeros(2 * names)
    unit[lock.name + (names if lock.side is Side.SELL else 0)] = 1.0
    return _Member(
        label=lock.label,
        symbol=market.symbols[lock.name],
        coefficients=unit,
        limit=lock.maximum,
        price=lock.relaxation_price,
    )


def _own_bounds(problem: AccountProblem) -> list[tuple[float, float]]:
    """0 <= u <= 1 and 0 <= s <= what is held."""
    return [(0.0, 1.0)] * len(problem.w0) + [(0.0, max(float(w), 0.0)) for w in problem.w0]


def _cheapest_relaxation(
    problem: AccountProblem, members: list[_Member]
) -> tuple[FloatArray, FloatArray]:
    """How far each member is loosened when the dearest stay whole, in NAV, and its dual.

    The members with a positive dual exclude each other by themselves: with the
    others gone, the same duals still prove that nothing holds.
    """
    count, size = len(members), 2 * len(problem.w0)
    matrix = np.hstack([np.array([member.coefficients for member in members]), -np.eye(count)])
    result = linprog(
        c=np.r_[np.zeros(size), [member.price for member in members]],
        A_ub=matrix,
        b_ub=[member.limit for member in members],
        bounds=_own_bounds(problem) + [(0.0, None)] * count,
        method="highs",
    )
    assert result.status == 0, f"an elastic program always has an answer: {result.message}"
    loosened: FloatArray = result.x[size:]
    duals: FloatArray = -result.ineqlin.marginals
    return np.where(loosened > NOTHING, loosened, 0.0), np.where(duals > NOTHING, duals, 0.0)


def _minimal_set(problem: AccountProblem, members: list[_Member]) -> list[_Member]:
    """Drop each member that is not needed for the conflict; what is left is minimal."""
    kept = list(members)
    for member in members:
        fewer = [other for other in kept if other is not member]
        if not fewer or _holds(problem, fewer):
            continue
        kept = fewer
    return kept


def _holds(problem: AccountProblem, members: list[_Member]) -> bool:
    """Whether the members can all hold together."""
    result = linprog(
        c=np.zeros(2 * len(problem.w0)),
        A_ub=np.array([member.coefficients for member in members]),
        b_ub=[member.limit for member in members],
        bounds=_own_bounds(problem),
        method="highs",
    )
    return bool(result.status == 0)


def _merged(culprits: list[_Member], shortfall: dict[int, float]) -> tuple[Conflict, ...]:
    """Locks of one label become one conflict that lists its names; the shortest comes first."""
    symbols: dict[str, list[str]] = {}
    short: dict[str, float] = {}
    for member in culprits:
        symbols.setdefault(member.label, []).append(member.symbol)
        short[member.label] = short.get(member.label, 0.0) + shortfall[id(member)]
    names = {
        label: f"{label} {listed(sorted(of_label))}" if of_label[0] else label
        for label, of_label in symbols.items()
    }
    conflicts = [
        Conflict(name=name, detail=name, short_by=Decimal(f"{short[label]:.9f}"))
        for label, name in names.items()
    ]
    return tuple(sorted(conflicts, key=lambda conflict: -conflict.short_by))
