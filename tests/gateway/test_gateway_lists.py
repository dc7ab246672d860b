"""A wave goes out as one list: whole, once, and each of its orders is reported on alone."""

import threading
from dataclasses import replace

import pytest

from domain.orders import OrdStatus, Side
from domain.runs import Kill
from gateway.wiretext import pairs, value_of
from oms.lists import cancel_lists
from tests.gateway.allocation_desk import Desk, started
from tests.gateway.desk import RealClock, order_of
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, KO, intent

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(wired, tmp_path):
    programs = []

    def make(begin_string="FIX.4.4", *, venue: str = "", **table: object) -> Desk:
        programs.append(started(tmp_path, begin_string, venue))
        return Desk(wired, programs[-1], begin_string, **{"lists": True, **table})

    yield make
    wired.stop_gateways()
    for program in programs:
        assert program.stop() == 0
    assert wired.quarantined() == ()


def wave():
    """Three orders, two names."""
    return (
        intent("AAAA-0001", Side.BUY, AAPL, {"A1": 60, "A2": 40}),
        intent("AAAA-0002", Side.BUY, KO, {"A1": 50}),
        intent("AAAA-0003", Side.BUY, AAPL, {"A3": 30}, limit="147.00"),
    )


def drill() -> Kill:
    return Kill(scope="account", name="A3", by="ops", why="a drill", set_at=RealClock().now())


def sent(desk: Desk, kind: str) -> list[str]:
    """What went out, by the log; SOH is shown as `|` there."""
    raws = (e["raw"] for e in desk.wired.events if e["event"] == "fix.out")
    return [raw for raw in (raw.replace("|", "\x01") for raw in raws) if value_of(raw, 35) == kind]


def every(raws: list[str], tag: int) -> list[str]:
    return [value for raw in raws for value in of_tag(raw, tag)]


def of_tag(raw: str, tag: int) -> list[str]:
    return [value for name, value in pairs(raw) if name == tag]


@pytest.mark.parametrize(
    ("begin_string", "size", "counts"), [("FIX.4.4", 100, ["3"]), ("FIXT.1.1", 2, ["2", "1"])]
)
def test_a_wave_is_one_list_and_each_order_of_it_lives_alone(desk, begin_string, size, counts):
    """In one message or in fragments; with the accounts of each order."""
    on = desk(begin_string, allocations="on_order", list_orders=size)

    on.enter(*wave())
    for one in wave():
        on.wait_for(one.cl_ord_id)
    on.sells(100)
    on.sells(50, "63.61", "KO")
    on.wait_for("AAAA-0001", filled=100, closed=True)
    on.wait_for("AAAA-0002", filled=50, closed=True)
    on.cancel("AAAA-0003")
    on.wait_for("AAAA-0003", closed=True)

    raws = sent(on, "E")
    assert [of_tag(raw, 73) for raw in raws] == [[count] for count in counts]
    assert {*every(raws, 66)} == {"AAAA-0001-L"}
    assert every(raws, 11) == ["AAAA-0001", "AAAA-0002", "AAAA-0003"]
    assert every(raws, 67) == ["1", "2", "3"]
    assert ({*every(raws, 68)}, {*every(raws, 433)}) == ({"3"}, {"1"})
    assert every(raws, 893) == ["N"] * (len(raws) - 1) + ["Y"]
    assert every(raws, 79) == ["A1", "A2", "A1", "A3"]
    assert sent(on, "D") == []
    assert on.client_shares() == {"A1": 60, "A2": 40}


def test_the_whole_list_is_cancelled_by_one_request(desk):
    on = desk()
    on.enter(*wave())
    for one in wave():
        on.wait_for(one.cl_ord_id)
    on.sells(20)
    on.wait_for("AAAA-0001", filled=20)

    names = [one.cl_ord_id for one in wave()]
    with on.vault.write() as uow:
        rest = cancel_lists(uow, names, at=RealClock().now(), why="the time is over", by="oms")
    on.gateway.wake()
    for name, filled in zip(names, (20, 0, 0), strict=True):
        on.wait_for(name, filled=filled, closed=True)

    assert rest == ()
    assert [of_tag(raw, 66) for raw in sent(on, "K")] == [["AAAA-0001-L"]]
    assert sent(on, "F") == []
    assert [on.order(name).status for name in names] == [OrdStatus.CANCELED] * 3
    assert on.wired.alarms("canceled_unsolicited") == []


def test_an_order_that_the_venue_refuses_does_not_take_its_list_along(desk):
    on = desk()
    first, second, third = wave()

    on.enter(first, replace(second, symbol="NONE"), third)
    until(lambda: on.order("AAAA-0002").is_closed, "the refusal")
    on.wait_for("AAAA-0001")
    on.wait_for("AAAA-0003")

    assert on.order("AAAA-0002").status is OrdStatus.REJECTED


def test_a_list_that_is_refused_whole_leaves_no_order_in_doubt(desk):
    """Its ListID was used before: the list's status is all that the venue says."""
    on = desk()
    on.enter(*wave())
    for one in wave():
        on.wait_for(one.cl_ord_id)
    again = [
        replace(one, cl_ord_id=name, list_id="AAAA-0001-L")
        for one, name in zip(wave(), ("BBBB-0001", "BBBB-0002", "BBBB-0003"), strict=True)
    ]

    with on.vault.write() as uow:
        for one in again:
            uow.orders.add(one)
            uow.outbox.queue("XSIM", one, RealClock().now())
    on.gateway.wake()
    until(lambda: all(on.order(one.cl_ord_id).is_closed for one in again), "their refusal")

    assert {on.order(one.cl_ord_id).status for one in again} == {OrdStatus.REJECTED}
    assert "used before" in on.order("BBBB-0001").reason
    assert on.order("AAAA-0001").status is OrdStatus.NEW
    until(lambda: len(on.wired.alarms("list_refused")) == 1, "the alarm")


def test_a_stopped_order_leaves_its_list_before_it_goes(desk, wired):
    """The kill comes while the list waits for its session: the others go without the one."""
    on = desk()
    on.wired.stop_gateways()
    with on.vault.write() as uow:
        uow.kills.set(drill())
    on.enter(*wave())
    on.gateway = on.start()

    for name in ("AAAA-0001", "AAAA-0002"):
        on.wait_for(name)

    [raw] = sent(on, "E")
    assert (of_tag(raw, 11), of_tag(raw, 67)) == (["AAAA-0001", "AAAA-0002"], ["1", "2"])
    assert of_tag(raw, 68) == ["2"]
    dead = order_of(wired.vault, "AAAA-0003")
    assert (dead.status, dead.accidental) == (OrdStatus.UNSENT, False)


def test_a_kill_between_the_commit_and_the_engine_keeps_the_whole_list_back(desk, monkeypatch):
    """Its other orders are known to be unsent, and may go out under other ClOrdIDs."""
    on = desk()
    look, at_engine, go_on = on.gateway._core.last_look, threading.Event(), threading.Event()
    send = look.send

    def slow(bodies, seen, act):
        at_engine.set()
        assert go_on.wait(10)
        return send(bodies, seen, act)

    monkeypatch.setattr(look, "send", slow)
    on.enter(*wave())
    assert at_engine.wait(10)
    with on.gateway.setting(drill()), on.vault.write() as uow:
        uow.kills.set(drill())
    go_on.set()
    until(lambda: all(on.order(one.cl_ord_id).is_closed for one in wave()), "their ends")

    assert sent(on, "E") == []
    ends = [(on.order(one.cl_ord_id).status, on.order(one.cl_ord_id).accidental) for one in wave()]
    assert ends == [
        (OrdStatus.UNSENT, True),
        (OrdStatus.UNSENT, True),
        (OrdStatus.UNSENT, False),
    ]
