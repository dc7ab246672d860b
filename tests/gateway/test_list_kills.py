"""kill -9 around a list: sent once or not at all, and each of its orders is asked about alone."""

from dataclasses import replace

import pytest
import quickfix as fix

from domain.orders import OrdStatus
from gateway.dictionary import standard_path
from gateway.wiretext import message, pairs, value_of
from tests.gateway.desk import intent, new_id, order_of, place, settings_for
from tests.gateway.process import PROFILES
from tests.gateway.test_gateway_kills import run_and_die
from tests.gateway.venue import until

pytestmark = pytest.mark.integration


def a_list(wired) -> list[str]:
    """Three committed orders, which go in two messages."""
    first = new_id()
    names = [first, new_id(), new_id()]
    for name in names:
        place(wired.vault, replace(intent(name), list_id=f"{first}-L"))
    return names


def restarted(wired):
    listing = {"lists": True, "list_orders": 2}
    return wired.connected(settings=settings_for(wired.directory, wired.venue.port, **listing))


def test_a_list_of_which_only_the_mark_was_committed_is_proven_dead_order_by_order(wired):
    wired.venue.start()
    wired.venue.answer = wired.answer_status_as_unknown
    names = a_list(wired)

    run_and_die(wired, "before_send", "lists")
    assert all(order_of(wired.vault, name).sent for name in names)
    gateway = restarted(wired)
    until(lambda: all(order_of(wired.vault, name).is_closed for name in names), "the proof")

    ends = {(one.status, one.accidental) for one in (order_of(wired.vault, n) for n in names)}
    assert ends == {(OrdStatus.UNSENT, True)}
    assert wired.venue.of_type("E") == []
    assert {value_of(text, 11) for text in wired.venue.of_type("H")} == set(names)
    until(lambda: gateway.sessions()[0].gate_open, "the gate")


def test_what_of_a_list_the_engine_stored_stays_in_doubt_though_the_venue_denies_it(wired):
    """Killed between its two messages: the first is proven nothing of, the second proven unsent."""
    wired.venue.start(UseDataDictionary="Y", DataDictionary=str(standard_path()))
    wired.venue.answer = wired.answer_status_as_unknown
    first, second, third = a_list(wired)

    run_and_die(wired, "after_send", "lists")
    until(lambda: wired.venue.of_type("E"), "the first message")
    gateway = restarted(wired)
    until(lambda: order_of(wired.vault, third).is_closed, "the proof about the third")
    until(lambda: len(wired.alarms("unknown_at_venue")) >= 2, "the venue's denials")

    [text] = wired.venue.of_type("E")
    assert [value for tag, value in pairs(text) if tag == 11] == [first, second]
    assert (value_of(text, 68), value_of(text, 893)) == ("3", "N")
    doubtful = [order_of(wired.vault, name) for name in (first, second)]
    assert [(one.status, one.in_doubt) for one in doubtful] == [(OrdStatus.INTENDED, True)] * 2
    assert not gateway.sessions()[0].gate_open


class Broker:
    """Holds a list until it is told to begin it, and says how it stands when it is asked."""

    def __init__(self, wired) -> None:
        self.venue, self.names, self.begun = wired.venue, [], False
        self.dictionary = fix.DataDictionary(str(standard_path()))
        wired.venue.start(UseDataDictionary="Y", DataDictionary=str(standard_path()))
        wired.venue.answer = self.hear

    def hear(self, text: str) -> None:
        kind = value_of(text, 35)
        if kind == "E":
            self.names = [value for tag, value in pairs(text) if tag == 11]
        if kind == "L":
            self.begun = True
        if kind in ("E", "M"):
            status = self.status(value_of(text, 66), "1" if kind == "E" else "2")
            whole = fix.Message(status, self.dictionary, False)  # Or its groups are sorted apart.
            assert fix.Session.sendToTarget(whole, self.venue._session)

    def status(self, list_id: str, kind: str) -> str:
        stage, status = ("3", "0") if self.begun else ("2", "A")
        fields = [(66, list_id), (429, kind), (82, "1"), (431, stage), (83, "1")]
        fields += [(60, "20221130-20:45:00"), (68, len(self.names)), (73, len(self.names))]
        for name in self.names:
            fields += [(11, name), (14, "0"), (39, status), (151, "300"), (84, "0"), (6, "0")]
        return message("N", [(tag, str(value)) for tag, value in fields])


@pytest.mark.parametrize("moment", ["before_send", "after_send"])
def test_a_list_that_waits_begins_once_whatever_the_moment_of_the_kill(wired, moment):
    """The broker is asked first; only where it waits still is the beginning said again."""
    broker = Broker(wired)
    names = a_list(wired)

    run_and_die(wired, moment, "waiting")
    if moment == "after_send":
        until(lambda: broker.begun, "the beginning")
    again = settings_for(wired.directory, wired.venue.port, **PROFILES["waiting"])
    gateway = wired.connected(settings=again)
    until(lambda: broker.begun, "the beginning")
    until(lambda: gateway.sessions()[0].gate_open, "the gate")

    assert len(wired.venue.of_type("L")) == 1
    assert (len(wired.venue.of_type("E")), wired.venue.of_type("H")) == (1, [])
    assert [value_of(text, 66) for text in wired.venue.of_type("M")] == [f"{names[0]}-L"]
    assert not any(order_of(wired.vault, name).in_doubt for name in names)


def test_a_beginning_that_the_broker_asks_for_again_is_asked_about_first(wired):
    """It gets a gap fill, then the question, and the beginning because it waits still."""
    broker = Broker(wired)
    settings = settings_for(wired.directory, wired.venue.port, **PROFILES["waiting"])
    gateway = wired.connected(settings=settings)
    names = a_list(wired)
    gateway.wake()
    until(lambda: broker.begun, "the beginning")

    broker.begun = False
    session = fix.Session.lookupSession(wired.venue._session)
    session.setNextTargetMsgSeqNum(int(value_of(wired.venue.of_type("L")[0], 34)))
    wired.venue.drop()
    until(lambda: broker.begun, "the second beginning")
    until(lambda: gateway.sessions()[0].gate_open, "the gate")

    assert len(wired.venue.of_type("L")) == 2
    assert all(value_of(text, 43) != "Y" for text in wired.venue.of_type("L"))
    assert len(wired.venue.of_type("E")) == 1
    assert not any(order_of(wired.vault, name).in_doubt for name in names)
