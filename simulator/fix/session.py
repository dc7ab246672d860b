"""A FIX session of one client: a pure state machine, FIX 4.4 and FIXT 1.1 alike.

It outlives its connections. Messages and time go in; what is to be written collects in `out`, what
is to be done in `asked`, what happened in `events`, and `over` says that the connection must end
once `out` is written. A message whose number is too high is dropped and asked for again with
everything after it (EndSeqNo 0): nothing has to be queued, and the order of requests is the order
of numbers. Source: FIX 4.4 volume 2 and the FIX session layer test cases (fixtrading.org).
"""

from typing import NamedTuple

from simulator.fix import logon
from simulator.fix.codec import SOH, Incoming, parse
from simulator.fix.dictionary import dictionary
from simulator.fix.faults import Faults
from simulator.fix.instant import Instant, stamped
from simulator.fix.profile import Excess, SessionProfile
from simulator.fix.rate import Rate
from simulator.fix.rejection import Fault, Reason
from simulator.fix.scrutiny import Scrutiny
from simulator.fix.store import Store
from simulator.fix.translate import Unplayed, read_request
from simulator.fix.wording import body_of
from simulator.fix.writer import Writer
from simulator.values.messages import Message
from simulator.values.requests import Connected, Disconnected, Request

_LATE = 1.2  # Heartbeats, with "some reasonable transmission time", as the standard says.
_GOODBYE_SECONDS = 5.0
_MOST_ASKED_AGAIN = 3
_MOST_GARBLED = 20
_THROTTLED = {"FIX.4.4": "0", "FIXT.1.1": "8"}  # BusinessRejectReason (380): other; throttle.


class Asked(NamedTuple):
    """A request as it came in. Number 0 and no raw text: Connected and Disconnected."""

    session: "Session"
    number: int  # MsgSeqNum (34).
    raw: bytes
    request: Request


class Session:
    """Lives as long as the program; connections come and go."""

    def __init__(self, profile: SessionProfile, store: Store) -> None:
        self.profile = profile
        self.store = store
        self.name = f"{profile.version.begin_string}:{profile.venue}->{profile.client}"
        self.online = False
        self.over = False
        self.asked: list[Asked] = []
        self.events: list[tuple[str, dict[str, object]]] = []
        self.faults = Faults(self.name)
        self._dictionary = dictionary(profile.version)
        self._writer = Writer(profile, store)
        self._rate = Rate(profile.messages_per_second)
        self._admins = {
            "0": self._on_heartbeat,
            "1": self._on_test_request,
            "2": self._on_resend_request,
            "3": self._on_reject,
            "4": self._on_sequence_reset,
            "5": self._on_logout,
            "A": self._on_logon,
        }
        self._begin(0.0, 0)

    def _begin(self, seconds: float, heartbeat: int) -> None:
        self.heartbeat = heartbeat
        self._leaving: float | None = None  # When our Logout went out.
        self._heard_at = seconds
        self._tested: float | None = None  # When a TestRequest went out unanswered.
        self._highest = 0  # Of the numbers dropped because others were missing.
        self._asked_again = 0
        self._asked_again_at = 0.0
        self._garbled = 0
        self._scrutiny = Scrutiny(self.profile)
        self._writer.begin(seconds)

    # What the program says.

    def say(self, message: Message, now: Instant, *, poss_resend: bool = False) -> bytes:
        """Number, write and keep a message; it leaves after the turn. Kept only, when logged off.

        Returns the whole message as it is kept.
        """
        kind, body = body_of(message, self.profile.version)
        return self._writer.send(kind, f"97=Y{SOH}{body}" if poss_resend else body, now)

    def repeat(self, now: Instant, *, possible_duplicate: bool) -> None:
        """The last message said once more: same number and PossDupFlag, or as if it were new."""
        self._writer.repeat_last(now, possible_duplicate=possible_duplicate)

    def logout(self, text: str, now: Instant) -> None:
        """Say goodbye; the connection ends when the client answers, or after a while."""
        if self.online and self._leaving is None:
            self._leaving = now.seconds
            self._writer.send_admin("5", f"58={text}{SOH}", now)

    def reset_sequence(self, following: int, now: Instant) -> None:
        """SequenceReset-Reset: our next message will have the number `following`."""
        assert following > 0
        taken = self.store.next_in
        if self.online:
            number = self.store.next_out
            self._writer.send_as(number, "4", f"123=N{SOH}36={following}{SOH}", now)
        if following < self.store.next_out:  # Those numbers will be used again.
            self.store.reset()
            self.store.next_in = taken
        self.store.next_out = following
        self._event("sequence_reset", by="venue", following=following)

    # What the connection says, and asks.

    @property
    def out(self) -> list[bytes]:
        """Whole messages to be written."""
        return self._writer.out

    def take_out(self, seconds: float) -> list[bytes]:
        """What is to be written now, faults included; `out` is empty afterwards."""
        out, self._writer.out = self._writer.out, []
        return self.faults.passed(out, seconds)

    def log_on(self, message: Incoming, now: Instant) -> None:
        """The first message of a connection. Refused: a Logout goes out and `over` is set."""
        assert not self.online
        self._begin(now.seconds, 0)
        self.faults.forget()
        refusal = logon.refusal(self.profile, self._dictionary, message, now.wall)
        if refusal is None:
            refusal = self._number_of_logon(message)
        if refusal is None:
            self._welcome(message, now)
            return
        self._event("logon_refused", reason=refusal)
        self._writer.send_at_once("5", f"58={refusal}{SOH}", now)
        self.over = True

    def receive(self, raw: bytes, now: Instant) -> None:
        """One message that the framer has cut."""
        self._heard_at, self._tested = now.seconds, None
        message = parse(raw)
        if not message.kind:
            self.garbled(now)
            return
        text = message.get("34")
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            self._end("MsgSeqNum(34) is missing or is no number", now)
            return
        number = int(text)
        if not self._is_ours(message, number, now):
            return
        if number == self.store.next_in or _begins_anew(message):
            self._take(message, number, now)
        elif number > self.store.next_in:
            self._too_high(message, number, now)
        elif message.get("43") != "Y":  # A possible duplicate has been taken before.
            due = self.store.next_in
            self._end(f"MsgSeqNum(34) too low, expecting {due} but received {number}", now)

    def garbled(self, now: Instant) -> None:
        """Something was not a message: skipped, and too much of it ends the connection."""
        self._garbled += 1
        self._event("garbled_skipped", count=self._garbled)
        if self._garbled >= _MOST_GARBLED:
            self._end("too many garbled messages", now)

    def lost(self, reason: str) -> None:
        """The connection is gone."""
        if self.online:
            self.online = False
            self._event("session_logged_out", reason=reason)
            self.asked.append(Asked(self, 0, b"", Disconnected(self.profile.client)))
        self.over = False
        self._writer.open = False
        self._writer.forget()
        self._writer.out.clear()
        self.faults.forget()

    def tick(self, now: Instant) -> None:
        """Heartbeats, test requests, patience. To be called every second or so."""
        if not self.online:
            return
        if self._leaving is not None:
            if now.seconds - self._leaving > _GOODBYE_SECONDS:
                self.over = True
            return
        if self._writer.choked:
            self._end("too many requests while messages are sent again", now)
            return
        if not self.faults.reads(now.seconds):
            self._heard_at = now.seconds  # It is we who do not listen.
        if self.heartbeat:
            self._beat(now)
        if self._highest:
            self._ask_again(now)

    @property
    def busy(self) -> bool:
        """Whether `more` has something to write."""
        return self._writer.busy

    def more(self, now: Instant) -> None:
        """The next page of a resend, when the socket has room."""
        self._writer.more(now)

    # Logging on.

    def _number_of_logon(self, message: Incoming) -> str | None:
        number = int(message.get("34"))
        if message.get("141") == "Y" and number != 1:
            return f"MsgSeqNum(34) must be 1 where ResetSeqNumFlag(141) is Y, not {number}"
        if self.profile.reset_on_logon or message.get("141") == "Y":
            self.store.reset()
        if number < self.store.next_in:
            return f"MsgSeqNum(34) too low, expecting {self.store.next_in} but received {number}"
        expected = message.get("789")
        if expected and int(expected) > self.store.next_out:
            return (
                f"NextExpectedMsgSeqNum(789) {expected} is too high: "
                f"the next message sent is {self.store.next_out}"
            )
        return None

    def _welcome(self, message: Incoming, now: Instant) -> None:
        self.online = self._writer.open = True
        self._begin(now.seconds, int(message.get("108")))
        number, expected = int(message.get("34")), message.get("789")
        is_early = number > self.store.next_in
        self._consume(number)
        answered = self.store.next_out
        answer = logon.answer(self.profile, message, self.store.next_in)
        self._writer.send_at_once("A", answer, now)
        self._event("session_logged_on", heartbeat=self.heartbeat)
        self.asked.append(Asked(self, 0, b"", Connected(self.profile.client)))
        if is_early and not expected:  # With 789 both sides know what to send again.
            self._too_high(message, number, now)
        if expected and 0 < int(expected) < answered:
            self._answer(int(expected), answered - 1, now)

    # Taking messages.

    def _is_ours(self, message: Incoming, number: int, now: Instant) -> bool:
        """Version, names and times are right; else it is refused, and mostly the session ended."""
        begin_string = self.profile.version.begin_string
        if message.fields["8"] != begin_string:
            self._end(f"BeginString(8) must be {begin_string}", now)
            return False
        fault = self._scrutiny.fault(message, now)
        if fault is None:
            return True
        self._consume(number)
        self._reject(message, fault, now)
        if fault.reason is not Reason.REQUIRED_TAG_MISSING:
            self._end(fault.text, now)
        return False

    def _take(self, message: Incoming, number: int, now: Instant) -> None:
        """A message in its turn. A SequenceReset says itself what the next number is."""
        fault = self._dictionary.check(message)
        if message.kind != "4":
            self._consume(number)
        if fault is not None:
            self._reject(message, fault, now)
        elif message.kind in self._admins:
            self._admins[message.kind](message, now)
        else:
            self._ask(message, number, now)
        if self._highest and self.store.next_in > self._highest:
            self._highest = 0

    def _consume(self, number: int) -> None:
        if number == self.store.next_in:
            self.store.next_in = number + 1

    def _ask(self, message: Incoming, number: int, now: Instant) -> None:
        if not self._rate.allows(now.seconds):
            self._too_fast(message, now)
            return
        request = read_request(message, self.profile.client, self._dictionary)
        if isinstance(request, Unplayed):
            self._decline(message, request, now)
        else:
            self.asked.append(Asked(self, number, message.raw, request))

    def _too_fast(self, message: Incoming, now: Instant) -> None:
        text = f"more than {self.profile.messages_per_second} messages a second"
        if self.profile.excess is Excess.LOGOUT:
            self._end(text, now)
            return
        reason = _THROTTLED[self.profile.version.begin_string]
        self._decline(message, Unplayed(reason, text, message.get("11")), now)

    # Refusing.

    def _reject(self, message: Incoming, fault: Fault, now: Instant) -> None:
        """Session-level Reject (35=3)."""
        self._event("message_rejected", reason=int(fault.reason), text=fault.text)
        tag = f"371={fault.tag}{SOH}" if fault.tag else ""
        body = (
            f"45={message.get('34')}{SOH}{tag}372={message.kind}{SOH}"
            f"373={int(fault.reason)}{SOH}58={fault.text}{SOH}"
        )
        self._writer.send_admin("3", body, now)

    def _decline(self, message: Incoming, why: Unplayed, now: Instant) -> None:
        """BusinessMessageReject (35=j)."""
        self._event("message_declined", kind=message.kind, text=why.text)
        reference = f"379={why.reference}{SOH}" if why.reference else ""
        body = (
            f"45={message.get('34')}{SOH}372={message.kind}{SOH}{reference}"
            f"380={why.reason}{SOH}58={why.text}{SOH}"
        )
        self._writer.send("j", body, now)

    def _end(self, text: str, now: Instant) -> None:
        """Say why and end the connection without waiting for an answer."""
        self._event("session_ended", reason=text)
        self._writer.send_at_once("5", f"58={text}{SOH}", now)
        self._writer.open = False  # Nothing follows a Logout; what is said is kept.
        self.over = True

    def _event(self, name: str, **fields: object) -> None:
        self.events.append((name, {"session": self.name, **fields}))

    # Gaps.

    def _too_high(self, message: Incoming, number: int, now: Instant) -> None:
        """Others are missing before it: they and all that follow are asked for again."""
        if message.kind == "2":  # Answered at once, or both sides would wait for each other.
            if self._dictionary.check(message) is None:
                self._on_resend_request(message, now)
        elif message.kind == "5":
            self._on_logout(message, now)
            return
        if not self._highest:
            self._asked_again = 0
            self._request_resend(now)
        self._highest = max(self._highest, number)

    def _request_resend(self, now: Instant) -> None:
        self._event("gap_found", expected=self.store.next_in)
        self._asked_again_at = now.seconds
        self._writer.send_admin("2", f"7={self.store.next_in}{SOH}16=0{SOH}", now)

    def _ask_again(self, now: Instant) -> None:
        if now.seconds - self._asked_again_at < max(self.heartbeat, _GOODBYE_SECONDS):
            return
        self._asked_again += 1
        if self._asked_again > _MOST_ASKED_AGAIN:
            self._end(f"messages from {self.store.next_in} on were not sent again", now)
        else:
            self._request_resend(now)

    def _beat(self, now: Instant) -> None:
        if now.seconds - self._writer.wrote_at >= self.heartbeat and not self._writer.busy:
            self._writer.send_admin("0", "", now)
        if self._tested is None:
            if now.seconds - self._heard_at > self.heartbeat * _LATE:
                self._tested = now.seconds
                self._writer.send_admin("1", f"112={stamped(now.wall)}{SOH}", now)
        elif now.seconds - self._tested > self.heartbeat * _LATE:
            self._end("no answer to a TestRequest", now)

    # Messages of the session layer.

    def _on_logon(self, message: Incoming, now: Instant) -> None:
        """In mid-session: only to begin both numbers again at 1."""
        if not _begins_anew(message):
            text = "already logged on; a Logon now must have ResetSeqNumFlag(141)=Y"
            self._reject(message, Fault(Reason.OTHER, text), now)
            return
        self.store.reset()
        self.store.next_in = 2
        self._highest = 0
        self._writer.forget()
        self._writer.send_at_once("A", logon.answer(self.profile, message, 2), now)
        self._event("sequence_reset", by="client", following=1)

    def _on_heartbeat(self, _message: Incoming, _now: Instant) -> None:
        """That it came is enough."""

    def _on_test_request(self, message: Incoming, now: Instant) -> None:
        self._writer.send_admin("0", f"112={message.get('112')}{SOH}", now)

    def _on_resend_request(self, message: Incoming, now: Instant) -> None:
        first, last = int(message.get("7")), int(message.get("16"))
        if not self.faults.resends(now.seconds):
            self._event("resend_refused", first=first, last=last)
            return
        said = self.store.next_out - 1
        if first < 1 or first > said or (last and last < first):
            text = f"BeginSeqNo(7) {first} to EndSeqNo(16) {last} was not sent; the last was {said}"
            self._reject(message, Fault(Reason.VALUE_INCORRECT, text, "7"), now)
            return
        self._answer(first, min(last or said, said), now)

    def _answer(self, first: int, last: int, now: Instant) -> None:
        self._event("resent", first=first, last=last)
        self._writer.resend(first, last, now)

    def _on_reject(self, message: Incoming, _now: Instant) -> None:
        self._event("client_rejected", number=message.get("45"), text=message.get("58"))

    def _on_sequence_reset(self, message: Incoming, now: Instant) -> None:
        due, following = self.store.next_in, int(message.get("36"))
        lowest = due if _begins_anew(message) else due + 1
        if following < lowest:
            text = f"NewSeqNo(36) {following} must not be below {lowest}"
            self._reject(message, Fault(Reason.VALUE_INCORRECT, text, "36"), now)
            return
        self.store.next_in = following
        self._event("sequence_moved", by="client", before=due, following=following)

    def _on_logout(self, _message: Incoming, now: Instant) -> None:
        if self._leaving is None:
            self._writer.send_at_once("5", "", now)
        self._writer.open = False
        self.over = True


def _begins_anew(message: Incoming) -> bool:
    """SequenceReset-Reset, or a Logon with ResetSeqNumFlag: their own numbers do not count."""
    if message.kind == "4":
        return message.get("123") != "Y"
    return message.kind == "A" and message.get("141") == "Y"
