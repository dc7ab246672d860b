"""One session of the simulated engine, as QuickFIX 1.16's initiator behaves.

From its `Session.cpp` and from what was seen of it: a message is shown before it is counted; one
whose number is too high is kept until the gap before it is filled; a possible duplicate with a low
number is not shown; what is asked for again goes out with PossDupFlag only when `toApp` lets it.
"""

from collections.abc import Callable

from gateway.callbacks import Callbacks
from gateway.gaps import Gap
from gateway.wiretext import SOH, pairs, value_of
from tests.simulation.clock import SimClock
from tests.simulation.engine_store import EngineStore
from tests.simulation.network import Line, Network

_HEARTBEAT_SECONDS = 30
_LATE, _DEAD = 1.2, 2.4  # Heartbeats until QuickFIX asks, and until it hangs up.
_ADMIN = frozenset("012345A")
_HEADER_TAGS = frozenset({8, 9, 35, 34, 43, 49, 52, 56, 97, 122, 10})

_STAMP = "%Y%m%d-%H:%M:%S.%f"

Moment = Callable[[str], None]  # Told at each point where a process can die.


class EngineSession:
    """Lives as long as its process; `store` outlives it."""

    def __init__(
        self,
        name: str,
        store: EngineStore,
        *,
        callbacks: Callbacks,
        clock: SimClock,
        network: Network,
        moment: Moment,
    ) -> None:
        self.name = name
        self.store = store
        self.line: Line | None = None
        self._begin_string, _, names = name.partition(":")
        self._sender, _, self._target = names.partition("->")
        self._callbacks = callbacks
        self._clock = clock
        self._network = network
        self._moment = moment
        self._is_logged_on = False
        self._is_leaving = False
        self._early: dict[int, str] = {}
        self._missing_until = 0  # A resend request is out for the numbers up to this one.
        self._heard_at = self._wrote_at = 0.0
        self._is_tested = False
        self._gap = Gap(_HEARTBEAT_SECONDS)

    # Connecting.

    def connected(self, line: Line) -> None:
        """The socket is open: say Logon."""
        self.line = line
        self._early.clear()
        self._missing_until = 0
        self._is_leaving = self._is_tested = False
        self._heard_at = self._wrote_at = self._clock.monotonic()
        self._admin("A", [(98, "0"), (108, str(_HEARTBEAT_SECONDS))])

    def disconnected(self) -> None:
        """The socket is closed, by whomever."""
        if self.line is not None:
            self.line.engine_is_up = False
            self.line = None
        self._gap.disconnected()
        self._is_logged_on = False
        self._callbacks.logout(self.name)

    @property
    def has_gap(self) -> bool:
        """Whether messages wait for others that are missing."""
        return any(number > self.store.next_target for number in self._early)

    def logout(self) -> None:
        """Say goodbye; the answer ends the connection."""
        if self._is_logged_on and not self._is_leaving:
            self._is_leaving = True
            self._admin("5", [])

    def tick(self) -> None:
        """Heartbeats, and patience with the other side."""
        if self.line is None:
            return
        now = self._clock.monotonic()
        silent = now - self._heard_at
        if silent > _DEAD * _HEARTBEAT_SECONDS:
            self.disconnected()
        elif silent > _LATE * _HEARTBEAT_SECONDS and not self._is_tested and self._is_logged_on:
            self._is_tested = True
            self._admin("1", [(112, "TEST")])
        elif now - self._wrote_at >= _HEARTBEAT_SECONDS and self._is_logged_on:
            self._admin("0", [])

    # Sending.

    def send(self, text: str) -> bool:
        """`sendToTarget`: `toApp`, the store's message, its number, the socket."""
        kind = value_of(text, 35) or ""
        body = [(tag, value) for tag, value in pairs(text) if tag not in _HEADER_TAGS]
        number = self.store.next_sender
        raw = self._text(kind, number, body)
        if not self._callbacks.may_leave(raw, self.name):
            return False
        self._moment("before the store")
        self.store.messages.append((number, raw))
        self._moment("stored, not counted")
        self.store.next_sender = number + 1
        self._moment("counted, not in the socket")
        self._write(raw)
        self._moment("in the socket")
        return True

    def _admin(self, kind: str, body: list[tuple[int, str]]) -> None:
        bare = self._text(kind, self.store.next_sender, body)
        more = self._callbacks.to_admin(bare, self.name, "")
        raw = self._text(kind, self.store.next_sender, [*body, *more.items()])
        self.store.next_sender += 1
        self._write(raw)

    def _write(self, raw: str) -> None:
        if self.line is not None:
            self._wrote_at = self._clock.monotonic()
            self._network.send(self.line, raw.encode("latin-1"))

    def _text(self, kind: str, number: int, body: list[tuple[int, str]], header: str = "") -> str:
        sent_at = self._clock.now().strftime(_STAMP)
        content = (
            f"35={kind}{SOH}34={number}{SOH}49={self._sender}{SOH}52={sent_at}{SOH}"
            f"56={self._target}{SOH}{header}"
            + "".join(f"{tag}={value}{SOH}" for tag, value in body)
        )
        text = f"8={self._begin_string}{SOH}9={len(content)}{SOH}{content}"
        return f"{text}10={sum(text.encode('latin-1')) % 256:03d}{SOH}"

    # Receiving.

    def receive(self, text: str) -> None:
        """One message from the socket, and then those that waited for it."""
        self._next(text)
        while self.line is not None and self.store.next_target in self._early:
            early = self._early.pop(self.store.next_target)
            if value_of(early, 35) in ("A", "2"):
                self.store.next_target += 1
            else:
                self._next(early)

    def _hear(self) -> None:
        """A sign of life: not so a message that is kept until its turn."""
        self._heard_at, self._is_tested = self._clock.monotonic(), False

    def _next(self, text: str) -> None:
        kind, number = value_of(text, 35) or "", int(value_of(text, 34) or 0)
        if kind == "A":
            self._on_logon(text, number)
        elif not self._is_logged_on:
            self.disconnected()
        elif kind == "4":
            self._on_sequence_reset(text, number)
        elif kind in ("2", "5"):
            self._on_unordered(kind, text, number)
        elif self._is_in_turn(text, number):
            self._show(kind, text)
            self.store.next_target = number + 1
            if kind == "1":
                self._admin("0", [(112, value_of(text, 112) or "")])

    def _on_logon(self, text: str, number: int) -> None:
        if number < self.store.next_target:
            self._hang_up(number)
            return
        self._hear()
        self._callbacks.from_admin(text, self.name)
        if number > self.store.next_target:
            self._too_high(text, number)
        else:
            self.store.next_target = number + 1
        self._is_logged_on = True
        self._callbacks.logon(self.name)

    def _on_unordered(self, kind: str, text: str, number: int) -> None:
        """A resend request or a logout counts whatever its number."""
        self._hear()
        self._callbacks.from_admin(text, self.name)
        if kind == "2":
            self._resend(int(value_of(text, 7) or 0), int(value_of(text, 16) or 0))
        if number == self.store.next_target or kind == "5":  # A Logout is counted blindly.
            self.store.next_target += 1
        if kind == "5":
            if not self._is_leaving:
                self._admin("5", [])
            self.disconnected()

    def _on_sequence_reset(self, text: str, number: int) -> None:
        following = int(value_of(text, 36) or 0)
        if value_of(text, 123) == "Y" and not self._is_in_turn(text, number):
            return
        self._hear()
        self._callbacks.from_admin(text, self.name)
        if following < self.store.next_target:
            self._admin("3", [(45, str(number)), (58, "Value is incorrect (out of range)")])
        self.store.next_target = max(following, self.store.next_target)

    def _is_in_turn(self, text: str, number: int) -> bool:
        if number > self.store.next_target:
            self._too_high(text, number)
            return False
        if number < self.store.next_target:
            if value_of(text, 43) != "Y":
                self._hang_up(number)
            return False
        self._hear()
        if self._missing_until and number >= self._missing_until:
            self._missing_until = 0
        return True

    def _too_high(self, text: str, number: int) -> None:
        self._early[number] = text
        if not self._missing_until:
            self._missing_until = number - 1
            self._admin("2", [(7, str(self.store.next_target)), (16, "0")])
        elif self._gap.still_missing(self.store.next_target, self._clock.monotonic()) is not None:
            self.disconnected()  # As `gateway.engine` has it.

    def _hang_up(self, number: int) -> None:
        due = self.store.next_target
        text = f"MsgSeqNum too low, expecting {due} but received {number}"
        self._admin("5", [(58, text)])
        self.disconnected()

    def _show(self, kind: str, text: str) -> None:
        if kind in _ADMIN:
            self._callbacks.from_admin(text, self.name)
        else:
            self._callbacks.from_app(text, self.name)

    def _resend(self, first: int, last: int) -> None:
        """What was sent from `first` to `last` (0: all), with gap fills where nothing may go."""
        end = self.store.next_sender - 1
        last = min(last or end, end)
        stored = self.store.sent()
        gap = first
        for number in range(first, last + 1):
            if number not in stored:
                continue
            sent_at = value_of(stored[number], 52)
            kind = value_of(stored[number], 35) or ""
            body = [one for one in pairs(stored[number]) if one[0] not in _HEADER_TAGS]
            raw = self._text(kind, number, body, f"43=Y{SOH}122={sent_at}{SOH}")
            if self._callbacks.may_leave(raw, self.name):
                self._fill_gap(gap, number)
                self._write(raw)
                gap = number + 1
        self._fill_gap(gap, last + 1)

    def _fill_gap(self, first: int, following: int) -> None:
        if first < following:
            body = [(123, "Y"), (36, str(following))]
            sent_at = self._clock.now().strftime(_STAMP)
            self._write(self._text("4", first, body, f"43=Y{SOH}122={sent_at}{SOH}"))
