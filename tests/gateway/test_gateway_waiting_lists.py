"""A broker that holds a list until it is told: ListExecute, and one question about a whole list.

Our gateway and ledger against the venue program, over both versions of FIX.
"""

import threading

import pytest

from domain.orders import OrdStatus
from gateway.doubts import raise_doubts
from gateway.wiretext import value_of
from oms.lists import cancel_lists
from tests.gateway.allocation_desk import Desk, started
from tests.gateway.desk import RealClock
from tests.gateway.test_gateway_lists import drill, every, of_tag, sent, wave
from tests.gateway.venue import until

pytestmark = pytest.mark.integration

VERSIONS = pytest.mark.parametrize("begin_string", ["FIX.4.4", "FIXT.1.1"])
NAMES = [one.cl_ord_id for one in wave()]
LIST = f"{NAMES[0]}-L"


@pytest.fixture
def desk(wired, tmp_path):
    programs = []

    def make(begin_string="FIX.4.4", *, venue: str = "", **table: object) -> Desk:
        programs.append(started(tmp_path, begin_string, venue))
        waiting = {"lists": True, "list_execution": "when_told", "list_status": True}
        return Desk(wired, programs[-1], begin_string, **{**waiting, **table})

    yield make
    wired.stop_gateways()
    for program in programs:
        assert program.stop() == 0
    assert wired.quarantined() == ()


def statuses(on: Desk) -> list[OrdStatus]:
    return [on.order(name).status for name in NAMES]


def keep_back(on: Desk, monkeypatch: pytest.MonkeyPatch, kinds: str) -> list[str]:
    """The engine swallows messages of these kinds, as a connection that dies does."""
    engine, swallowed = on.gateway._core.engine, []
    send = engine.send

    def lossy(session: str, text: str) -> bool:
        if value_of(text, 35) in kinds:
            swallowed.append(text)
            return True
        return send(session, text)

    monkeypatch.setattr(engine, "send", lossy)
    return swallowed


def waits(on: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is at the broker, and its beginning was lost on the way."""
    swallowed = keep_back(on, monkeypatch, "L")
    on.enter(*wave())
    until(lambda: swallowed, "the beginning")


def waits_without(on: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As `waits`, and one order has been taken back since."""
    waits(on, monkeypatch)
    on.cancel(name)
    until(lambda: on.order(name).is_closed, "the cancel")


@VERSIONS
def test_a_list_waits_at_the_broker_and_is_begun_when_it_is_there(desk, begin_string):
    on = desk(begin_string, list_orders=2)

    on.enter(*wave())
    for name in NAMES:
        on.wait_for(name)
    on.sells(100)
    on.wait_for(NAMES[0], filled=100, closed=True)

    assert {*every(sent(on, "E"), 433)} == {"2"}
    assert [of_tag(raw, 66) for raw in sent(on, "L")] == [[LIST]]
    assert (sent(on, "M"), sent(on, "H"), sent(on, "D")) == ([], [], [])
    assert on.wired.alarms("order_in_doubt") == []
    assert on.client_shares() == {"A1": 60, "A2": 40}


def test_a_list_that_waits_is_cancelled_whole_and_never_begun(desk, monkeypatch):
    """Its ListStatus is all that the broker says of orders that no book ever had."""
    on = desk()
    waits(on, monkeypatch)
    assert statuses(on) == [OrdStatus.PENDING_NEW] * 3

    with on.vault.write() as uow:
        assert cancel_lists(uow, NAMES, at=RealClock().now(), why="too late", by="oms") == ()
    on.gateway.wake()
    until(lambda: all(on.order(name).is_closed for name in NAMES), "the end")

    assert statuses(on) == [OrdStatus.CANCELED] * 3
    assert [on.order(name).pending for name in NAMES] == [()] * 3
    assert len(sent(on, "K")) == 1
    assert on.wired.alarms("canceled_unsolicited") == []


@VERSIONS
def test_a_beginning_that_was_lost_with_its_session_is_said_again_after_the_answer(
    desk, monkeypatch, begin_string
):
    """One question about the list; its answer shows that it waits still."""
    on = desk(begin_string)
    waits(on, monkeypatch)
    on.wired.stop_gateways()

    on.gateway = on.start()
    for name in NAMES:
        on.wait_for(name)

    assert [of_tag(raw, 66) for raw in sent(on, "M")] == [[LIST]]
    assert (len(sent(on, "L")), sent(on, "H")) == (1, [])
    assert len(sent(on, "E")) == 1
    assert statuses(on) == [OrdStatus.NEW] * 3
    assert not any(on.order(name).in_doubt for name in NAMES)


def test_a_list_that_began_is_not_begun_again(desk, monkeypatch):
    """Its reports were lost with the session's end; the answer to the question is enough."""
    on = desk()
    on.enter(*wave())
    for name in NAMES:
        on.wait_for(name)
    with on.vault.write() as uow:
        doubted = [uow.orders.get(name) for name in NAMES]
        raise_doubts(uow, doubted, "a test", RealClock().now())
    on.gateway._core.questions.recount("XSIM")
    until(lambda: not any(on.order(name).in_doubt for name in NAMES), "the answer")
    until(lambda: on.gateway.sessions()[0].gate_open, "the gate")

    assert [of_tag(raw, 66) for raw in sent(on, "M")] == [[LIST]]
    assert (len(sent(on, "L")), sent(on, "H")) == (1, [])


def test_a_broker_that_never_had_the_list_is_asked_about_each_order(desk, monkeypatch):
    """It does not know the ListID, which alone proves nothing: nothing is sent again."""
    on = desk()
    swallowed = keep_back(on, monkeypatch, "E")
    on.enter(*wave())
    until(lambda: swallowed, "the list")
    on.wired.stop_gateways()

    on.gateway = on.start()
    until(lambda: all(on.order(name).is_closed for name in NAMES), "the proof")

    assert len(sent(on, "M")) == 1
    assert sorted(every(sent(on, "H"), 11)) == NAMES
    assert sent(on, "E") == []
    ends = {(on.order(name).status, on.order(name).accidental) for name in NAMES}
    assert ends == {(OrdStatus.UNSENT, True)}


def test_a_stopped_order_leaves_a_list_that_waits_and_the_others_begin(desk, monkeypatch):
    """The switch comes between the claim of the beginning and the engine."""
    on = desk()
    look = on.gateway._core.last_look
    at_engine, go_on, send = threading.Event(), threading.Event(), look.send

    def slow(orders, seen, act):
        if orders and on.order(NAMES[0]).status is OrdStatus.PENDING_NEW:
            at_engine.set()
            assert go_on.wait(10)
        return send(orders, seen, act)

    monkeypatch.setattr(look, "send", slow)
    on.enter(*wave())
    assert at_engine.wait(10)
    with on.gateway.setting(drill()), on.vault.write() as uow:
        uow.kills.set(drill())
    go_on.set()
    on.gateway.wake()
    until(lambda: on.wired.alarms("message_withdrawn"), "the beginning that was kept back")
    assert sent(on, "L") == []

    on.cancel(NAMES[2])
    on.wait_for(NAMES[0])
    on.wait_for(NAMES[1])

    assert on.order(NAMES[2]).status is OrdStatus.CANCELED
    assert len(sent(on, "L")) == 1


def test_an_order_is_taken_back_before_its_list_begins(desk, monkeypatch):
    on = desk()
    waits_without(on, monkeypatch, NAMES[1])

    assert statuses(on) == [OrdStatus.PENDING_NEW, OrdStatus.CANCELED, OrdStatus.PENDING_NEW]
    assert on.wired.alarms("unknown_at_venue") == []


@VERSIONS
def test_a_list_that_waits_at_a_venue_that_cancels_on_disconnect_ends_with_the_session(
    desk, monkeypatch, begin_string
):
    """Nobody begins it again or sends it again: the venue's word of its end is enough."""
    on = desk(begin_string, venue="cancel_on_disconnect = true")
    waits_without(on, monkeypatch, NAMES[1])
    on.wired.stop_gateways()

    on.gateway = on.start()
    until(lambda: all(on.order(name).is_closed for name in NAMES), "the end")
    until(lambda: on.gateway.sessions()[0].gate_open, "the gate")

    assert statuses(on) == [OrdStatus.CANCELED] * 3
    assert not any(on.order(name).accidental or on.order(name).in_doubt for name in NAMES)
    assert (sent(on, "L"), len(sent(on, "E"))) == ([], 1)
    assert on.client_shares() == {}


def test_a_list_that_waits_outlives_a_session_at_a_venue_that_cancels_nothing(desk, monkeypatch):
    """It is begun when the venue has shown that it waits still, though an order has left it."""
    on = desk()
    waits_without(on, monkeypatch, NAMES[1])
    on.wired.stop_gateways()

    on.gateway = on.start()
    on.wait_for(NAMES[0])
    on.wait_for(NAMES[2])

    assert statuses(on) == [OrdStatus.NEW, OrdStatus.CANCELED, OrdStatus.NEW]
    assert (len(sent(on, "L")), len(sent(on, "E"))) == (1, 1)
