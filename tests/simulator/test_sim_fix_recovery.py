"""Two ends, a network that misbehaves, and one rule: everything arrives once and in order.

The client is written here, from the standard, without a line of the venue's session. Whatever
breaks in between (connections, bytes, numbers lost, swapped, repeated, late), once it stops both
ends have to come to the same story by themselves.
"""

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fix.codec import Framer, Incoming, encode, joined, parse
from simulator.fix.instant import Instant, stamped
from simulator.fix.profile import SessionProfile
from simulator.fix.session import Session
from simulator.fix.store import MemoryStore
from simulator.values.requests import NewOrder
from tests.simulator.sim_fix_talk import ORDER, START, report

HEARTBEAT = 10
LONGEST = 1 << 16


class StandardClient:
    """Numbers its messages, asks for what is missing, sends again what is asked for."""

    def __init__(self) -> None:
        self.next_in = self.next_out = 1
        self.reports: list[str] = []
        self.ended = ""
        self._sent: dict[int, str] = {}  # Bodies of orders, by number.
        self._framer = Framer(LONGEST)
        self._asked_up_to = 0

    def connect(self, now: Instant) -> bytes:
        self._framer = Framer(LONGEST)
        self._asked_up_to = 0
        self.ended = ""
        return self._write("A", f"98=0\x01108={HEARTBEAT}\x01", now)

    def order(self, cl_ord_id: str, now: Instant) -> bytes:
        body = joined([(tag, str(value)) for tag, value in ORDER]).replace(
            "11=A1", f"11={cl_ord_id}"
        )
        self._sent[self.next_out] = body
        return self._write("D", body, now)

    def beat(self, now: Instant) -> bytes:
        """Every so often; what was asked for and did not come is asked for again."""
        if self._asked_up_to >= self.next_in:
            return self._write("2", f"7={self.next_in}\x0116=0\x01", now)
        return self._write("0", "", now)

    def hear(self, data: bytes, now: Instant) -> bytes:
        return b"".join([self._take(parse(raw), now) for raw in self._framer.feed(data)])

    def _take(self, message: Incoming, now: Instant) -> bytes:
        number = int(message.get("34"))
        answer = self._answer(message, now) if message.kind == "2" else b""
        if number > self.next_in:
            if self._asked_up_to >= self.next_in:
                return answer
            self._asked_up_to = number
            return answer + self._write("2", f"7={self.next_in}\x0116=0\x01", now)
        if number < self.next_in:
            assert message.get("43") == "Y", f"{number} came again without PossDupFlag"
            return answer
        self.next_in = int(message.get("36")) if message.kind == "4" else number + 1
        if message.kind == "8":
            self.reports.append(message.get("17"))
        if message.kind == "5":
            self.ended = message.get("58") or "logout"
        if message.kind == "1":
            return self._write("0", f"112={message.get('112')}\x01", now)
        return answer

    def _answer(self, message: Incoming, now: Instant) -> bytes:
        out = []
        for number in range(int(message.get("7")), self.next_out):
            again = f"43=Y\x01122={stamped(now.wall)}\x01"
            if number in self._sent:
                out.append(self._written("D", number, again + self._sent[number], now))
            else:
                body = f"{again}123=Y\x0136={number + 1}\x01"
                out.append(self._written("4", number, body, now))
        return b"".join(out)

    def _write(self, kind: str, body: str, now: Instant) -> bytes:
        self.next_out += 1
        return self._written(kind, self.next_out - 1, body, now)

    def _written(self, kind: str, number: int, body: str, now: Instant) -> bytes:
        head = f"35={kind}\x0134={number}\x0149=C\x0152={stamped(now.wall)}\x0156=XSIM\x01"
        return encode("FIX.4.4", head + body)


class World:
    """Clock, network and both ends, driven by one seed."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.seconds = 0.0
        self.session = Session(SessionProfile(venue="XSIM", client="C"), MemoryStore())
        self.client = StandardClient()
        self.ordered: list[str] = []
        self.taken: list[str] = []
        self.said: list[str] = []
        self.spoiling = True  # Whether the network does harm.
        self._framer = Framer(LONGEST)
        self._heard_at = 0.0

    @property
    def now(self) -> Instant:
        return Instant(START + timedelta(seconds=self.seconds), self.seconds)

    def act(self) -> None:
        """Something happens."""
        choice = self.draw.randrange(12)
        faults = self.session.faults
        if choice < 4:
            self.ordered.append(f"N{len(self.ordered)}")
            self.to_venue(self.client.order(self.ordered[-1], self.now))
        elif choice < 8:
            self.said.append(f"E-{len(self.said)}")
            self.session.say(report(len(self.said) - 1), self.now)
        elif choice == 8:
            self.break_line()
        elif choice == 9:
            self.draw.choice((faults.lose, faults.damage, faults.swap))()
        elif choice == 10:
            self.session.repeat(self.now, possible_duplicate=True)
        else:
            self.draw.choice((
                lambda: faults.drop_after(2),
                lambda: faults.fall_silent(self.seconds + 5),
                lambda: faults.refuse_resends(self.seconds + 15),
                lambda: faults.delay(self.draw.random(), 1.0),
            ))()  # fmt: skip
        self.deliver()

    def to_venue(self, data: bytes) -> None:
        if not self.session.online:
            return
        self._heard_at = self.seconds
        if self.spoiling and self.draw.random() < 0.05:
            at = self.draw.randrange(len(data))
            data = data[:at] + b"#" + data[at + 1 :]
        before = self._framer.garbled
        for raw in self._framer.feed(data):
            if not self.session.over:
                self.session.receive(raw, self.now)
        if self._framer.garbled > before:
            self.session.garbled(self.now)

    def deliver(self) -> None:
        """Until nobody has anything to say."""
        for _ in range(100):
            while self.session.busy:
                self.session.more(self.now)
            out = self.session.take_out(self.seconds)
            self._notice()
            if not out:
                break
            self.to_venue_if_any(self.client.hear(b"".join(out), self.now))
        if self.session.online and (self.session.over or self.session.faults.cut):
            self.break_line()

    def to_venue_if_any(self, data: bytes) -> None:
        if data:
            self.to_venue(data)

    def break_line(self) -> None:
        self.session.lost("the line broke")
        self._notice()

    def connect(self) -> None:
        if self.session.online:
            return
        self._framer = Framer(LONGEST)
        self.session.log_on(parse(self.client.connect(self.now)), self.now)
        self._heard_at = self.seconds
        if self.session.over:
            self.session.lost("refused")
        self.deliver()

    def pass_time(self, seconds: float) -> None:
        """The client comes back when the line is down, and beats."""
        for _ in range(round(seconds / 0.5)):
            self.seconds += 0.5
            self.connect()
            self.session.tick(self.now)
            if self.session.online and self.seconds - self._heard_at >= HEARTBEAT:
                self.to_venue(self.client.beat(self.now))
            self.deliver()

    def _notice(self) -> None:
        asked, self.session.asked = self.session.asked, []
        self.taken += [one.request.cl_ord_id for one in asked if isinstance(one.request, NewOrder)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 60))
def test_everything_arrives_once_and_in_order(seed, steps):
    world = World(seed)
    world.connect()

    for _ in range(steps):
        world.act()
        if world.draw.random() < 0.5:
            world.pass_time(world.draw.choice((0.5, 1, 5, 30)))
    world.spoiling = False
    world.session.faults = type(world.session.faults)()
    world.pass_time(200)

    assert world.taken == world.ordered
    assert world.client.reports == world.said
    assert world.session.online
