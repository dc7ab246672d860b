"""Release: orders go out in waves, sells before the buys that their cash pays for.

Every wave is one transaction: last checks, cash, limits, intents, outbox and audit. A
release that was interrupted goes on from what is committed; nothing that may
have reached a venue is ever released a second time. What was left out of a wave
stays out, and is told from the audit trail also by whoever goes on.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.errors import ConfigError, NotDueError, TryAgainError
from domain.exact import plain
from domain.orders import Alarm, Order, OrderIntent, Side
from domain.ports import Clock, UnitOfWork, Vault, Wire
from domain.snapshot import Snapshot
from domain.venue_ways import Ways
from oms.abandoned import OnFailure, abandon
from oms.admission import Stopped
from oms.cancel import cancel
from oms.entering import ACTOR
from oms.family import families
from oms.funding import Cut
from oms.generations import lineage, newest
from oms.lists import asked_by_list_only, cancel_lists
from oms.recheck import unfinished as not_done
from oms.rests import ROUTER, again, follower, has_more_to_do, is_certainly_dead, open_gates
from oms.routing import Route, as_it_is
from oms.turns import Turn, part_of, turns
from oms.under_way import UnderWay
from oms.wave import Ground, Recheck, commit, funding, reductions
from oms.wire_risk import RiskLimits


class ReleaseInterruptedError(TryAgainError):
    """The service stops while orders are out; the run goes on at the next start."""

    def __init__(self, run_id: UUID) -> None:
        super().__init__(f"the release of run {run_id.hex} was interrupted; resume the run")
        self.run_id = run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """How long a wave may take, and what is kept back for commission."""

    wave_timeout: timedelta  # A wave that is not done by then is cancelled.
    cancel_timeout: timedelta = timedelta(seconds=10)  # Patience with the answers to the cancels.
    poll_interval: timedelta = timedelta(milliseconds=100)
    cash_cushion: Decimal = Decimal("0.001")  # Fraction of each buy.
    on_failure: OnFailure = OnFailure.KEEP
    ways: Ways = field(default_factory=dict)  # How each venue hears of lists and allocations.

    def __post_init__(self) -> None:
        if not 0 <= self.cash_cushion < 1:
            raise ConfigError(
                f"cash_cushion is {plain(self.cash_cushion)}: give a fraction of the notional "
                "from 0 up to 1, for example 0.001"
            )
        for name in ("wave_timeout", "cancel_timeout", "poll_interval"):
            if getattr(self, name) <= timedelta(0):
                raise ConfigError(f"{name} is {getattr(self, name)}: give more than zero seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What came of a release, by ClOrdID."""

    released: tuple[str, ...]
    stopped: tuple[Stopped, ...]
    cuts: tuple[Cut, ...]
    unfinished: tuple[str, ...]  # The venue has not said how they ended.
    resting: tuple[str, ...] = ()  # Good till cancelled or a date: at work beyond the run.


def plan_waves(intents: Sequence[OrderIntent]) -> tuple[tuple[OrderIntent, ...], ...]:
    """Sells, then buys; a wave without orders is left out."""
    sells = tuple(intent for intent in intents if intent.side is Side.SELL)
    buys = tuple(intent for intent in intents if intent.side is Side.BUY)
    return tuple(wave for wave in (sells, buys) if wave)


class Releaser:
    """Sends a run's orders and waits for their end. One release at a time per instance."""

    def __init__(
        self,
        vault: Vault,
        wire: Wire,
        clock: Clock,
        settings: ReleaseSettings,
        limits: RiskLimits,
    ) -> None:
        self._vault, self._wire, self._clock, self._settings = vault, wire, clock, settings
        self._limits = limits
        self._stop = threading.Event()

    def stop(self) -> None:
        """Make a release that is waiting raise `ReleaseInterruptedError`."""
        self._stop.set()

    def release(
        self,
        run_id: UUID,
        orders: Sequence[OrderIntent | Route],
        snapshot: Snapshot,
        recheck: Recheck = lambda _wave, _accounts: {},
        *,
        by_hand: bool = False,
    ) -> Release:
        """Release `orders` turn by turn and wave by wave; returns when the last one has ended.

        `recheck` is asked before a wave about the accounts of which not everything was
        done in the waves before it, and about what goes on to another choice; it says which of
        them must leave, and why. What is ordered `by_hand` is not stopped because its accounts
        trade meanwhile, unless they have not the shares. Safe to call again after a crash, with
        the same orders. Raises `ReleaseInterruptedError` when `stop` is called meanwhile, and
        `NotDueError` when the next thing to do is due later: then it is to be called again.
        """
        routes = tuple(one if isinstance(one, Route) else as_it_is(one) for one in orders)
        assert all(route.intent.run_id == run_id for route in routes)
        ground = Ground(
            run_id=run_id,
            snapshot=snapshot,
            limits=self._limits,
            cash_cushion=self._settings.cash_cushion,
            routes={route.intent.cl_ord_id: route for route in routes},
            recheck=recheck,
            wire=self._wire,
            ways=self._settings.ways,
            by_hand=by_hand,
        )
        done: list[UnderWay] = []
        before: list[OrderIntent] = []
        for turn in turns(routes, self._clock.now()):
            for intents in plan_waves(self._due(turn, run_id)):
                barred = self._barred(intents, before, ground)
                done.append(self._see_through(intents, ground, barred))
                before += intents
        with self._vault.read() as view:
            reduced = reductions(view, run_id)
        return Release(
            released=tuple(name for wave in done for name in wave.names),
            stopped=tuple(dict.fromkeys(stop for one in reduced for stop in one.stopped)),
            cuts=tuple(dict.fromkeys(cut for one in reduced for cut in one.cuts)),
            unfinished=tuple(name for wave in done for name in wave.unfinished),
            resting=tuple(name for wave in done for name in wave.resting),
        )

    def abandon(self, run_id: UUID) -> Alarm | None:
        """The run has failed: keep its orders or take them back, as the settings say."""
        with self._vault.write() as uow:
            alarm = abandon(uow, run_id, self._settings.on_failure, self._clock.now())
        self._wire.wake()
        return alarm

    def _due(self, turn: Turn, run_id: UUID) -> tuple[OrderIntent, ...]:
        """The orders of a turn; raises `NotDueError` before its time."""
        if turn.at is not None and turn.at > self._clock.now():
            message = f"the next part of run {run_id.hex} is due at {turn.at:%H:%M:%S} UTC"
            raise NotDueError(message, turn.at)
        with self._vault.read() as view:
            stopped = frozenset(
                (stop.cl_ord_id, stop.account_id)
                for one in reductions(view, run_id)
                for stop in one.stopped
            )
            known = families(view.orders.of_run(run_id)) if turn.at is not None else {}
            found = (
                part_of(view, part, known.get(part.route.intent.cl_ord_id, ()), stopped)
                for part in turn.parts
            )
            return tuple(intent for intent in found if intent is not None)

    def _barred(
        self,
        wave: tuple[OrderIntent, ...],
        before: Sequence[OrderIntent],
        ground: Ground,
    ) -> Mapping[str, str]:
        """Who must leave the wave: asked of what the cash that there is would buy.

        A wave that has gone out already is not asked about again.
        """
        with self._vault.read() as view:
            standing = newest(view, wave)
            has_begun = bool(standing) or bool(reductions(view, ground.run_id, wave))
            if has_begun and not any(order.accidental for order in standing):
                return {}
            short = not_done(view, before)
            if not short:
                return {}
            affordable = funding(view, wave, ground).intents
        return ground.recheck(affordable, short) if affordable else {}

    def _see_through(
        self, intents: tuple[OrderIntent, ...], ground: Ground, barred: Mapping[str, str]
    ) -> UnderWay:
        """Send a wave and wait for its end.

        What died unsent by accident goes out again, as long as there is time; the rest of
        what is certainly dead goes to its next choice.
        """
        wave = UnderWay(ground, barred, self._clock.now(), self._settings.wave_timeout)
        self._begin(wave, intents)
        while True:
            left = self._wait(wave, ground.run_id)
            now = self._clock.now()
            went_on = self._go_on(wave, left, now)
            if not left and not went_on and not wave.unsure:
                return wave
            self._take_back(wave, wave.impatient(left, now), by=ROUTER)
            if over := wave.over(left, now):
                self._take_back(wave, over, by=ACTOR)
                wave.unfinished += self._last_wait(wave, over, ground.run_id)
                continue
            if left and not went_on and (at := wave.look_again_at(left, now)) is not None:
                message = f"its orders are at work; it is looked at again at {at:%H:%M:%S} UTC"
                raise NotDueError(message, at, left)

    def _begin(self, wave: UnderWay, intents: tuple[OrderIntent, ...]) -> None:
        """Commit what of the wave is not committed."""
        now, ground = self._clock.now(), wave.ground
        with self._vault.join() as uow:
            standing = [one for i in intents for one in lineage(uow, i.cl_ord_id)]
            is_first = not standing and not reductions(uow, ground.run_id, intents)
            wanted = intents if is_first else _anew(newest(uow, intents))
            going = commit(uow, wanted, ground, wave.barred, now)
        self._wire.wake()
        kept = tuple(order.intent for order in standing if not order.accidental)
        wave.take_up((*kept, *going), now)
        if not going:
            wave.is_resumed(now)

    def _go_on(self, wave: UnderWay, left: frozenset[str], now: datetime) -> bool:
        """Send what follows on orders that have ended; whether anything went out."""
        with self._vault.read() as view:
            following = self._followers(view, wave, left, now)
            fallen = _fallen(view, wave) if not left and now < wave.deadline else ()
        reasons: Mapping[str, str] = {}
        if following:
            accounts = {part.account_id for one in following for part in one.allocations}
            reasons = wave.ground.recheck(following, frozenset(accounts))
        going: tuple[OrderIntent, ...] = ()
        if following or fallen:
            with self._vault.join() as uow:
                wanted = (*self._followers(uow, wave, left, now), *_anew(fallen))
                going = commit(uow, wanted, wave.ground, {**wave.barred, **reasons}, now)
            self._wire.wake()
        wave.judged(left)
        wave.take_up(going, now)
        return bool(going)

    def _followers(
        self, view: UnitOfWork, wave: UnderWay, left: frozenset[str], now: datetime
    ) -> tuple[OrderIntent, ...]:
        """What may follow on orders that have closed; those that are not certain stay unsure."""
        routes, gates = wave.ground.routes, open_gates(self._wire.sessions())
        found: list[OrderIntent | None] = []
        for name in sorted(wave.undecided - left):
            order = view.orders.get(name)
            assert order is not None
            if order.accidental or not has_more_to_do(view, order, routes):
                wave.unsure.discard(name)
            elif is_certainly_dead(view, order, gates):
                wave.unsure.discard(name)
                found.append(follower(view, order, routes))
            else:
                wave.doubt(name, now)
        return tuple(one for one in found if one is not None)

    def _take_back(self, wave: UnderWay, names: Sequence[str], *, by: str) -> None:
        """Cancel: for good at the end of their time, or so that the rest can go on."""
        if not names:
            return
        why = "the wave's time is over" if by == ACTOR else "its rest goes to the next choice"
        now = self._clock.now()
        with self._vault.join() as uow:
            alone = cancel_lists(uow, names, at=now, why=why, by=by) if by == ACTOR else names
            for name in alone:
                order = uow.orders.get(name)
                assert order is not None
                cancel(uow, order, at=now, why=why, by=by)
        wave.asked_back(names)
        self._wire.wake()

    def _last_wait(self, wave: UnderWay, names: Sequence[str], run_id: UUID) -> tuple[str, ...]:
        """Wait for the answers to the cancels; what is open even then is nobody's any more.

        Half-way what a list's cancel did not end is cancelled order by order.
        """
        began, patience = self._clock.now(), self._settings.cancel_timeout
        has_repeated = False
        while True:
            left, now = self._open(frozenset(names)), self._clock.now()
            if not left or now >= began + patience:
                wave.drop(left)
                return tuple(sorted(left))
            if now >= began + patience / 2 and not has_repeated:
                has_repeated = True
                with self._vault.read() as view:
                    unheard = asked_by_list_only(view, sorted(left))
                self._take_back(wave, unheard, by=ACTOR)
            self._pause(run_id)

    def _wait(self, wave: UnderWay, run_id: UUID) -> frozenset[str]:
        """The wave's open orders, as soon as something is to be done about it."""
        if wave.unsure:
            self._pause(run_id)
        while True:
            left = self._open(wave.waited_for)
            if not left or wave.unsure or wave.undecided - left:
                return left
            if self._clock.now() >= wave.next_mark(left):
                return left
            self._pause(run_id)

    def _open(self, names: frozenset[str]) -> frozenset[str]:
        with self._vault.read() as view:
            return names & view.orders.open_names()

    def _pause(self, run_id: UUID) -> None:
        if self._stop.wait(self._settings.poll_interval.total_seconds()):
            raise ReleaseInterruptedError(run_id)


def _fallen(view: UnitOfWork, wave: UnderWay) -> tuple[Order, ...]:
    """Orders of the wave that died unsent by accident."""
    found = (view.orders.get(name) for name in wave.names)
    return tuple(order for order in found if order is not None and order.accidental)


def _anew(orders: Sequence[Order]) -> tuple[OrderIntent, ...]:
    found = (again(order) for order in orders)
    return tuple(intent for intent in found if intent is not None)
