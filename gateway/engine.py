"""The FIX engine: QuickFIX's initiators, one for each session, every callback guarded.

What the callbacks mean is in `gateway.callbacks`. An exception that escapes into the engine
would wedge its thread while the process lives, so it ends the process instead.
`import quickfix` resets SIGINT: install handlers after it.
"""

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import quickfix as fix
from structlog.typing import FilteringBoundLogger

from domain.errors import ExitCode, MissingError
from gateway import dictionary
from gateway.callbacks import Callbacks
from gateway.dialect import Kind
from gateway.enginelog import EngineLogFactory
from gateway.filestore import dated_today
from gateway.floods import Floods
from gateway.gaps import Gaps
from gateway.sessioncfg import SessionConfig, render
from gateway.settings import Connection
from gateway.wiretext import is_flat, is_whole, value_of

_LOGOUT_SECONDS = 3.0
_TRANSPORT = "TransportDataDictionary"
_TOO_LOW = "MsgSeqNum too low"


def end_process(reason: str) -> NoReturn:
    """The last resort: nothing is lost, as the next start rewinds to what is durable."""
    os.write(2, f"trimtab: the gateway ends the process: {reason}\n".encode())
    os._exit(ExitCode.INTERNAL)


class Engine:
    """`FixEngine` on QuickFIX. Thread-safe; the callbacks come on the engine's thread."""

    def __init__(
        self,
        connections: tuple[Connection, ...],
        callbacks: Callbacks,
        *,
        log: FilteringBoundLogger,
        fatal: Callable[[str], None] = end_process,
    ) -> None:
        self._connections = {one.session.name: one for one in connections}
        self._log = log
        self._log_factory = EngineLogFactory(log, self._go_on_behind, self._said)
        self._gaps = Gaps(
            {one.session.name: one.session.heartbeat_seconds for one in connections},
            monotonic=time.monotonic,
            next_number=lambda session: self.sequences(session)[1],
            hang_up=self._hang_up,
            log=log,
        )
        self._callbacks = callbacks
        self._application = _Application(
            self._connections,
            callbacks,
            incoming=self._log_factory.incoming,
            log=log,
            fatal=fatal,
        )
        self._floods = Floods(connections, self._log_factory.taken_in, log)
        self._dictionaries: dict[str, Any] = {}  # By session; read for the first group sent.
        self._initiators: list[Any] = []
        self._kept: list[Any] = []  # What the C++ side points to must outlive it.

    def start(self, durable: Mapping[str, int]) -> None:
        """Connect; `durable` is the last committed inbound number of each session."""
        self._application.durable = dict(durable)
        self._initiators = [self._initiator(one.session) for one in self._connections.values()]
        for initiator in self._initiators:
            initiator.start()
        self._floods.start()

    def stop(self) -> None:
        """Log out, wait shortly for the venues' answers, and leave no thread behind."""
        self._callbacks.is_stopping = True
        self._floods.stop()
        names = list(self._connections)
        for name in names:
            if session := self._session(name):
                session.logout()
        end = time.monotonic() + _LOGOUT_SECONDS
        while any(map(self.is_logged_on, names)) and time.monotonic() < end:
            time.sleep(0.01)
        for initiator in self._initiators:
            initiator.stop(True)
        # Destroyed here and now: one that dies later takes its successor's registration along.
        self._application.identities.clear()
        self._callbacks.logged_on.clear()
        self._initiators.clear()
        self._kept.clear()

    def is_logged_on(self, session: str) -> bool:
        """Whether the session is up, both ways."""
        return session in self._callbacks.logged_on

    def is_due(self, session: str) -> bool:
        """Whether the session's schedule says that it should be up now."""
        found = self._session(session)
        return found is not None and bool(found.isSessionTime(fix.UtcTimeStamp.now()))

    def send(self, session: str, text: str) -> bool:
        """Hand one message over. False proves that it never left: the engine did not take it."""
        identity = self._application.identities.get(session)
        if identity is None or not self.is_logged_on(session):
            return False
        try:
            return bool(fix.Session.sendToTarget(self._message(session, text), identity))
        except fix.SessionNotFound:
            return False

    def _message(self, session: str, text: str) -> Any:
        """Without a dictionary the engine would sort the fields of repeating groups apart."""
        if is_flat(text):
            return fix.Message(text, False)
        if session not in self._dictionaries:
            path = _sending_dictionary(self._connections[session])
            self._dictionaries[session] = fix.DataDictionary(str(path))
        return fix.Message(text, self._dictionaries[session], False)

    def sequences(self, session: str) -> tuple[int, int]:
        """The next outbound and the next inbound number of the engine."""
        found = self._session(session)
        if found is None:
            return 0, 0
        return int(found.getExpectedSenderNum()), int(found.getExpectedTargetNum())

    def _go_on_behind(self, session: str, text: str, why: str) -> None:
        """Keep a message that the engine cannot take apart, which it would ask for without end.

        One that was garbled on its way is left to the engine: it is said again.
        """
        number, found = value_of(text, 34) or "", self._session(session)
        is_next = found is not None and str(found.getExpectedTargetNum()) == number
        if not (is_next and self.is_logged_on(session) and is_whole(text)):
            return
        self._application.guarded(self._callbacks.unparsable, text, session, why)
        found.setNextTargetMsgSeqNum(int(number) + 1)

    def _said(self, session: str, text: str) -> None:
        self._application.guarded(self._gaps.on_event, session, text)
        if text.startswith(_TOO_LOW):
            number = text.rpartition(" ")[2]
            said = self._log_factory.incoming(session, number)
            self._application.guarded(self._begin_anew, session, number, said)

    def _begin_anew(self, session: str, number: str, text: str) -> None:
        """A venue that lost its numbers says Logon with one that we have had: it counts from 1.

        The engine hangs up; the next Logon is taken, and everything asked for from the first on.
        """
        if value_of(text, 35) != "A" or (found := self._session(session)) is None:
            return
        why = f"the venue said Logon as message {number}, where {self.sequences(session)[1]} is due"
        self._callbacks.counts_anew(session, f"{why}: it has begun anew")
        found.setNextTargetMsgSeqNum(1)

    def _hang_up(self, session: str) -> None:
        """End the connection, not the session: on the engine's thread, as it does by itself.

        Without a Logout, whose answer QuickFIX would count as the missing message.
        """
        if found := self._session(session):
            found.disconnect()

    def _session(self, name: str) -> Any:
        identity = self._application.identities.get(name)
        return fix.Session.lookupSession(identity) if identity is not None else None

    def _initiator(self, session: SessionConfig) -> Any:
        """One for each session, as certificates belong to an initiator."""
        name = "SSLSocketInitiator" if session.wants_tls else "SocketInitiator"
        kind = getattr(fix, name, None)
        if kind is None:
            raise MissingError(
                f"session {session.name} demands TLS, but this quickfix was built without it; "
                "rebuild it with -DHAVE_SSL=1 (see the README)"
            )
        settings = fix.SessionSettings()
        settings.setFromString(render(session, _own_dictionaries(session)))
        stores = fix.FileStoreFactory(settings)
        self._kept += [settings, stores]
        with dated_today(session, datetime.now(UTC)):
            return kind(self._application, stores, settings, self._log_factory)


def _own_dictionaries(session: SessionConfig) -> Mapping[str, Path]:
    """Copies of the session's dictionaries for the engine, by the keys that name them."""
    key, source = session.application_dictionary
    found = {key: _relaxed_path(session)}
    dictionary.write_relaxed(source, found[key])
    if (transport := session.text(_TRANSPORT)) is not None:
        found[_TRANSPORT] = session.store / f"{Path(transport).stem}-transport.xml"
        dictionary.write_transport(Path(transport), found[_TRANSPORT])
    return found


def _sending_dictionary(connection: Connection) -> Path:
    relaxed = _relaxed_path(connection.session)
    target = relaxed.with_name(f"{relaxed.stem}-sending.xml")
    own = connection.list_tags
    dictionary.write_for_sending(relaxed, target, frozenset(Kind), in_lists=own)
    return target


def _relaxed_path(session: SessionConfig) -> Path:
    return session.store / f"{session.application_dictionary[1].stem}-relaxed.xml"


class _Application(fix.Application):  # type: ignore[misc]  # The binding is untyped.
    """The callbacks. Text is copied out at once; a message must not outlive its callback."""

    def __init__(
        self,
        connections: Mapping[str, Connection],
        callbacks: Callbacks,
        *,
        incoming: Callable[[str, str], str],
        log: FilteringBoundLogger,
        fatal: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.durable: dict[str, int] = {}
        self.identities: dict[str, Any] = {}
        self._connections = connections
        self._callbacks = callbacks
        self._incoming = incoming
        self._log = log
        self._fatal = fatal

    def onCreate(self, session_id: Any) -> None:  # noqa: N802 - the engine's name
        self.guarded(self._create, session_id.toString())

    def onLogon(self, session_id: Any) -> None:  # noqa: N802 - the engine's name
        self.guarded(self._callbacks.logon, session_id.toString())

    def onLogout(self, session_id: Any) -> None:  # noqa: N802 - the engine's name
        self.guarded(self._callbacks.logout, session_id.toString())

    def toAdmin(self, message: Any, session_id: Any) -> None:  # noqa: N802 - the engine's name
        self.guarded(self._to_admin, message, session_id.toString())

    def fromAdmin(self, message: Any, session_id: Any) -> None:  # noqa: N802 - the engine's name
        self.guarded(self._callbacks.from_admin, message.toString(), session_id.toString())

    def fromApp(self, message: Any, session_id: Any) -> None:  # noqa: N802 - the engine's name
        self.guarded(self._callbacks.from_app, message.toString(), session_id.toString())

    def toApp(self, message: Any, session_id: Any) -> None:  # noqa: N802 - the engine's name
        if not self.guarded(self._callbacks.may_leave, message.toString(), session_id.toString()):
            raise fix.DoNotSend

    def guarded(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """Act; whatever is raised ends the process."""
        try:
            return act(*arguments)
        except BaseException as error:  # noqa: BLE001 - nothing may be raised into the engine
            self._log.critical("engine_callback_failed", callback=act.__name__, exc_info=error)
            self._fatal(f"{act.__name__} failed: {error!r}")
            return None

    def _create(self, session: str) -> None:
        config = self._connections[session].session
        keys = ("BeginString", "SenderCompID", "TargetCompID", "SessionQualifier")
        identity = fix.SessionID(*(text for key in keys if (text := config.text(key))))
        self.identities[session] = identity
        found = fix.Session.lookupSession(identity)
        if int(found.getExpectedSenderNum()) > 1:  # Else its day is over, and both begin at 1.
            found.setNextTargetMsgSeqNum(self.durable.get(session, 0) + 1)

    def _to_admin(self, message: Any, session: str) -> None:
        text = message.toString()
        incoming = self._incoming(session, value_of(text, 45) or "")
        missing = self._callbacks.to_admin(text, session, incoming)
        for tag, value in missing.items():
            message.setField(tag, value)
