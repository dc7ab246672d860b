"""Why an account has no answer: which of the client's constraints cannot hold together.

Two questions (`feasibility.py` answers both). How far must the named constraints be
loosened, cheapest by priority, until something holds (elastic program)? And which of
them, all together, already exclude each other, while any one less would not (deletion
filter; Chinneck, "Feasibility and Infeasibility in Optimization", 2008)?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.proposals import Conflict
from optimizer.box import box_of
from optimizer.feasibility import NOTHING, Member, Room
from optimizer.values import AccountProblem, Lock, Market, RiskCap, Row
from optimizer.words import dollars, listed, percent, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """A minimal conflicting set, and everything that the cheapest relaxation loosens."""

    conflicts: tuple[Conflict, ...]
    loosened: tuple[tuple[Row | Lock | RiskCap, float], ...]  # With how far.


def relaxation_of(
    market: Market, problem: AccountProblem, locks: Sequence[Lock]
) -> Relaxation | None:
    """The conflict and its cheapest relaxation; None when something holds."""
    room = Room(market, problem)
    members = room.members(locks, box_of(market, problem))
    short, prices = room.cheapest_relaxation(members)
    if short.sum() <= NOTHING:
        return None
    priced = [member for member, price in zip(members, prices, strict=True) if price > 0]
    culprits = _minimal_set(room, members if room.holds(priced) else priced)
    shortfall = {id(member): amount for member, amount in zip(members, short, strict=True)}
    return Relaxation(
        conflicts=_merged(culprits, shortfall),
        loosened=tuple(
            (member.of, float(by)) for member, by in zip(members, short, strict=True) if by > 0
        ),
    )


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


def amount_of(conflict: Conflict) -> str:
    """How short a constraint is, in its unit."""
    if conflict.unit == "volatility":
        return f"{percent(conflict.short_by, 2)} of volatility"
    if conflict.unit:
        return f"{plain(conflict.short_by)} of {conflict.unit}"
    return f"{percent(conflict.short_by)} of NAV"


def sentence(conflicts: tuple[Conflict, ...]) -> str:
    """The conflict in plain words, with names and amounts."""
    first, *rest = (conflict.name for conflict in conflicts)
    together = f"cannot hold together with {listed(rest)}" if rest else "cannot hold by itself"
    amounts = [
        f"{conflict.name} is short by {amount_of(conflict)}"
        for conflict in conflicts
        if conflict.short_by > 0
    ]
    return f"{first} {together}: {listed(amounts)}" if amounts else f"{first} {together}"


def _minimal_set(room: Room, members: list[Member]) -> list[Member]:
    """Drop each member that is not needed for the conflict; what is left is minimal."""
    kept = list(members)
    for member in members:
        fewer = [other for other in kept if other is not member]
        if not fewer or room.holds(fewer):
            continue
        kept = fewer
    return kept


def unit_of(limit: Row | Lock | RiskCap) -> str:
    """What a constraint is measured in; NAV where empty."""
    if isinstance(limit, RiskCap):
        return "volatility"
    return limit.unit if isinstance(limit, Row) else ""


def _merged(culprits: list[Member], shortfall: dict[int, float]) -> tuple[Conflict, ...]:
    """Locks of one label become one conflict that lists its names; the shortest comes first."""
    symbols: dict[str, list[str]] = {}
    short: dict[str, float] = {}
    units: dict[str, str] = {}
    for member in culprits:
        units[member.label] = unit_of(member.of)
        symbols.setdefault(member.label, []).append(member.symbol)
        short[member.label] = short.get(member.label, 0.0) + shortfall[id(member)]
    names = {
        label: f"{label} {listed(sorted(of_label))}" if of_label[0] else label
        for label, of_label in symbols.items()
    }
    conflicts = [
        Conflict(
            name=name,
            detail=name,
            short_by=Decimal(f"{short[label]:.9f}"),
            unit=units[label],
        )
        for label, name in names.items()
    ]
    return tuple(sorted(conflicts, key=lambda conflict: -conflict.short_by))
