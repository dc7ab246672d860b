"""Seeing through: a wave is sent, waited for, and taken back when its time is over.

What died unsent by accident goes out again; what a dead order left goes to its next choice. All
of it is found again in the database, so that it can be broken off at any moment.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.errors import NotDueError, TryAgainError
from domain.orders import Order, OrderIntent
from domain.ports import Clock, UnitOfWork, Vault, Wire
from oms.cancel import cancel
from oms.entering import ACTOR
from oms.generations import lineage, newest
from oms.lists import asked_by_list_only, cancel_lists
from oms.release_settings import ReleaseSettings
from oms.rests import ROUTER, again, follower, has_more_to_do, is_certainly_dead, open_gates
from oms.under_way import UnderWay
from oms.wave import Ground, commit, reductions


class ReleaseInterruptedError(TryAgainError):
    """The service stops while orders are out; the run goes on at the next start."""

    def __init__(self, run_id: UUID) -> None:
        super().__init__(f"the release of run {run_id.hex} was interrupted; resume the run")
        self.run_id = run_id


class Waves:
    """Sends one wave at a time, and says how it ended."""

    def __init__(self, vault: Vault, wire: Wire, clock: Clock, settings: ReleaseSettings) -> None:
        self._vault, self._wire, self._clock, self._settings = vault, wire, clock, settings
        self._stop = threading.Event()

    def stop(self) -> None:
        """Make a wave that is waited for raise `ReleaseInterruptedError`."""
        self._stop.set()

    def see_through(
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
