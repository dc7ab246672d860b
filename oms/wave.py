"""A wave: orders that are committed together, after the last looks at each of them.

What the wire has words for, kill switches and restrictions, the accounts' holdings, the
volume, the cash, round lots and the limits are asked in the transaction of the commit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.codec import decode
from domain.orders import OrderIntent, Side
from domain.ports import UnitOfWork, Wire
from domain.restrictions import reach_of
from domain.snapshot import Snapshot
from domain.venue_ways import Ways
from oms import wire_risk
from oms.admission import Admission, Stopped, admit
from oms.by_hand.cover import uncovered
from oms.by_hand.lots import unavailable
from oms.entering import ACTOR, enter
from oms.family import family_of, most_parts, within_parents
from oms.funding import Cut, Funding, fund
from oms.generations import root_of
from oms.moved import moved
from oms.purses import purses
from oms.routing import Route
from oms.sizes import in_round_lots, within_volume
from oms.wire_risk import RiskLimits

# Asked of orders and of some of their accounts: who must leave, and why.
Recheck = Callable[[Sequence[OrderIntent], frozenset[str]], Mapping[str, str]]
REDUCED = "release_reduced"  # Audit: what was left out of a wave.


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What was left out of one wave, as the audit trail keeps it."""

    stopped: tuple[Stopped, ...]
    cuts: tuple[Cut, ...]

    def names(self) -> set[str]:
        """The ClOrdIDs that it speaks of."""
        stopped = {stop.cl_ord_id for stop in self.stopped}
        return stopped | {cut.cl_ord_id for cut in self.cuts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the orders of one release stand on."""

    run_id: UUID
    snapshot: Snapshot
    limits: RiskLimits
    cash_cushion: Decimal  # Fraction of each buy.
    routes: Mapping[str, Route]  # By the ClOrdID of the block.
    recheck: Recheck = field(repr=False)
    wire: Wire = field(repr=False)
    ways: Ways = field(default_factory=dict)
    by_hand: bool = False  # A person decided on its quantities, whatever the accounts do meanwhile.


def commit(
    uow: UnitOfWork,
    wanted: Sequence[OrderIntent],
    ground: Ground,
    barred: Mapping[str, str],
    now: datetime,
) -> tuple[OrderIntent, ...]:
    """Commit what of `wanted` may go; what may not is kept in the audit trail.

    `barred` says of accounts why they must leave.
    """
    if not wanted:
        return ()
    spoken = take_supported(wanted, ground)
    admission = admit(
        spoken.intents,
        uow.kills.active(),
        {**reach_of(ground.snapshot, now), **uow.snapshots.bars(now)},
        {**_unfit(uow, spoken.intents, ground), **barred},
    )
    sized = _within_volume(uow, admission.intents, ground)
    funded = funding(uow, sized.intents, ground)
    lots = {one.security_id: one.lot_size for one in ground.snapshot.securities}
    rounded = in_round_lots(funded.intents, lots)
    facts = wire_risk.price_facts(ground.snapshot)
    within = within_parents(uow, rounded.intents, ground.routes)
    arriving = _arriving(uow, within.intents, ground, now)
    going = enter(uow, arriving, ground.limits, facts, now, ways=ground.ways)
    reduction = Reduction(
        stopped=(*spoken.stopped, *admission.stopped, *within.stopped, *going.stopped),
        cuts=(*sized.cuts, *funded.cuts, *rounded.cuts),
    )
    if reduction.stopped or reduction.cuts:
        subject = ground.run_id.hex
        uow.audit.append(at=now, actor=ACTOR, kind=REDUCED, subject=subject, body=reduction)
    return going.intents


def _unfit(uow: UnitOfWork, intents: Sequence[OrderIntent], ground: Ground) -> Mapping[str, str]:
    """Why accounts must leave by what they hold now."""
    if ground.by_hand:
        return {**unavailable(uow, intents, ground.snapshot), **uncovered(uow, intents)}
    accounts = {part.account_id for intent in intents for part in intent.allocations}
    return moved(uow, ground.run_id, accounts, ground.snapshot)


def funding(uow: UnitOfWork, intents: tuple[OrderIntent, ...], ground: Ground) -> Funding:
    """Buys within the cash that there is; sales as they are."""
    if not intents or intents[0].side is Side.SELL:
        return Funding(intents=intents, cuts=())
    accounts = sorted({part.account_id for i in intents for part in i.allocations})
    exempt = frozenset(intent.cl_ord_id for intent in intents)
    collar = ground.limits.price_collar
    money = purses(uow, ground.snapshot, accounts, exempt, collar)
    return fund(intents, money, ground.cash_cushion, collar)


def take_supported(wanted: Sequence[OrderIntent], ground: Ground) -> Admission:
    """Each order by the first of its choices, from its own on, that its venue has words for."""
    going: list[OrderIntent] = []
    stopped: list[Stopped] = []
    for intent in wanted:
        why = ground.wire.unsupported(intent)
        other = None if why is None else _by_another_choice(intent, ground)
        if why is None or other is not None:
            going.append(other or intent)
        else:
            stopped.append(Stopped(cl_ord_id=intent.cl_ord_id, account_id=None, why=why))
    return Admission(intents=tuple(going), stopped=tuple(stopped))


def reductions(
    uow: UnitOfWork, run_id: UUID, wave: Sequence[OrderIntent] = ()
) -> tuple[Reduction, ...]:
    """What was left out of a run's waves so far, or of one wave."""
    found = (
        decode(Reduction, entry.body)
        for entry in uow.audit.about(run_id.hex)
        if entry.kind == REDUCED
    )
    names = {intent.cl_ord_id for intent in wave}
    return tuple(one for one in found if not wave or names & one.names())


def _by_another_choice(intent: OrderIntent, ground: Ground) -> OrderIntent | None:
    route = ground.routes.get(root_of(intent.cl_ord_id))
    if route is None:
        return None
    tried = intent.routed.choice if intent.routed is not None else 1
    for attempt in route.attempts[tried:]:
        routed = attempt.intent.routed
        if routed is not None and intent.routed is not None:
            routed = replace(routed, follows=intent.routed.follows)
        other = replace(
            attempt.intent,
            cl_ord_id=intent.cl_ord_id,
            quantity=intent.quantity,
            allocations=intent.allocations,
            decided_at=intent.decided_at,
            routed=routed,
        )
        if ground.wire.unsupported(other) is None:
            return other
    return None


def _arriving(
    uow: UnitOfWork, intents: Sequence[OrderIntent], ground: Ground, now: datetime
) -> tuple[OrderIntent, ...]:
    """The orders with the time of their commit, and the newest price that is known then."""
    known = {price.security_id: price for price in ground.snapshot.prices}
    since = min((price.day for price in known.values()), default=now.date())
    newer = {**known, **uow.snapshots.closes(since, now.date())}
    return tuple(
        replace(
            intent,
            arrived_at=now,
            arrival_price=(
                newer[intent.security_id].close
                if intent.security_id in newer
                else intent.reference_price
            ),
        )
        for intent in intents
    )


def _within_volume(uow: UnitOfWork, intents: tuple[OrderIntent, ...], ground: Ground) -> Funding:
    """Asked of what all blocks of the same securities and sides did or may still do."""
    routes = ground.routes.values()
    if all(route.most is None for route in routes):
        return Funding(intents=intents, cuts=())
    names = {(intent.security_id, intent.side) for intent in intents}
    roots = [r.intent.cl_ord_id for r in routes if (r.intent.security_id, r.intent.side) in names]
    parts = most_parts(routes)
    earlier = [order for root in roots for order in family_of(uow, root, parts)]
    return within_volume(intents, ground.routes, earlier)
