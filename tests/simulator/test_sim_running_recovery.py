"""Recovery as a property: whatever happened, and wherever the power went, nothing is different."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fix.codec import encode
from simulator.fix.instant import Instant
from simulator.fix.profile import SessionProfile
from simulator.fix.session import Session
from simulator.running import checkpoint
from simulator.running.building import build_house, settings_of
from simulator.running.config import read_config
from simulator.running.house import Ask, Operate
from simulator.running.journal import JournalError, Kind
from simulator.running.memory import Memory
from simulator.running.recovery import recover
from simulator.running.wire import SessionWire
from tests.simulator.conftest import PRICES

NOON = datetime(2022, 11, 30, 17, tzinfo=UTC)
CLIENTS = ("A", "B")
CONFIG = """\
state_dir = "state"
faults = "faults.toml"
[[venue]]
name = "XSIM"
clients = ["A", "B"]
prices = "prices.csv"
fee_per_share = 0.003
levels = 2
replenish_interval = 1
change_delay = 2
acknowledge_changes = true
[venue.flow]
orders_per_minute = 30
"""
FAULTS = """\
[[fault]]
do = "overtake"
chance = 0.2
seconds = 1
jitter = 3
[[fault]]
do = "duplicate"
chance = 0.1
[[fault]]
do = "bust"
chance = 0.1
seconds = 2
"""


class Desk:
    """The program without sockets: what a turn does, and what a restart does."""

    def __init__(self, config):
        self.config = config
        self.said = []
        self.begin()

    def begin(self):
        names = [f"XSIM/{client}" for client in CLIENTS]
        self.memory = Memory(self.config.state_dir, names, ["XSIM"], durable=False)
        profiles = {client: SessionProfile(venue="XSIM", client=client) for client in CLIENTS}
        self.wire = SessionWire({f"XSIM/{one}": profiles[one].version for one in CLIENTS})
        recovered = recover(
            self.config.state_dir / "checkpoints",
            self.memory,
            self.wire,
            settings=settings_of(self.config),
            build=lambda: build_house(self.config),
        )
        self.house = recovered.house
        self.is_new = recovered.latest is None
        self.sessions = {
            client: Session(profiles[client], self.memory.sessions[f"XSIM/{client}"])
            for client in CLIENTS
        }

    def cut_power(self):
        self.memory.close()
        self.begin()

    def checkpoint(self):
        directory = self.config.state_dir / "checkpoints"
        checkpoint.save(directory, self.memory, self.house, settings_of(self.config))

    def turn(self, now, inputs=()):
        instant = Instant(now, 0.0)
        turn = self.house.turn(now, inputs)
        self.memory.speaking = Kind.OUT
        for venue, message in turn.said:
            raw = self.sessions[message.client].say(message, instant)
            self.said.append((venue, raw))
        self.memory.commit(now, even_if_empty=self.is_new)
        self.memory.keep(turn.trades)
        self.is_new = False

    def ask(self, client, kind, body, now):
        session = self.memory.sessions[f"XSIM/{client}"]
        raw = encode(
            "FIX.4.4",
            f"35={kind}\x0134={session.next_in}\x0149={client}\x0152=20221130-17:00:00\x01"
            f"56=XSIM\x01{body}",
        )
        self.memory.note(Kind.IN, f"XSIM/{client}", session.next_in, raw)
        session.next_in += 1
        self.turn(now, [Ask("XSIM", self.wire.request(f"XSIM/{client}", raw))])

    def operate(self, name, arguments, now):
        self.memory.note_operation("XSIM", name, arguments)
        self.turn(now, [Operate("XSIM", name, arguments)])

    def resent(self, client):
        return list(self.memory.sessions[f"XSIM/{client}"].read(1, 10**9))

    def rows(self):
        path = self.memory.executions["XSIM"].write_end_of_day("20221130")
        return path.read_text()


orders = st.tuples(
    st.just("order"), st.sampled_from(CLIENTS), st.sampled_from("12"), st.integers(1, 900),
    st.sampled_from(["147.90", "148.03", "148.20", ""]),
)  # fmt: skip
cancels = st.tuples(st.just("cancel"), st.sampled_from(CLIENTS), st.integers(0, 9))
others = st.sampled_from([("halt",), ("resume",), ("nothing",), ("reset", "A"), ("reset", "B")])
steps = st.lists(
    st.tuples(st.integers(0, 5000), orders | cancels | others), min_size=1, max_size=14
)


def play(desk, script, cuts, checkpoints):
    now, sent = NOON, []
    desk.turn(now)
    for number, (milliseconds, step) in enumerate(script):
        if number in checkpoints:
            desk.checkpoint()
        if number in cuts:
            desk.cut_power()
        now += timedelta(milliseconds=milliseconds)
        do(desk, step, number, sent, now)
    desk.turn(now + timedelta(seconds=20))
    desk.cut_power()


def do(desk, step, number, sent, now):
    kind, *terms = step
    if kind == "order":
        client, side, quantity, price = terms
        sent.append((client, f"X{number}", side))
        limit = f"40=2\x0144={price}\x01" if price else "40=1\x01"
        body = f"11=X{number}\x0155=AAPL\x0154={side}\x0160=20221130-17:00:00\x0138={quantity}\x01"
        desk.ask(client, "D", body + limit, now)
    elif kind == "cancel" and sent:
        client, cl_ord_id, side = sent[terms[1] % len(sent)]
        body = f"11=C{number}\x0141={cl_ord_id}\x0155=AAPL\x0154={side}\x0160=20221130-17:00:00\x01"
        desk.ask(client, "F", body + "38=1\x01", now)
    elif kind in ("halt", "resume"):
        desk.operate(kind, {"symbol": "AAPL"}, now)
    elif kind == "reset":
        desk.memory.sessions[f"XSIM/{terms[0]}"].reset()
        desk.turn(now)
    else:
        desk.turn(now)


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    def make():
        directory = tmp_path_factory.mktemp("desk")
        (directory / "prices.csv").write_text(PRICES)
        (directory / "faults.toml").write_text(FAULTS)
        (directory / "venues.toml").write_text(CONFIG)
        return read_config(directory / "venues.toml")

    return make


@given(
    script=steps,
    cuts=st.sets(st.integers(0, 14), max_size=4),
    checkpoints=st.sets(st.integers(0, 14), max_size=3),
)
@settings(max_examples=25, deadline=None)
def test_power_cuts_and_checkpoints_change_nothing(configured, script, cuts, checkpoints):
    """Not what is said, not what is sent again, not the end-of-day file."""
    undisturbed, cut = Desk(configured()), Desk(configured())
    try:
        play(undisturbed, script, set(), set())
        play(cut, script, cuts, checkpoints)

        assert cut.said == undisturbed.said
        assert cut.rows() == undisturbed.rows()
        for client in CLIENTS:
            assert cut.resent(client) == undisturbed.resent(client)
            ours, theirs = (one.memory.sessions[f"XSIM/{client}"] for one in (cut, undisturbed))
            assert (ours.next_in, ours.next_out) == (theirs.next_in, theirs.next_out)
    finally:
        undisturbed.memory.close()
        cut.memory.close()


def test_a_torn_checkpoint_is_passed_over_for_the_one_before(configured):
    desk = Desk(configured())
    desk.turn(NOON)
    desk.checkpoint()
    desk.ask("A", "D", ORDER.format("X1"), NOON)
    desk.checkpoint()
    desk.ask("A", "D", ORDER.format("X2"), NOON)
    newest = max((desk.config.state_dir / "checkpoints").glob("*"))
    newest.write_bytes(newest.read_bytes()[:-5])

    desk.cut_power()

    assert desk.memory.sessions["XSIM/A"].next_in == 3
    orders_ = desk.house.floors["XSIM"].view(("orders",))["orders"]
    assert [one["cl_ord_id"] for one in orders_] == ["X1", "X2"]
    desk.memory.close()


def test_a_journal_that_says_something_else_is_refused_with_both_messages(configured):
    desk = Desk(configured())
    desk.turn(NOON)
    desk.ask("A", "D", ORDER.format("X1"), NOON)
    desk.memory.close()
    other = desk.config.venues[0].prices
    other.write_text(PRICES.replace("148.03", "90.00"))
    (desk.config.state_dir.parent / "faults.toml").write_text("")

    with pytest.raises(JournalError, match=r"does not happen again\. Then it said to XSIM/A: 8="):
        desk.begin()
    desk.memory.close()


ORDER = "11={}\x0155=AAPL\x0154=1\x0160=20221130-17:00:00\x0138=30\x0140=2\x0144=160.00\x01"
