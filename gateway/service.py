"""The gateway as the rest of the service sees it: start, stop, wake, and its sessions.

`Gateway` implements `domain.ports.Wire`. Start it with the writer's lease held.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from domain.commits import AccompaniedVault
from domain.copies import CopyCount
from domain.errors import InvariantError, TrimtabError
from domain.kills import stops_venue
from domain.orders import ExecutionReport, OrderIntent
from domain.ports import (
    Clock,
    ExecutionSink,
    SessionKind,
    SessionState,
    UnitOfWork,
    Vault,
)
from domain.runs import Kill
from gateway import copy_marks, dictionary, doubts
from gateway.arrival_queue import ArrivalQueue
from gateway.core import Core, durable_sequences
from gateway.engine import Engine, end_process
from gateway.every import Every
from gateway.filestore import check_store
from gateway.settings import Connection, GatewaySettings
from gateway.threads import InboxThread, OutboxThread

_LOOK_SECONDS = 0.25


class Gateway:
    """Three threads of ours, the engine's, and one session per venue, or two."""

    def __init__(
        self,
        vault: AccompaniedVault,
        sink: ExecutionSink,
        clock: Clock,
        settings: GatewaySettings,
        log: FilteringBoundLogger,
        *,
        fatal: Callable[[str], None] = end_process,
    ) -> None:
        self._vault = vault
        self._settings = settings
        self._log = log
        self._started = False
        self._woken = threading.Event()
        stopping = threading.Event()
        self._arrivals = ArrivalQueue(
            limit=settings.queue_limit,
            patience_seconds=settings.patience_seconds,
            log=log,
            fatal=fatal,
        )
        self._core = core = Core(
            vault,
            sink,
            clock,
            settings,
            log,
            monotonic=time.monotonic,
            engine=lambda callbacks: Engine(settings.connections, callbacks, log=log, fatal=fatal),
            deliver=self._arrivals.put,
            wake=self._woken.set,
            pause=stopping.wait,
        )
        self._outbox = OutboxThread(core.outbox, self._woken)
        self._inbox = InboxThread(
            core.inbox,
            self._arrivals,
            stopping=stopping,
            log=log,
            fatal=fatal,
        )
        self._watch = Every("fix-watch", _LOOK_SECONDS, core.watch.look)

    def start(self) -> None:
        """Check each session's store, rewind it to what is durable, connect.

        Raises `ConfigError` for a store that is torn or missing; nothing has started then.
        """
        if self._started:
            raise InvariantError("the gateway was started before; make a new one")
        durable = self._core.prepare()
        self._started = True
        self._inbox.start()
        self._outbox.start()
        self._core.engine.start(durable)
        self._watch.start()
        self._log.info("gateway_started", venues=[one.venue for one in self._settings.profiles])

    def stop(self) -> None:
        """Send nothing more, log out, book what has arrived."""
        if not self._started:
            return
        self._watch.stop()
        self._outbox.stop()
        self._core.engine.stop()
        self._inbox.stop()
        self._core.finish()
        self._log.info("gateway_stopped")

    def wake(self) -> None:
        """The outbox has something new. Returns at once."""
        self._woken.set()

    def setting(self, kill: Kill) -> AbstractContextManager[None]:
        """Commit `kill` inside: no order that it stops reaches the engine afterwards."""
        return self._core.last_look.setting(kill)

    def sessions(self) -> tuple[SessionState, ...]:
        """Each session as an operator wants to see it."""
        with self._vault.read() as uow:
            kills = uow.kills.active()
            in_doubt = {p.venue: doubts.unresolved(uow, p.venue) for p in self._settings.profiles}
        return tuple(
            self._state(
                one,
                in_doubt[one.venue],
                is_halted=any(stops_venue(kill, one.venue) for kill in kills),
            )
            for one in self._core.connections.values()
        )

    def unsupported(self, intent: OrderIntent) -> str | None:
        """Why the order's venue does not take such an order; None when it does."""
        profile = self._settings.profile(intent.venue)
        if profile is None:
            return f"there is no [venues.{intent.venue}] in the configuration"
        return profile.dialect.unsupported(intent)

    def _state(self, connection: Connection, in_doubt: int, *, is_halted: bool) -> SessionState:
        session, venue = connection.session.name, connection.venue
        takes_orders = connection.kind is SessionKind.ORDERS
        logged_on = self._core.engine.is_logged_on(session)
        next_sender, next_target = self._core.engine.sequences(session)
        return SessionState(
            session=session,
            venue=venue,
            kind=connection.kind,
            logged_on=logged_on,
            gate_open=takes_orders
            and logged_on
            and not is_halted
            and self._core.questions.is_gate_open(venue),
            next_sender=next_sender,
            next_target=next_target,
            durable_target=self._core.inbox.durable(session),
            queue_depth=self._arrivals.depth(),
            in_doubt=in_doubt if takes_orders else 0,
        )

    def copied(
        self, view: UnitOfWork, executions: Sequence[ExecutionReport], since: datetime
    ) -> CopyCount | None:
        """How many of `executions`, booked after `since`, were copied; None: no drop copies."""
        return copy_marks.count(view, self._settings.profiles, executions, since)

    def is_due(self, session: str) -> bool:
        """Whether a session should be up now, by its schedule."""
        return self._core.engine.is_due(session)


def problems(vault: Vault, settings: GatewaySettings) -> tuple[str, ...]:
    """What would stop a start, each in a sentence; for `trimtab check`. Changes nothing."""
    found: list[str] = []
    durable = durable_sequences(vault, settings)
    for connection in settings.connections:
        try:
            check_store(connection.session, durable[connection.session.name])
            dictionary.load(connection.session.application_dictionary[1])
        except TrimtabError as error:
            found.append(str(error))
    return tuple(found)
