"""Faults by script and by seed: what reaches a client, when, and that it is the same every time."""

import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.running.copies import DropCopies
from simulator.running.fault_player import FaultPlayer
from simulator.running.faults import Do, Point, read_faults
from simulator.running.house import Ask, House, Operate
from simulator.running.tables import ConfigError
from simulator.values.floor import Refused
from simulator.values.messages import NO_EXECUTION, CancelRejected, Report
from simulator.values.requests import AskStatus, CancelOrder, NewOrder

NOON = datetime(2022, 11, 30, 17, tzinfo=UTC)  # In New York.
NEW_YORK = ZoneInfo("America/New_York")


def report(order, exec_id, exec_type, **more):
    return Report(
        client=order.client, order_id=f"O-{order.cl_ord_id}", cl_ord_id=order.cl_ord_id,
        exec_id=exec_id, exec_type=exec_type, ord_status=exec_type, symbol=order.symbol,
        side="1", order_qty=10, cum_qty=0, leaves_qty=0, avg_px="0", trade_date="20221130",
        transact_time="20221130-17:00:00.000", **more,
    )  # fmt: skip


class PlainFloor:
    """New, then a trade a second later; cancels at once; remembers what it was told to do."""

    def __init__(self):
        self.count = 0
        self.trades = []
        self.operations = []

    def _id(self):
        self.count += 1
        return f"E{self.count}"

    def handle(self, request, now):
        said = self.wake(now)
        if isinstance(request, NewOrder):
            self.trades.append((now + timedelta(seconds=1), request))
            return [*said, report(request, self._id(), "0")]
        if isinstance(request, CancelOrder):
            return [*said, report(request, self._id(), "4", price="5")]
        if isinstance(request, AskStatus):
            return [*said, report(request, NO_EXECUTION, "I")]
        return said

    def wake(self, now):
        due = [order for at, order in self.trades if at <= now]
        self.trades = [(at, order) for at, order in self.trades if at > now]
        return [report(one, self._id(), "F", last_qty=10, last_px="5") for one in due]

    def next_due(self):
        return min((at for at, _ in self.trades), default=None)

    def operate(self, name, arguments, now):
        if name == "refused":
            raise Refused("not here")
        self.operations.append((name, arguments, now))
        return {"done": name}, []

    def view(self, path):
        return {}


def order(number, symbol="AAPL", client="C"):
    return Ask("XSIM", NewOrder(client, f"X{number}", symbol, "1", "10", "1"))


def house_with(tmp_path, toml, *, seed=1, copies=None):
    path = tmp_path / "faults.toml"
    path.write_text(toml)
    player = FaultPlayer("XSIM", read_faults(path), seed=seed, time_zone=NEW_YORK)
    return House({"XSIM": PlainFloor()}, faults={"XSIM": player}, copies=copies or {})


def seconds(number):
    return NOON + timedelta(seconds=number)


def brief(turn):
    return [(message.cl_ord_id, message.exec_type) for _, message in turn.said]


def test_a_delayed_message_holds_back_those_after_it(tmp_path):
    house = house_with(tmp_path, '[[fault]]\ndo = "delay"\nreport = "new"\nseconds = 5\n')

    first = house.turn(NOON, [order(1)])
    before = house.turn(seconds(4), [])
    after = house.turn(seconds(5), [])

    assert brief(first) == brief(before) == []
    assert brief(after) == [("X1", "0"), ("X1", "F")]


def test_an_overtaken_message_comes_after_the_later_ones(tmp_path):
    house = house_with(tmp_path, '[[fault]]\ndo = "overtake"\nreport = "new"\nseconds = 5\n')

    house.turn(NOON, [order(1)])

    assert brief(house.turn(seconds(2), [order(2)])) == [("X1", "F"), ("X2", "0")]
    assert brief(house.turn(seconds(9), [])) == [("X2", "F"), ("X1", "0")]


def test_the_third_order_loses_its_acknowledgement_and_only_that(tmp_path):
    house = house_with(tmp_path, '[[fault]]\ndo = "lose"\nreport = "new"\norder = 3\n')

    turn = house.turn(NOON, [order(number) for number in range(1, 5)])

    assert brief(turn) == [("X1", "0"), ("X2", "0"), ("X4", "0")]
    assert ("X3", "F") in brief(house.turn(seconds(1), []))


def test_a_fault_follows_its_order_through_a_cancel(tmp_path):
    toml = '[[fault]]\ndo = "duplicate"\nreport = "canceled"\norder = 1\n'
    house = house_with(tmp_path, toml)
    house.turn(NOON, [order(1), order(2)])

    def cancel(number):
        return Ask("XSIM", CancelOrder("C", f"C{number}", f"X{number}", "AAPL", "1"))

    class Linked(PlainFloor):
        def handle(self, request, now):
            said = super().handle(request, now)
            return [one._replace(orig_cl_ord_id=request.orig_cl_ord_id) for one in said]

    house.floors["XSIM"] = Linked()
    other = house.turn(NOON, [cancel(2)])
    own = house.turn(NOON, [cancel(1)])

    assert brief(other) == [("C2", "4")]
    assert brief(own) == [("C1", "4"), ("C1", "4")]


def test_a_rejected_order_never_reaches_the_floor(tmp_path):
    house = house_with(tmp_path, '[[fault]]\ndo = "reject"\nsymbol = "MSFT"\ntimes = 0\n')

    turn = house.turn(NOON, [order(1), order(2, "MSFT"), order(3, "MSFT")])

    assert brief(turn) == [("X1", "0"), ("X2", "8"), ("X3", "8")]
    rejections = [message for _, message in turn.said if message.exec_type == "8"]
    assert len({one.exec_id for one in rejections}) == 2
    assert "fault 1" in rejections[0].text
    assert house.floors["XSIM"].count == 1


@pytest.mark.parametrize(
    ("toml", "name", "arguments"),
    [
        ('do = "bust"\nseconds = 3', "bust", {"exec_id": "E2"}),
        (
            'do = "correct"\nseconds = 3\namount = -0.02',
            "correct",
            {"exec_id": "E2", "price": "4.98"},
        ),
    ],
)
def test_an_execution_is_busted_or_corrected_after_a_while(tmp_path, toml, name, arguments):
    house = house_with(tmp_path, f"[[fault]]\n{toml}\n")

    house.turn(NOON, [order(1)])
    house.turn(seconds(3.9), [])
    assert house.floors["XSIM"].operations == []
    house.turn(seconds(60), [])

    assert house.floors["XSIM"].operations == [(name, arguments, seconds(4))]


def test_a_fill_is_ordered_after_a_cancel(tmp_path):
    house = house_with(tmp_path, '[[fault]]\ndo = "late_fill"\nseconds = 2\n')

    house.turn(NOON, [Ask("XSIM", CancelOrder("C", "C1", "X1", "AAPL", "1"))])
    house.turn(seconds(2), [])

    wanted = {"order_id": "O-C1", "quantity": 10, "price": "5"}
    assert house.floors["XSIM"].operations == [("execute", wanted, seconds(2))]


def test_a_session_is_cut_at_a_time_of_day_and_at_an_order(tmp_path):
    toml = (
        '[[fault]]\ndo = "disconnect"\nclient = "C"\nat = "12:00:05"\n'
        '[[fault]]\ndo = "crash"\norder = 2\npoint = "before_journal"\n'
    )
    house = house_with(tmp_path, toml)
    house.turn(NOON, [])
    assert house.next_due() == seconds(5)

    acts = house.turn(seconds(30), [order(1)]).acts
    crash = house.turn(seconds(31), [order(2), order(3)]).acts

    assert [(act.do, act.client) for act in acts] == [(Do.DISCONNECT, "C")]
    assert [(act.do, act.point, act.name) for act in crash] == [
        (Do.CRASH, Point.BEFORE_JOURNAL, "XSIM-2-1")
    ]
    assert house.next_due() == seconds(32)  # Only the trades of orders 2 and 3 are left.


CHANCES = """\
[[fault]]
do = "delay"
chance = 0.5
seconds = 0.3
jitter = 1.5
[[fault]]
do = "overtake"
chance = 0.2
seconds = 2
[[fault]]
do = "lose"
chance = 0.1
[[fault]]
do = "duplicate"
chance = 0.1
[[fault]]
do = "reject"
chance = 0.1
[[fault]]
do = "disconnect"
chance = 0.05
"""


@given(
    orders=st.lists(st.integers(0, 4000), max_size=12).map(sorted),
    more=st.lists(st.integers(0, 9000), max_size=8),
    seed=st.integers(0, 9),
)
def test_faults_do_not_depend_on_how_often_time_is_looked_at(tmp_path_factory, orders, more, seed):
    """Nor on a checkpoint in between."""
    directory = tmp_path_factory.mktemp("faults")

    def play(times):
        house = house_with(directory, CHANCES, seed=seed)
        said, acts = [], []
        house.turn(NOON, [])
        for at in times:
            numbers = [n for n, one in enumerate(orders) if one == at]
            house = pickle.loads(pickle.dumps(house))
            turn = house.turn(
                NOON + timedelta(milliseconds=at), [order(number) for number in numbers]
            )
            said += turn.said
            acts += turn.acts
        return said, acts

    assert play(sorted({*orders, 10_000})) == play(sorted({*orders, *more, 10_000}))


def test_another_seed_brings_other_faults(tmp_path):
    def play(seed):
        house = house_with(tmp_path, CHANCES, seed=seed)
        turns = [house.turn(seconds(n), [order(n)]) for n in range(30)]
        return [brief(turn) for turn in turns]

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_copies_are_as_the_originals_and_no_fault_touches_them(tmp_path):
    copies = {"XSIM": DropCopies({"DROP": ("C",), "ALL": ()})}
    house = house_with(tmp_path, '[[fault]]\ndo = "lose"\ntimes = 0\n', copies=copies)

    house.turn(NOON, [order(1)])
    turn = house.turn(
        seconds(1), [Ask("XSIM", AskStatus("C", "X1", "AAPL", "1")), order(2, client="OTHER")]
    )

    assert [(message.client, message.exec_id) for _, message in turn.said] == [
        ("DROP", "E2"),
        ("ALL", "E2"),
        ("ALL", "E3"),
    ]
    assert turn.said[0][1].extra == ((797, "Y"), (453, "1"), (448, "C"), (447, "D"), (452, "13"))
    assert [(venue, trade.exec_id) for venue, trade in turn.trades] == [("XSIM", "E2")]


def test_a_cancel_reject_is_copied_too():
    rejected = CancelRejected("C", "O1", "C1", "X1", "2", "1", "20221130-17:00:00.000")

    assert DropCopies({"DROP": ("C",)}).of(rejected) == [rejected._replace(client="DROP")]


def test_a_refused_operation_is_an_answer(tmp_path):
    house = house_with(tmp_path, "")

    turn = house.turn(NOON, [Operate("XSIM", "refused", {}), Operate("XSIM", "halt", {"a": 1})])

    refused, done = turn.answers
    assert isinstance(refused, Refused)
    assert done == {"done": "halt"}


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('[[fault]]\ndo = "dely"', "faults.toml:2: do is 'dely'; write 'delay', if that was meant"),
        ("[[fault]]\nreport = 1", "faults.toml:1: [[fault]] 1 has no 'do'; add it"),
        ('[[fault]]\ndo = "lose"\nreport = "nwe"', "faults.toml:3: report is 'nwe'; write 'new'"),
        ('[[fault]]\ndo = "lose"\nat = "12:00"', "faults.toml:3: at is"),
        ('[[fault]]\ndo = "lose"\nchance = 2', "faults.toml:3: chance is 2; write a number from 0"),
        ('[[fault]]\ndo = "delay"', "faults.toml:1: seconds is 0; write how long"),
        ('[[fault]]\ndo = "bust"\nreport = "new"', "faults.toml:3: report is 'new'; write nothing"),
        ('[[fault]]\ndo = "crash"\npoint = "now"', "faults.toml:3: point is 'now'"),
        ('[[fualt]]\ndo = "crash"', "faults.toml:1: unknown key 'fualt' in the top; did you mean"),
        ('[[fault]]\ndo = "crash"\n[[fault]]\ndo = "lose"\nodrer = 1',
         "faults.toml:5: unknown key 'odrer' in [[fault]] 2; did you mean 'order'?"),
        ("do = ", "is not TOML"),
    ],
)  # fmt: skip
def test_a_bad_faults_file_is_refused_by_line(tmp_path, toml, says):
    path = tmp_path / "faults.toml"
    path.write_text(toml)

    with pytest.raises(ConfigError) as refused:
        read_faults(path)

    assert says in str(refused.value)
