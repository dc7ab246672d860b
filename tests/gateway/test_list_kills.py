"""kill -9 around a list: sent once or not at all, and each of its orders is asked about alone."""

from dataclasses import replace

import pytest

from domain.orders import OrdStatus
from gateway.dictionary import standard_path
from gateway.wiretext import pairs, value_of
from tests.gateway.desk import intent, new_id, order_of, place, settings_for
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
