"""Release: orders go out in waves, sells before the buys that their cash pays for.

Every wave is one transaction: last checks, cash, limits, intents, outbox and audit. A
release that was interrupted goes on from what is committed; nothing that may
have reached a venue is ever released a second time. What was left out of a wave
stays out, and is told from the audit trail also by whoever goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import NotDueError
from domain.orders import Alarm, OrderIntent, Side
from domain.ports import Clock, Vault, Wire
from domain.snapshot import Snapshot
from oms.abandoned import abandon
from oms.admission import Stopped
from oms.family import families
from oms.funding import Cut
from oms.generations import newest
from oms.recheck import unfinished as not_done
from oms.release_settings import ReleaseSettings
from oms.routing import Route, as_it_is
from oms.seeing_through import Waves
from oms.turns import Turn, part_of, turns
from oms.under_way import UnderWay
from oms.wave import Ground, Recheck, funding, reductions
from oms.wire_risk import RiskLimits


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
        self._limits, self._waves = limits, Waves(vault, wire, clock, settings)

    def stop(self) -> None:
        """Make a release that is waiting raise `ReleaseInterruptedError`."""
        self._waves.stop()

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
                done.append(self._waves.see_through(intents, ground, barred))
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
