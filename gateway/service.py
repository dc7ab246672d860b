"""The gateway as the rest of the service sees it: start, stop, wake, and its sessions.

`Gateway` implements `domain.ports.Wire`. Start it with the writer's lease held.
"""

import time
from collections.abc import Callable, Sequence

from structlog.typing import FilteringBoundLogger

from domain.errors import InvariantError, TrimtabError
from domain.ports import Clock, ExecutionSink, SessionKind, SessionState, Vault
from gateway import dictionary, doubts
from gateway.arrivals import Arrival
from gateway.copies import Copies
from gateway.engine import Engine, end_process
from gateway.filestore import blot_secrets, check_store, sent_orders
from gateway.inbox import Inbox
from gateway.outbox import Outbox
from gateway.settings import Connection, GatewaySettings, VenueProfile
from gateway.staleness import Signs, Staleness
from gateway.watch import Watch

_STORE_MODE = 0o700


class Gateway:
    """Three threads of ours, the engine's, and one session per venue, or two."""

    def __init__(
        self,
        vault: Vault,
        sink: ExecutionSink,
        clock: Clock,
        settings: GatewaySettings,
        log: FilteringBoundLogger,
        *,
        fatal: Callable[[str], None] = end_process,
    ) -> None:
        self._vault = vault
        self._settings = settings
        self._clock = clock
        self._log = log
        self._connections = {one.session.name: one for one in settings.connections}
        self._up_since: dict[str, float] = {}  # By session, on the monotonic clock.
        self._started = False
        self._inbox = Inbox(
            vault=vault,
            sink=sink,
            clock=clock,
            connections=settings.connections,
            on_booked=self._booked,
            on_doubt=self._doubted,
            on_mass_status=self._mass_status_ended,
            log=log,
            fatal=fatal,
            limit=settings.queue_limit,
            patience_seconds=settings.patience_seconds,
        )
        self._engine = Engine(
            settings.connections,
            deliver=self._delivered,
            on_logon=self._logged_on,
            on_logout=self._logged_out,
            log=log,
            fatal=fatal,
        )
        self._outbox = Outbox(
            vault=vault,
            clock=clock,
            engine=self._engine,
            profiles=settings.profiles,
            acknowledgement_seconds=settings.acknowledgement_seconds,
            log=log,
        )
        self._copies = [
            self._copies_of(profile, profile.copies)
            for profile in settings.profiles
            if profile.copies is not None
        ]
        self._staleness = Staleness(settings.connections, self._signs, log)
        self._watch = Watch([self._staleness.look, *(one.review for one in self._copies)], log)

    def _copies_of(self, profile: VenueProfile, copies: Connection) -> Copies:
        return Copies(
            profile,
            copies,
            vault=self._vault,
            clock=self._clock,
            orders_up_since=lambda: self._up_since.get(profile.session.name),
            on_question=self._outbox.wake,
            log=self._log,
        )

    def start(self) -> None:
        """Check each session's store, rewind it to what is durable, connect.

        Raises `ConfigError` for a store that is torn or missing; nothing has started then.
        """
        if self._started:
            raise InvariantError("the gateway was started before; make a new one")
        durable = durable_sequences(self._vault, self._settings)
        for connection in self._connections.values():
            connection.session.store.mkdir(mode=_STORE_MODE, parents=True, exist_ok=True)
            connection.session.store.chmod(_STORE_MODE)
            check_store(connection.session, durable[connection.session.name])
            _keep_secret(connection)
        for profile in self._settings.profiles:
            self._keep_evidence(profile)
        self._started = True
        for copies in self._copies:
            copies.start(time.monotonic())
        self._inbox.start(durable)
        self._outbox.start()
        self._engine.start(durable)
        self._watch.start()
        self._log.info("gateway_started", venues=[one.venue for one in self._settings.profiles])

    def _keep_evidence(self, profile: VenueProfile) -> None:
        """What the engine's store says of orders that nobody acknowledged, while it is at rest."""
        with self._vault.read() as view:
            if not doubts.has_silent(view, profile.venue):
                return
        sent = sent_orders(profile.session)
        with self._vault.write() as uow:
            doubts.note_never_stored(uow, profile.venue, sent, self._clock.now())

    def stop(self) -> None:
        """Send nothing more, log out, book what has arrived."""
        if not self._started:
            return
        self._watch.stop()
        self._outbox.stop()
        self._engine.stop()
        self._inbox.stop()
        for copies in self._copies:
            copies.finish(time.monotonic())
        for connection in self._connections.values():
            _keep_secret(connection)
        self._log.info("gateway_stopped")

    def wake(self) -> None:
        """The outbox has something new. Returns at once."""
        self._outbox.wake()

    def sessions(self) -> tuple[SessionState, ...]:
        """Each session as an operator wants to see it."""
        with self._vault.read() as uow:
            kills = uow.kills.active()
            in_doubt = {p.venue: doubts.unresolved(uow, p.venue) for p in self._settings.profiles}
        stopped = {kill.name for kill in kills if kill.scope == "venue"}
        halted = any(kill.scope == "firm" for kill in kills)
        return tuple(
            self._state(one, in_doubt[one.venue], is_halted=halted or one.venue in stopped)
            for one in self._connections.values()
        )

    def _state(self, connection: Connection, in_doubt: int, *, is_halted: bool) -> SessionState:
        session, venue = connection.session.name, connection.venue
        takes_orders = connection.kind is SessionKind.ORDERS
        logged_on = self._engine.is_logged_on(session)
        next_sender, next_target = self._engine.sequences(session)
        return SessionState(
            session=session,
            venue=venue,
            kind=connection.kind,
            logged_on=logged_on,
            gate_open=takes_orders
            and logged_on
            and not is_halted
            and self._outbox.is_gate_open(venue),
            next_sender=next_sender,
            next_target=next_target,
            durable_target=self._inbox.durable(session),
            queue_depth=self._inbox.depth(),
            in_doubt=in_doubt if takes_orders else 0,
        )

    def is_due(self, session: str) -> bool:
        """Whether a session should be up now, by its schedule."""
        return self._engine.is_due(session)

    def _signs(self, session: str) -> Signs:
        return Signs(is_due=self.is_due(session), is_up=self._engine.is_logged_on(session))

    def _delivered(self, arrival: Arrival) -> None:
        self._staleness.heard(arrival.session, time.monotonic())
        self._inbox.deliver(arrival)

    def _logged_on(self, session: str) -> None:
        connection = self._connections[session]
        _keep_secret(connection)
        self._up_since[session] = time.monotonic()
        self._staleness.heard(session, self._up_since[session])
        if connection.kind is SessionKind.ORDERS:
            self._outbox.logged_on(connection.venue)

    def _logged_out(self, session: str) -> None:
        connection = self._connections[session]
        self._up_since.pop(session, None)
        if connection.kind is SessionKind.ORDERS:
            self._outbox.logged_on(connection.venue)  # Shuts the gate until the next logon.

    def _booked(self, cl_ord_ids: Sequence[str]) -> None:
        self._outbox.booked(cl_ord_ids)

    def _mass_status_ended(self, session: str) -> None:
        self._outbox.mass_status_ended(self._connections[session].venue)

    def _doubted(self, session: str) -> None:
        self._outbox.recount(self._connections[session].venue)


def durable_sequences(vault: Vault, settings: GatewaySettings) -> dict[str, int]:
    """The last committed inbound number of each session."""
    with vault.read() as uow:
        return {
            one.session.name: uow.inbox.durable_sequence(one.session.name)
            for one in settings.connections
        }


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


def _keep_secret(connection: Connection) -> None:
    """The engine keeps every Logon as sent; take the password out of its file."""
    if connection.username is not None or connection.password is not None:
        blot_secrets(connection.session)
