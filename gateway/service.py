"""The gateway as the rest of the service sees it: start, stop, wake, and its sessions.

`Gateway` implements `domain.ports.Wire`. Start it with the writer's lease held.
"""

from collections.abc import Callable, Sequence

from structlog.typing import FilteringBoundLogger

from domain.errors import InvariantError, TrimtabError
from domain.ports import Clock, ExecutionSink, SessionState, Vault
from gateway import dictionary, doubts
from gateway.engine import Engine, end_process
from gateway.filestore import blot_secrets, check_store, sent_orders
from gateway.inbox import Inbox
from gateway.outbox import Outbox
from gateway.settings import GatewaySettings, VenueProfile

_STORE_MODE = 0o700


class Gateway:
    """Two threads of ours, the engine's, and one session per venue."""

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
        self._venues = {p.session.name: p.venue for p in settings.profiles}
        self._started = False
        self._inbox = Inbox(
            vault=vault,
            sink=sink,
            clock=clock,
            venues=self._venues,
            on_booked=self._booked,
            on_doubt=self._doubted,
            log=log,
            fatal=fatal,
            limit=settings.queue_limit,
            patience_seconds=settings.patience_seconds,
        )
        self._engine = Engine(
            settings.profiles,
            deliver=self._inbox.deliver,
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

    def start(self) -> None:
        """Check each session's store, rewind it to what is durable, connect.

        Raises `ConfigError` for a store that is torn or missing; nothing has started then.
        """
        if self._started:
            raise InvariantError("the gateway was started before; make a new one")
        durable = durable_sequences(self._vault, self._settings)
        for profile in self._settings.profiles:
            profile.session.store.mkdir(mode=_STORE_MODE, parents=True, exist_ok=True)
            profile.session.store.chmod(_STORE_MODE)
            check_store(profile.session, durable[profile.session.name])
            _keep_secret(profile)
            self._keep_evidence(profile)
        self._started = True
        self._inbox.start(durable)
        self._outbox.start()
        self._engine.start(durable)
        self._log.info("gateway_started", venues=list(self._venues.values()))

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
        self._outbox.stop()
        self._engine.stop()
        self._inbox.stop()
        for profile in self._settings.profiles:
            _keep_secret(profile)
        self._log.info("gateway_stopped")

    def wake(self) -> None:
        """The outbox has something new. Returns at once."""
        self._outbox.wake()

    def sessions(self) -> tuple[SessionState, ...]:
        """Each session as an operator wants to see it."""
        with self._vault.read() as uow:
            kills = uow.kills.active()
            in_doubt = {venue: doubts.unresolved(uow, venue) for venue in self._venues.values()}
        stopped = {kill.name for kill in kills if kill.scope == "venue"}
        halted = any(kill.scope == "firm" for kill in kills)
        return tuple(
            self._state(session, venue, in_doubt[venue], is_halted=halted or venue in stopped)
            for session, venue in self._venues.items()
        )

    def _state(self, session: str, venue: str, in_doubt: int, *, is_halted: bool) -> SessionState:
        logged_on = self._engine.is_logged_on(session)
        next_sender, next_target = self._engine.sequences(session)
        return SessionState(
            session=session,
            venue=venue,
            logged_on=logged_on,
            gate_open=logged_on and not is_halted and self._outbox.is_gate_open(venue),
            next_sender=next_sender,
            next_target=next_target,
            durable_target=self._inbox.durable(session),
            queue_depth=self._inbox.depth(),
            in_doubt=in_doubt,
        )

    def _logged_on(self, session: str) -> None:
        profile = next(p for p in self._settings.profiles if p.session.name == session)
        _keep_secret(profile)
        self._outbox.logged_on(profile.venue)

    def _logged_out(self, session: str) -> None:
        self._outbox.logged_on(self._venues[session])  # Shuts the gate until the next logon.

    def _booked(self, cl_ord_ids: Sequence[str]) -> None:
        self._outbox.booked(cl_ord_ids)

    def _doubted(self, session: str) -> None:
        self._outbox.recount(self._venues[session])


def durable_sequences(vault: Vault, settings: GatewaySettings) -> dict[str, int]:
    """The last committed inbound number of each session."""
    with vault.read() as uow:
        return {
            profile.session.name: uow.inbox.durable_sequence(profile.session.name)
            for profile in settings.profiles
        }


def problems(vault: Vault, settings: GatewaySettings) -> tuple[str, ...]:
    """What would stop a start, each in a sentence; for `trimtab check`. Changes nothing."""
    found: list[str] = []
    durable = durable_sequences(vault, settings)
    for profile in settings.profiles:
        try:
            check_store(profile.session, durable[profile.session.name])
            dictionary.load(profile.session.application_dictionary[1])
        except TrimtabError as error:
            found.append(str(error))
    return tuple(found)


def _keep_secret(profile: VenueProfile) -> None:
    """The engine keeps every Logon as sent; take the password out of its file."""
    if profile.username is not None or profile.password is not None:
        blot_secrets(profile.session)
