"""The gateway without its threads: everything it does, in steps that a caller takes.

`gateway.service` takes them on threads, with QuickFIX under it and real clocks; a simulation
takes them one at a time, with an engine and clocks of its own. The steps are `outbox.step`,
`inbox.take` with what `deliver` was given, and `watch.look`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from structlog.typing import FilteringBoundLogger

from domain.commits import AccompaniedVault
from domain.ports import Clock, ExecutionSink, SessionKind, Vault
from gateway import changes, doubts
from gateway.arrivals import Arrival, ArrivalKind
from gateway.callbacks import Callbacks, Deliver
from gateway.copies import Copies
from gateway.day_ends import DayEnds
from gateway.endings import Endings
from gateway.expiries import Expiries
from gateway.filestore import StoredSequences, blot_secrets, check_store, sent_orders, sent_replaces
from gateway.gate import Throttle
from gateway.inbox import Inbox, Pause
from gateway.last_look import LastLook
from gateway.outbox import Outbox
from gateway.ports import FixEngine, Monotonic
from gateway.questions import Questions
from gateway.right_of_way import RightOfWay
from gateway.settings import Connection, GatewaySettings, VenueProfile
from gateway.staleness import Signs, Staleness
from gateway.unanswered import Unanswered
from gateway.watch import Watch

_STORE_MODE = 0o700
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class Core:
    """One start of the gateway; after a stop a new one is made."""

    def __init__(
        self,
        vault: AccompaniedVault,
        sink: ExecutionSink,
        clock: Clock,
        settings: GatewaySettings,
        log: FilteringBoundLogger,
        *,
        monotonic: Monotonic,
        engine: Callable[[Callbacks], FixEngine],
        deliver: Deliver,
        wake: Callable[[], None],
        pause: Pause,
    ) -> None:
        """`deliver` keeps an arrival for `inbox.take`; `wake` says that the outbox has to step.

        `pause` is how the inbox waits for a database that is away.
        """
        self.connections = {one.session.name: one for one in settings.connections}
        self._vault = vault
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._deliver = deliver
        self._log = log
        self._up_since: dict[str, float] = {}  # By session, on the monotonic clock.
        self._callbacks = Callbacks(
            settings.connections,
            deliver=self._delivered,
            keep=self._kept,
            on_logon=self._logged_on,
            on_logout=self._logged_out,
            log=log,
        )
        self.engine = engine(self._callbacks)
        self.last_look = LastLook()
        self.right_of_way = RightOfWay(monotonic, vault.is_awaited)
        throttles = {p.venue: Throttle(p.throttle) for p in settings.profiles}
        self.questions = Questions(
            vault=vault,
            clock=clock,
            monotonic=monotonic,
            engine=self.engine,
            throttles=throttles,
            acknowledgement_seconds=settings.acknowledgement_seconds,
            wake=wake,
            log=log,
        )
        self.outbox = Outbox(
            vault=vault,
            clock=clock,
            monotonic=monotonic,
            engine=self.engine,
            questions=self.questions,
            profiles=settings.profiles,
            throttles=throttles,
            last_look=self.last_look,
            right_of_way=self.right_of_way,
            up_since=self._up_since.get,
            wake=wake,
            log=log,
        )
        vault.accompany(self.outbox.accompany)
        self.inbox = Inbox(
            vault=vault,
            sink=sink,
            clock=clock,
            connections=settings.connections,
            right_of_way=self.right_of_way,
            on_booked=self.questions.booked,
            on_doubt=lambda session: self.questions.recount(self._venue(session)),
            on_mass_status=lambda session, has_ended: self.questions.mass_status_told(
                self._venue(session), has_ended=has_ended
            ),
            on_list_status=lambda session, name: self.questions.list_told(
                self._venue(session), name
            ),
            pause=pause,
            log=log,
        )
        self.copies = list(self._all_copies(settings.profiles, wake))
        staleness = Staleness(settings.connections, self._signs, log)
        self._heard = staleness.heard
        day_ends = self._all_day_ends(settings, sink, wake)
        looks = [
            staleness.look,
            *(one.review for one in self.copies),
            *(one.look for one in day_ends),
            self._unanswered(settings).look,
        ]
        self.watch = Watch(looks, monotonic, log)

    def _unanswered(self, settings: GatewaySettings) -> Unanswered:
        return Unanswered(
            settings.profiles,
            settings.allocation_seconds,
            vault=self._vault,
            clock=self._clock,
            log=self._log,
        )

    def prepare(self) -> dict[str, int]:
        """Before the engine starts: check each session's store, keep what it proves, catch up.

        Returns the last committed inbound number of each session, for the engine's start. Raises
        `ConfigError` for a store that is torn or missing.
        """
        durable = durable_sequences(self._vault, self._settings)
        stores: dict[str, StoredSequences | None] = {}
        for connection in self.connections.values():
            connection.session.store.mkdir(mode=_STORE_MODE, parents=True, exist_ok=True)
            connection.session.store.chmod(_STORE_MODE)
            stored = check_store(connection.session, durable[connection.session.name])
            stores[connection.session.name] = stored
            _keep_secret(connection)
        for profile in self._settings.profiles:
            self._keep_evidence(profile)
        for copies in self.copies:
            copies.start(self._monotonic())
        self.inbox.start(durable)
        self._note_resets(stores)
        return {session: self.inbox.durable(session) for session in durable}

    def finish(self) -> None:
        """After everything has ended, and the inbox was emptied."""
        for copies in self.copies:
            copies.finish(self._monotonic())
        for connection in self.connections.values():
            _keep_secret(connection)

    def _note_resets(self, stores: Mapping[str, StoredSequences | None]) -> None:
        """A store that began after the last message that is kept: we died before that was kept.

        A rehearsal's messages are kept at instants of another day: they prove nothing.
        """
        if self._settings.rehearsal:
            return
        with self._vault.read() as view:
            taken = {session: view.inbox.taken_at(session) for session in stores}
        for session, stored in stores.items():
            last = taken[session]
            if stored is not None and last is not None and last < stored.began:
                why = f"the engine began to count anew at {stored.began:%Y-%m-%d %H:%M:%S} UTC"
                reset = Arrival(kind=ArrivalKind.RESET, session=session, until=1, note=why)
                self.inbox.take([reset])

    def _keep_evidence(self, profile: VenueProfile) -> None:
        """What the engine's store says of what nobody acknowledged, while it is at rest.

        Whether it is complete its own clock says, which is not that of a rehearsal.
        """
        stored, venue = check_store(profile.session, 0), profile.venue
        with self._vault.write() as uow:
            is_open = doubts.has_silent(uow, venue) or changes.has_unanswered(uow, venue)
            if stored is not None and is_open:
                sent, now = sent_orders(profile.session), self._clock.now()
                since = _ALWAYS if self._settings.rehearsal else stored.began_by
                doubts.note_never_stored(uow, venue, sent, since, now)
                changes.note_never_stored(uow, venue, sent, since, now)
                replaces = sent_replaces(profile.session)
                self._callbacks.receipts.remember(profile.session.name, replaces)

    def _all_copies(
        self, profiles: Sequence[VenueProfile], wake: Callable[[], None]
    ) -> Iterator[Copies]:
        return (
            Copies(
                profile,
                profile.copies,
                vault=self._vault,
                clock=self._clock,
                orders_up_since=lambda name=profile.session.name: self._up_since.get(name),  # type: ignore[misc]  # mypy does not infer a lambda's default.
                copies_up_since=lambda name=profile.copies.session.name: self._up_since.get(name),  # type: ignore[misc]  # As above.
                on_question=wake,
                log=self._log,
            )
            for profile in profiles
            if profile.copies is not None
        )

    def _all_day_ends(
        self, settings: GatewaySettings, sink: ExecutionSink, wake: Callable[[], None]
    ) -> Iterator[Endings]:
        for profile in settings.profiles:
            usual = {
                "vault": self._vault,
                "sink": sink,
                "clock": self._clock,
                "patience_seconds": settings.acknowledgement_seconds,
                "up_since": partial(self._up_since.get, profile.session.name),
                "on_question": wake,
                "log": self._log,
            }
            if profile.day_roll is not None:
                yield DayEnds(profile.venue, profile.day_roll, **usual)
            if profile.dialect.expire_times:
                yield Expiries(profile.venue, **usual)

    def _signs(self, session: str) -> Signs:
        return Signs(is_due=self.engine.is_due(session), is_up=self.engine.is_logged_on(session))

    def _venue(self, session: str) -> str:
        return self.connections[session].venue

    def _delivered(self, arrival: Arrival) -> None:
        self._heard(arrival.session, self._monotonic())
        self._deliver(arrival)

    def _kept(self, arrival: Arrival) -> None:
        """Evidence that will not come again; a database that is away gets it later, if we live."""
        try:
            self.inbox.keep(arrival)
        except Exception as error:  # noqa: BLE001 - the inbox tries until the database is back
            self._log.error("evidence_not_kept", session=arrival.session, error=str(error))
            self._delivered(arrival)

    def _logged_on(self, session: str) -> None:
        connection = self.connections[session]
        _keep_secret(connection)
        self._up_since[session] = self._monotonic()
        self._heard(session, self._up_since[session])
        if connection.kind is SessionKind.ORDERS:
            self.questions.logged_on(connection.venue)

    def _logged_out(self, session: str) -> None:
        connection = self.connections[session]
        self._up_since.pop(session, None)
        if connection.kind is SessionKind.ORDERS:
            self.questions.logged_on(connection.venue)  # Shuts the gate until the next logon.


def durable_sequences(vault: Vault, settings: GatewaySettings) -> dict[str, int]:
    """The last committed inbound number of each session."""
    with vault.read() as uow:
        return {
            one.session.name: uow.inbox.durable_sequence(one.session.name)
            for one in settings.connections
        }


def _keep_secret(connection: Connection) -> None:
    """The engine keeps every Logon as sent; take the password out of its file."""
    if connection.username is not None or connection.password is not None:
        blot_secrets(connection.session)
