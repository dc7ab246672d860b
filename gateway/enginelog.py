"""The engine's own log, as events of ours: `fix.in`, `fix.out`, `fix.event`.

Secrets are redacted here, before any other code sees the text. The engine
calls these methods from C++: nothing may be raised into it.
"""

import sys
from collections.abc import Callable
from typing import Any

import quickfix as fix
from structlog.typing import FilteringBoundLogger

from gateway.floods import TakenIn
from gateway.wiretext import redact, storable, value_of, visible

_QUIET = frozenset({"0", "1"})  # Heartbeat and TestRequest: every few seconds, for debugging only.
_ENGINE = "engine"
_AS_IT_CAME = ("utf-8", "surrogateescape")
_INVALID = "Invalid message: "
_TOO_EARLY = "MsgSeqNum too high"
_TURN_CAME = ("ResendRequest for messages", "Disconnecting")  # Then the engine forgets them too.

Invalid = Callable[[str, str, str], None]  # Session, text, why.
Event = Callable[[str, str], None]  # Session, what the engine says of itself.


class SessionLog(fix.Log):  # type: ignore[misc]  # The binding is untyped.
    """The log of one session; remembers what the engine is working on, as nothing else tells."""

    def __init__(
        self,
        log: FilteringBoundLogger,
        session: str,
        on_invalid: Invalid,
        on_event: Event = lambda _session, _text: None,
    ) -> None:
        super().__init__()
        self._log = log.bind(session=session)
        self._session = session
        self._on_invalid = on_invalid
        self._on_event = on_event
        self._last_incoming = ""
        self._early: dict[str, str] = {}  # By MsgSeqNum; `gateway.floods` keeps them few.
        self._whole_bytes = self._early_bytes = 0

    def incoming(self, sequence: str) -> str:
        """The text of the message that the engine is working on, by its MsgSeqNum."""
        if value_of(self._last_incoming, 34) == sequence:
            return self._last_incoming
        return self._early.get(sequence, "")

    @property
    def taken_in(self) -> TakenIn:
        """How much came in."""
        return TakenIn(whole=self._whole_bytes, early=self._early_bytes)

    def onIncoming(self, text: str) -> None:  # noqa: N802 - the engine's name
        self._last_incoming = text
        self._whole_bytes += len(text) if text.isascii() else len(text.encode(*_AS_IT_CAME))
        self._wire("fix.in", text)

    def onOutgoing(self, text: str) -> None:  # noqa: N802 - the engine's name
        self._wire("fix.out", text)

    def onEvent(self, text: str) -> None:  # noqa: N802 - the engine's name
        try:
            self._log.info("fix.event", text=visible(redact(text)))
        except Exception as error:  # noqa: BLE001 - a full disk must not stop the engine's thread
            _complain(error)
        if text.startswith(_INVALID):
            self._on_invalid(self._session, self._last_incoming, text.removeprefix(_INVALID))
        elif text.startswith(_TOO_EARLY):
            self._early[value_of(self._last_incoming, 34) or ""] = self._last_incoming
            self._early_bytes += len(self._last_incoming)
        elif text.startswith(_TURN_CAME):
            self._early.clear()
            self._early_bytes = 0
        self._on_event(self._session, text)

    def clear(self) -> None:
        """The engine asks for it on a reset; our log keeps everything."""

    def backup(self) -> None:
        """The engine asks for it on a reset; our log keeps everything."""

    def _wire(self, event: str, text: str) -> None:
        try:
            kind = value_of(text, 35) or "?"
            emit = self._log.debug if kind in _QUIET else self._log.info
            emit(event, **_fields(text, kind))
        except Exception as error:  # noqa: BLE001 - a full disk must not stop the engine's thread
            _complain(error)


class EngineLogFactory(fix.LogFactory):  # type: ignore[misc]  # The binding is untyped.
    """Makes and keeps the log of each session."""

    def __init__(self, log: FilteringBoundLogger, on_invalid: Invalid, on_event: Event) -> None:
        """`on_invalid` is told of what the engine could not take apart; neither must raise."""
        super().__init__()
        self._log = log
        self._on_invalid, self._on_event = on_invalid, on_event
        self._logs: dict[str, SessionLog] = {}
        self._kept: list[SessionLog] = []  # Without a reference a log dies under the engine.

    def create(self, *arguments: Any) -> Any:
        """Called by each engine: with the SessionID of its session, and without for itself."""
        session = arguments[0].toString() if arguments else _ENGINE
        log = SessionLog(self._log, session, self._on_invalid, self._on_event)
        self._logs[session] = log
        self._kept.append(log)
        return log.__disown__()  # Else the engine and Python would both free it.

    def destroy(self, _log: Any) -> None:
        """Called by the engine at its end; Python's references do the work."""

    def taken_in(self, session: str) -> TakenIn:
        """How much came in on the session."""
        log = self._logs.get(session)
        return log.taken_in if log else TakenIn()

    def incoming(self, session: str, sequence: str) -> str:
        """The text that the engine of `session` is working on, by its MsgSeqNum."""
        log = self._logs.get(session)
        return log.incoming(sequence) if log else ""


def _fields(text: str, kind: str) -> dict[str, object]:
    fields: dict[str, object] = {"raw": visible(redact(text)), "msg_type": visible(kind)}
    for name, tag in (("order", 11), ("run", 583)):
        value = value_of(text, tag)
        if value is not None:
            fields[name] = visible(value)
    sequence = value_of(text, 34) or ""
    if sequence.isascii() and sequence.isdigit():
        fields["seq"] = int(sequence[:18])
    return fields


def _complain(error: Exception) -> None:
    sys.stderr.write(f"trimtab: the FIX log could not be written: {storable(str(error))}\n")
