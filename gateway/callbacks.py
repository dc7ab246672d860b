"""What the engine's callbacks mean to us, without the engine: text in, arrivals and answers out.

What the engine must never do by itself is refused here: no order message leaves a second time
or while logged off, and each session begins at the database's inbound number.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from structlog.typing import FilteringBoundLogger

from gateway.arrivals import NEW_DAY, Arrival, ArrivalKind
from gateway.receipts import Receipts
from gateway.settings import Connection
from gateway.wiretext import pairs, value_of

Deliver = Callable[[Arrival], None]

_REMEMBERED = 20_000  # ClOrdIDs by outbound sequence number, for refusals.
_REPLACE = "G"
_REPEATABLE = ("H", "M", "AF", "AT")  # Questions, and what we say to a report.
_EXPECTED = {"A": 789, "2": 7}  # The number of ours that the venue says it lacks next.
_NAMES = {"J": 70, "K": 66, "L": 66, "M": 66}  # What a message is about, where no ClOrdID is.


class Callbacks:
    """All sessions of all venues. `deliver` is called on the engine's thread."""

    def __init__(
        self,
        connections: tuple[Connection, ...],
        *,
        deliver: Deliver,
        keep: Deliver,
        on_logon: Callable[[str], None],
        on_logout: Callable[[str], None],
        log: FilteringBoundLogger,
    ) -> None:
        """`keep` makes an arrival durable before it returns: it will not come again."""
        self.logged_on: set[str] = set()
        self.is_stopping = False  # A logout is then our own wish.
        self.receipts = Receipts()
        self._connections = {one.session.name: one for one in connections}
        self._deliver = deliver
        self._keep = keep
        self._on_logon = on_logon
        self._on_logout = on_logout
        self._log = log
        self._sent = _Recent(_REMEMBERED)

    def logon(self, session: str) -> None:
        """Both sides said Logon."""
        self.logged_on.add(session)
        self._log.info("session_logged_on", session=session)
        self._on_logon(session)

    def logout(self, session: str) -> None:
        """The session is over; also told when it never was."""
        if session in self.logged_on:
            self.logged_on.discard(session)
            tell = self._log.info if self.is_stopping else self._log.warning
            tell("session_logged_out", session=session)
            self._on_logout(session)

    def to_admin(self, text: str, session: str, incoming: str) -> Mapping[int, str]:
        """A session message is about to leave: the fields it lacks.

        `incoming` is the text that the engine is working on, for what it refuses by a Reject.
        """
        kind = value_of(text, 35)
        if kind == "A":
            if _number(text, 34) == 1 and value_of(text, 141) != "Y":
                self.counts_anew(session, NEW_DAY)  # The engine begins its session's day at 1.
            own = self._connections[session]
            secrets = {553: own.username, 554: own.password}
            return {tag: value for tag, value in secrets.items() if value is not None}
        if kind == "3":
            self._deliver(
                Arrival(
                    kind=ArrivalKind.UNREADABLE,
                    session=session,
                    sequence=_number(text, 45),
                    raw=incoming,
                    note=value_of(text, 58) or "",
                )
            )
        return {}

    def counts_anew(self, session: str, why: str = "") -> None:
        """The venue's next message is its first."""
        self.receipts.counts_anew(session)
        self._deliver(Arrival(kind=ArrivalKind.RESET, session=session, until=1, note=why))

    def unparsable(self, text: str, session: str, why: str) -> None:
        """The engine cannot take a whole message apart, so it is told to go on behind it."""
        self._deliver(
            Arrival(
                kind=ArrivalKind.UNREADABLE,
                session=session,
                sequence=_number(text, 34),
                raw=text,
                note=why,
            )
        )

    def from_admin(self, text: str, session: str) -> None:
        """A session message came in."""
        kind, sequence = value_of(text, 35), _number(text, 34)
        if kind == "4":
            gap_fill = value_of(text, 123) == "Y"
            what = ArrivalKind.GAP_FILL if gap_fill else ArrivalKind.RESET
            until = _number(text, 36)
            self._deliver(Arrival(kind=what, session=session, sequence=sequence, until=until))
            return
        if kind == "A" and value_of(text, 141) == "Y":
            self.counts_anew(session)
        if kind == "3":
            order = self._sent.get(f"{session} {_number(text, 45)}")
            self._deliver(
                Arrival(
                    kind=ArrivalKind.REFUSED,
                    session=session,
                    sequence=sequence,
                    raw=text,
                    order=order,
                    note=value_of(text, 58) or "",
                )
            )
            return
        self._deliver(Arrival(kind=ArrivalKind.ADMIN, session=session, sequence=sequence))
        if kind in _EXPECTED:
            self._expects(session, _number(text, _EXPECTED[kind]))

    def _expects(self, session: str, number: int) -> None:
        if names := self.receipts.received(session, number):
            received, order = ArrivalKind.RECEIVED, " ".join(names)
            self._deliver(Arrival(kind=received, session=session, until=number, order=order))

    def from_app(self, text: str, session: str) -> None:
        """An application message came in."""
        self._deliver(
            Arrival(
                kind=ArrivalKind.APPLICATION,
                session=session,
                sequence=_number(text, 34),
                raw=text,
                order=self._sent.get(f"{session} {_number(text, 45)}"),
            )
        )

    def may_leave(self, text: str, session: str) -> bool:
        """Whether an application message may go: the first time, and while logged on.

        A question may be repeated: it does nothing, and its answer may decide a doubt.
        """
        order = _names(text)
        if value_of(text, 43) == "Y":
            if value_of(text, 35) in _REPEATABLE:
                return True
            self.receipts.gap_filled(session, _number(text, 34))
            self._keep(  # The gap fill leaves when this returns, and the venue asks no more.
                Arrival(
                    kind=ArrivalKind.NOT_RESENT,
                    session=session,
                    raw=text,
                    order=order,
                    note=value_of(text, 35) or "",
                )
            )
            return False
        if session not in self.logged_on:
            return False
        number = _number(text, 34)
        self._sent.put(f"{session} {number}", order)
        if value_of(text, 35) == _REPLACE:
            self.receipts.remember(session, {number: order})
        return True


def _names(text: str) -> str:
    """What a message of ours is about: its ClOrdID, a list's ClOrdIDs, a ListID, an AllocID."""
    kind = value_of(text, 35)
    if kind == "E":
        return " ".join(value for tag, value in pairs(text) if tag == 11)
    return value_of(text, _NAMES.get(kind or "", 11)) or ""


class _Recent:
    """The last so many entries; the oldest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, value: str) -> None:
        with self._lock:
            self._entries[key] = value
            if len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def get(self, key: str) -> str:
        with self._lock:
            return self._entries.get(key, "")


def _number(text: str, tag: int) -> int:
    value = value_of(text, tag) or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0
