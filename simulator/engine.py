"""The FIX engine of all venues: one acceptor, one session for each venue and client.

Callbacks only copy, check and queue; the venues run on another thread. An
error that escapes a callback would wedge the engine's thread in silence, so
`guarded` ends the process instead: the journal makes that safe.
"""

import os
import re
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import quickfix as fix

from simulator.config import VenueConfig
from simulator.logs import EventLog, redacted
from simulator.reports import Message, Report
from simulator.requests import Request
from simulator.wire import read_request, write_message

_BEGIN_STRING = "FIX.4.4"
_SEQUENCE_NUMBERS = re.compile(rb"\d{10,20} : \d{10,20}")
_CREATED = re.compile(rb"\d{8}-\d{2}:\d{2}:\d{2}")
_TAIL = 1 << 20
_SOFTWARE_FAULT = 70
_GOODBYE_SECONDS = 3
_F = TypeVar("_F", bound=Callable[..., Any])


class StoreError(Exception):
    """The engine's files cannot be trusted; the text names the file and the remedy."""


class EngineError(Exception):
    """The engine refuses to start."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as taken from the wire, with its sequence number."""

    venue: str
    client: str
    sequence: int
    request: Request


@dataclass(frozen=True, slots=True)
class SequenceReset:
    """A client logged on with ResetSeqNumFlag: its numbers begin again."""

    venue: str
    client: str


def guarded(callback: _F) -> _F:
    """Let the engine's own refusals pass; anything else is written down and ends the process."""

    def call(self: "VenueApplication", *arguments: Any) -> Any:
        try:
            return callback(self, *arguments)
        except (fix.UnsupportedMessageType, fix.FieldNotFound, fix.RejectLogon):
            raise
        except BaseException:  # noqa: BLE001  Nothing may reach the engine's C++ frames.
            trace = traceback.format_exc(limit=20)
            self.log.write("callback_failed", level="critical", trace=trace)
            sys.stderr.write(trace)
            sys.stderr.flush()
            os._exit(_SOFTWARE_FAULT)

    return call  # type: ignore[return-value]  # Same signature, written by hand.


class VenueApplication(fix.Application):  # type: ignore[misc]  # quickfix is untyped.
    """Turns messages into `Received` and hands them to `queue`, which blocks when it is full."""

    def __init__(
        self,
        log: EventLog,
        durable: dict[tuple[str, str], int],
        queue: Callable[[Received | SequenceReset], None],
    ) -> None:
        super().__init__()
        self.log = log
        self._durable = durable
        self._queue = queue

    @guarded
    def onCreate(self, session_id: fix.SessionID) -> None:  # noqa: N802  The engine's name.
        """Rewind to the last request in the journal: what came after it is asked for again."""
        venue, client = _names(session_id)
        session = fix.Session.lookupSession(fix.SessionID(_BEGIN_STRING, venue, client))
        durable = self._durable.get((venue, client))
        if durable is not None and session.getExpectedTargetNum() > durable + 1:
            session.setNextTargetMsgSeqNum(durable + 1)

    @guarded
    def onLogon(self, session_id: fix.SessionID) -> None:  # noqa: N802  The engine's name.
        self.log.write("session_logged_on", session=session_id.toString())

    @guarded
    def onLogout(self, session_id: fix.SessionID) -> None:  # noqa: N802  The engine's name.
        self.log.write("session_logged_out", session=session_id.toString())

    @guarded
    def toAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:  # noqa: N802
        """Nothing to add to the engine's own messages."""

    @guarded
    def toApp(self, message: fix.Message, session_id: fix.SessionID) -> None:  # noqa: N802
        """Reports may be sent again: clients tell them apart by ExecID."""

    @guarded
    def fromAdmin(self, message: fix.Message, session_id: fix.SessionID) -> None:  # noqa: N802
        if message.getHeader().getField(35) != "A" or not message.isSetField(141):
            return
        if message.getField(141) == "Y":
            self._queue(SequenceReset(*_names(session_id)))

    @guarded
    def fromApp(self, message: fix.Message, session_id: fix.SessionID) -> None:  # noqa: N802
        venue, client = _names(session_id)
        request = read_request(message, client)
        if request is None:
            raise fix.UnsupportedMessageType
        self._queue(Received(venue, client, int(message.getHeader().getField(34)), request))


class Engine:
    """Owns the acceptor. Start it once, stop it once, then leave the process by `os._exit`."""

    def __init__(
        self,
        venues: tuple[VenueConfig, ...],
        ports: dict[str, int],
        store: Path,
        application: VenueApplication,
    ) -> None:
        _check_store(store, venues)
        self._store = store
        self._venues = venues
        self._application = application
        self._logs = _LogFactory(application.log)
        settings = _settings(venues, ports, store)
        self._acceptor = fix.SocketAcceptor(
            application, fix.FileStoreFactory(settings), settings, self._logs
        )

    def start(self) -> None:
        """Listen. Raises EngineError."""
        try:
            self._acceptor.start()
        except (fix.ConfigError, fix.RuntimeError) as error:
            raise EngineError(f"the FIX engine does not start: {error}") from error

    def stop(self) -> None:
        """Log every client out and give them a moment to say goodbye.

        The engine's own `stop` closes its server on this thread while its thread deletes it, and
        crashes now and then (SocketAcceptor::onStop and onStart of 1.16.0). So it is not called:
        the process leaves by `os._exit`, which no thread of the engine outlives.
        """
        online = [session for session in self._sessions() if session.isLoggedOn()]
        for session in online:
            session.logout("the venue is stopping")
        deadline = time.monotonic() + _GOODBYE_SECONDS
        while any(session.isLoggedOn() for session in online) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _sessions(self) -> list[Any]:
        return [
            fix.Session.lookupSession(fix.SessionID(_BEGIN_STRING, venue.rules.name, client))
            for venue in self._venues
            for client in venue.clients
        ]

    def send(self, venue: str, message: Message, *, poss_resend: bool = False) -> None:
        """Hand over a message. A client that is not there gets it when it logs on and asks."""
        target = fix.SessionID(_BEGIN_STRING, venue, message.client)
        fix.Session.sendToTarget(write_message(message, poss_resend=poss_resend), target)

    def was_sent(self, venue: str, message: Message) -> bool:
        """Whether the engine's own store holds this message."""
        path = self._store / f"{_BEGIN_STRING}-{venue}-{message.client}.body"
        if not path.exists():
            return False
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            sent = file.read().split(f"8={_BEGIN_STRING}\x01".encode())
        kind, mark = _marks(message)
        return any(kind in one and mark in one for one in sent)


def _marks(message: Message) -> tuple[bytes, bytes]:
    """What tells a message from every other of its session: type and id, as fields."""
    if isinstance(message, Report):
        return b"\x0135=8\x01", f"\x0117={message.exec_id}\x01".encode()
    return b"\x0135=9\x01", f"\x0111={message.cl_ord_id}\x01".encode()


def _names(session_id: fix.SessionID) -> tuple[str, str]:
    return session_id.getSenderCompID().getString(), session_id.getTargetCompID().getString()


def _settings(
    venues: tuple[VenueConfig, ...], ports: dict[str, int], store: Path
) -> fix.SessionSettings:
    lines = [
        "[DEFAULT]",
        "ConnectionType=acceptor",
        "SocketNodelay=Y",
        "SocketReuseAddress=Y",
        "NonStopSession=Y",
        "PersistMessages=Y",
        f"FileStorePath={store}",
        "UseDataDictionary=Y",
        f"DataDictionary={dictionary_path()}",
        "ValidateUserDefinedFields=N",
        "TimestampPrecision=6",
    ]
    for venue in venues:
        for client in venue.clients:
            lines += [
                "[SESSION]",
                f"BeginString={_BEGIN_STRING}",
                f"SenderCompID={venue.rules.name}",
                f"TargetCompID={client}",
                f"SocketAcceptPort={ports[venue.rules.name]}",
                f"ResetOnLogon={'Y' if venue.reset_on_logon else 'N'}",
                f"AllowedRemoteAddresses={','.join(venue.remote_addresses)}",
            ]
    settings = fix.SessionSettings()
    settings.setFromString("\n".join(lines) + "\n")
    return settings


def dictionary_path() -> Path:
    """FIX44.xml as QuickFIX installs it. Raises StoreError."""
    path = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
    if not path.exists():
        raise StoreError(f"{path}: QuickFIX's dictionary is missing; install quickfix again")
    return path


def _check_store(store: Path, venues: tuple[VenueConfig, ...]) -> None:
    """A torn number file would silently start at 1, a torn session file crash: refuse both."""
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    for venue in venues:
        for client in venue.clients:
            session = f"{_BEGIN_STRING}-{venue.rules.name}-{client}"
            _check_file(store / f"{session}.seqnums", _SEQUENCE_NUMBERS)
            _check_file(store / f"{session}.session", _CREATED)


def _check_file(path: Path, pattern: re.Pattern[bytes]) -> None:
    if path.exists() and not pattern.fullmatch(path.read_bytes().strip(b"\n\0 ")):
        raise StoreError(
            f"{path}: this file of a FIX session is damaged; restore it, or remove the session's "
            f"files in {path.parent} and let both sides reset to 1"
        )


class _Log(fix.Log):  # type: ignore[misc]  # quickfix is untyped.
    """The engine's log of one session."""

    def __init__(self, log: EventLog, session: str) -> None:
        super().__init__()
        self._log = log
        self._session = session

    def clear(self) -> None:
        """Facts are not cleared."""

    def backup(self) -> None:
        """The file is kept by whoever rotates it."""

    def onIncoming(self, text: str) -> None:  # noqa: N802  The engine's name.
        self._log.write("fix.in", session=self._session, raw=redacted(text))

    def onOutgoing(self, text: str) -> None:  # noqa: N802  The engine's name.
        self._log.write("fix.out", session=self._session, raw=redacted(text))

    def onEvent(self, text: str) -> None:  # noqa: N802  The engine's name.
        self._log.write("engine_reported", session=self._session, text=redacted(text))


class _LogFactory(fix.LogFactory):  # type: ignore[misc]  # quickfix is untyped.
    """Keeps every log alive; the engine must not own them (it would free them twice)."""

    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log
        self._kept: list[_Log] = []

    def create(self, *arguments: fix.SessionID) -> Any:
        session = arguments[0].toString() if arguments else "engine"
        log = _Log(self._log, session)
        self._kept.append(log)
        return log.__disown__()

    def destroy(self, log: Any) -> None:
        """They live as long as the factory."""
