"""The running service: one light process that never stops watching the wire.

A thread walks runs one after the other, the ticker starts them, the gateway
sends and books, a heartbeat keeps the writer's lease. Optimising happens in
worker processes.
"""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from typing import Protocol
from uuid import UUID

import structlog

from console.changing import Triggers, VaultChanging, Writer
from console.reading import VaultReading
from console.rule_wishes import UseRules
from console.run_walker import Lanes
from console.service_port import Health
from domain.audit import Tampering
from domain.errors import TrimtabError
from domain.ports import Clock, SessionState, Vault, Wire
from domain.runs import Kill, RunStatus
from gateway.every import Every
from oms.halt import Setting
from oms.route_terms import TradingDay
from oms.wire_risk import RiskLimits
from scheduler.ticker import Ticker
from scheduler.watch import Watch
from vault.intake import Intake
from vault.lease import FencedError

log = structlog.get_logger("service")
HEARTBEAT_SECONDS = 5.0  # Well within the lease, so that a slow disk does not lose it.
OPEN_RUNS = (RunStatus.RUNNING, RunStatus.AWAITING_APPROVAL)


class VaultService(VaultReading, VaultChanging):
    """Questions and wishes together, on one vault."""

    def __init__(
        self,
        *,
        vault: Writer,
        verify_audit: Callable[[], Tampering | None],
        check_projections: Callable[[], tuple[str, ...]],
        clock: Clock,
        intake: Intake,
        triggers: Triggers,
        venues: Sequence[str],
        limits: RiskLimits,
        day: TradingDay,
        go_on: Callable[[UUID], None] = lambda _run_id: None,
        wake: Callable[[], None] = lambda: None,
        setting: Setting = lambda _kill: nullcontext(),
        use_rules: UseRules = lambda _rules: None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        VaultReading.__init__(self, vault, clock, verify_audit, check_projections)
        VaultChanging.__init__(
            self,
            vault=vault,
            clock=clock,
            intake=intake,
            triggers=triggers,
            venues=venues,
            limits=limits,
            day=day,
            go_on=go_on,
            wake=wake,
            setting=setting,
            use_rules=use_rules,
            look=look,
        )


class ServedWire(Wire, Protocol):
    """The gateway under a running service."""

    def setting(self, kill: Kill) -> AbstractContextManager[None]:
        """Commit `kill` inside: no order that it stops reaches the engine afterwards."""
        ...


class RunningService(VaultService):
    """What a running service also tells of itself: `console.service_port.Service`."""

    def __init__(
        self,
        *,
        vault: Writer,
        verify_audit: Callable[[], Tampering | None],
        check_projections: Callable[[], tuple[str, ...]],
        clock: Clock,
        intake: Intake,
        ticker: Ticker,
        walker: Lanes,
        wire: ServedWire,
        use_rules: UseRules,
        watch: Watch,
        venues: Sequence[str],
        limits: RiskLimits,
        day: TradingDay,
        holder: str,
        heartbeat: "Heartbeat",
    ) -> None:
        super().__init__(
            vault=vault,
            verify_audit=verify_audit,
            check_projections=check_projections,
            clock=clock,
            intake=intake,
            triggers=ticker,
            venues=venues,
            limits=limits,
            day=day,
            go_on=walker.hand_over,
            wake=wire.wake,
            setting=wire.setting,
            use_rules=use_rules,
            look=watch.ask,
        )
        self._wire, self._holder, self._started_at = wire, holder, clock.now()
        self._heartbeat = heartbeat
        self.stop_asked = threading.Event()

    def sessions(self) -> tuple[SessionState, ...]:
        """The FIX sessions as they are now."""
        return self._wire.sessions()

    def health(self) -> Health:
        """How the service is, in one look."""
        sessions = self.sessions()
        with self._vault.read() as view:
            return Health(
                version=version("trimtab"),
                now=self._clock.now(),
                started_at=self._started_at,
                holder=self._holder,
                pid=os.getpid(),
                open_runs=len(view.runs.with_status(*OPEN_RUNS)),
                open_orders=len(view.orders.open_names()),
                in_doubt=sum(session.in_doubt for session in sessions),
                kills=view.kills.active(),
                sessions=sessions,
            )

    def stop(self, by: str) -> None:
        """Ask for an orderly stop; returns at once."""
        log.info("stop_asked", by=by)
        self.stop_asked.set()

    @property
    def fenced(self) -> FencedError | None:
        """Why this process may not write any more; None while it may."""
        return self._heartbeat.fenced


class Heartbeat(Every):
    """Keeps the writer's lease while there is nothing to write.

    A process that has lost it, because it slept too long, can do nothing useful any
    more and holds sessions that its successor needs: it is told to stop.
    """

    def __init__(self, renew: Callable[[], None]) -> None:
        super().__init__("heartbeat", HEARTBEAT_SECONDS, self._beat)
        self._renew = renew
        self.fenced: FencedError | None = None

    def _beat(self) -> bool:
        """Whether the lease is still ours, as far as is known."""
        try:
            self._renew()
        except FencedError as error:
            log.error("lease_lost", detail=str(error))
            self.fenced = error
            os.kill(os.getpid(), signal.SIGTERM)
            return False
        except TrimtabError as error:
            log.error("lease_not_renewed", detail=str(error))
        return True


def unfinished(vault: Vault) -> tuple[UUID, ...]:
    """Runs that a stop or a crash cut off, oldest first."""
    with vault.read() as view:
        runs = view.runs.with_status(RunStatus.RUNNING)
    return tuple(run.run_id for run in sorted(runs, key=lambda run: run.started_at))
