"""A conversation with a session without a socket: what one end says, as fields."""

from datetime import UTC, datetime, timedelta

from simulator.fix.codec import Framer, encode, joined, parse
from simulator.fix.instant import Instant, stamped
from simulator.fix.profile import SessionProfile, Version
from simulator.fix.session import Session
from simulator.fix.store import MemoryStore
from simulator.values.messages import Report
from simulator.values.requests import Connected, Disconnected

START = datetime(2022, 11, 30, 14, 30, tzinfo=UTC)
ORDER = (
    (11, "A1"), (55, "AAPL"), (54, 1), (38, 100), (40, 2), (44, "10"), (60, "20221130-14:30:00"),
)  # fmt: skip
SHOWN = frozenset(
    [
        "7",
        "16",
        "17",
        "36",
        "45",
        "58",
        "97",
        "98",
        "108",
        "112",
        "123",
        "141",
        "371",
        "372",
        "373",
        "379",
        "380",
        "789",
        "1137",
    ]
)
ENDS = {Version.FIX44: (), Version.FIX50SP2: ((1137, 9),)}


def report(number: int) -> Report:
    return Report(
        client="C",
        order_id="O-1",
        cl_ord_id="A1",
        exec_id=f"E-{number}",
        exec_type="0",
        ord_status="0",
        symbol="AAPL",
        side="1",
        order_qty=100,
        cum_qty=0,
        leaves_qty=100,
        avg_px="0",
        trade_date="20221130",
        transact_time="20221130-14:30:00.000",
    )


class Talk:
    """A client of one session, whose clock stands still until it is told."""

    def __init__(self, *, version: Version = Version.FIX44, store=None, **profile) -> None:
        self.profile = SessionProfile(venue="XSIM", client="C", version=version, **profile)
        self.session = Session(self.profile, store or MemoryStore())
        self.number = 1
        self.seconds = 100.0

    @property
    def now(self) -> Instant:
        return Instant(START + timedelta(seconds=self.seconds), self.seconds)

    def raw(self, kind: str, *fields, number=None, **header) -> bytes:
        """`header` may change begin_string, sender, target, sent_at, and add `more` fields."""
        head = [
            (35, kind),
            (34, self.number if number is None else number),
            (49, header.get("sender", "C")),
            (56, header.get("target", "XSIM")),
            (52, header.get("sent_at", stamped(self.now.wall))),
            *header.get("more", ()),
        ]
        if number is None:
            self.number += 1
        begin_string = header.get("begin_string", self.profile.version.begin_string)
        return encode(begin_string, joined([(t, str(v)) for t, v in (*head, *fields) if v != ""]))

    def say(self, kind: str, *fields, **header) -> list[str]:
        """Send a message; what comes back, each as `TYPE tag=value ...` without the header."""
        self.session.receive(self.raw(kind, *fields, **header), self.now)
        return self.heard()

    def log_on(self, *fields, heartbeat=30, **header) -> list[str]:
        fields = ((98, 0), (108, heartbeat), *ENDS[self.profile.version], *fields)
        self.session.log_on(parse(self.raw("A", *fields, **header)), self.now)
        return self.heard()

    def heard(self) -> list[str]:
        return [shown(raw) for raw in self.session.take_out(self.seconds)]

    def wait(self, seconds: float, step: float = 1.0) -> list[str]:
        """Let time go by; what the session says by itself."""
        heard = []
        while seconds > 0:
            self.seconds += step
            seconds -= step
            self.session.tick(self.now)
            heard += self.heard()
        return heard

    def hang_up(self) -> None:
        self.session.lost("the client hung up")

    def report(self, number: int) -> list[str]:
        self.session.say(report(number), self.now)
        return self.heard()

    def asked(self) -> list[str]:
        """Kinds of the requests since the last call; ClOrdIDs of orders."""
        asked, self.session.asked = self.session.asked, []
        marks = {Connected: "+", Disconnected: "-"}
        return [marks.get(type(one.request)) or one.request.cl_ord_id for one in asked]


def shown(raw: bytes) -> str:
    """`8 seq=2 dup 17=E-1`: type, number, PossDupFlag, and the body's fields that matter."""
    assert list(Framer(1 << 16).feed(raw)) == [raw]
    message = parse(raw)
    words = [message.kind, f"seq={message.get('34')}"]
    if message.get("43") == "Y":
        assert message.get("122")
        words.append("dup")
    words += [f"{tag}={value}" for tag, value in message.pairs if tag in SHOWN]
    return " ".join(words)
