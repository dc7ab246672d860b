"""kill -9 of the gateway at its worst moments: nothing is sent twice, nothing is lost."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from domain.orders import OrdStatus
from gateway.wiretext import value_of
from tests.gateway.desk import executions, intent, new_id, order_of, place
from tests.gateway.venue import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True),
]
ROOT = Path(__file__).parents[2]


def run_and_die(wired, moment: str, *more: str) -> None:
    """A gateway process on the vault of `wired`, until it has killed itself."""
    wired.vault.close()
    where = (str(wired.directory), str(wired.venue.port))
    with (wired.directory / "process.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.process", *where, moment, *more],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        code = process.wait(timeout=20)
    assert code == -signal.SIGKILL, (wired.directory / "process.log").read_text()
    wired.reopen()


def test_an_order_of_which_only_the_mark_was_committed_is_proven_dead(wired):
    """Killed between commit and engine: neither the engine's store nor the venue has it."""
    wired.venue.start()
    wired.venue.answer = wired.answer_status_as_unknown
    name = place(wired.vault, intent(new_id()))

    run_and_die(wired, "before_send")
    assert order_of(wired.vault, name).sent
    gateway = wired.connected()
    until(lambda: order_of(wired.vault, name).is_closed, "the proof")

    order = order_of(wired.vault, name)
    assert (order.status, order.in_doubt, order.accidental) == (OrdStatus.UNSENT, False, True)
    assert wired.venue.orders() == []
    until(lambda: gateway.sessions()[0].gate_open, "the gate")


def test_an_order_that_the_engine_stored_stays_in_doubt_though_the_venue_does_not_know_it(wired):
    """It was received, and the venue denies it: that is for people, and nothing new is sent."""
    wired.venue.start()
    wired.venue.answer = wired.answer_status_as_unknown
    name = place(wired.vault, intent(new_id()))

    run_and_die(wired, "after_send")
    until(wired.venue.orders, "the order")
    gateway = wired.connected()
    until(lambda: wired.alarms("unknown_at_venue"), "the venue's answer")

    order = order_of(wired.vault, name)
    assert (order.status, order.in_doubt) == (OrdStatus.INTENDED, True)
    assert len(wired.venue.orders()) == 1
    assert not gateway.sessions()[0].gate_open


def test_while_an_order_is_in_doubt_nothing_new_is_sent(wired):
    wired.venue.start()
    place(wired.vault, intent(new_id()))
    run_and_die(wired, "before_send")

    second = place(wired.vault, intent(new_id()))
    gateway = wired.connected()
    until(lambda: wired.venue.of_type("H"), "the question")
    question = wired.venue.of_type("H")[0]
    assert wired.venue.orders() == []
    wired.venue.say(wired.venue.report(question, t150="I", t39="4", t38="300", t151="0"))
    until(wired.venue.orders, "the second order")

    assert [value_of(text, 11) for text in wired.venue.orders()] == [second]
    assert gateway.sessions()[0].in_doubt == 0


def test_an_order_that_left_before_the_kill_is_resolved_and_not_sent_again(wired):
    """The venue's reports, sent while we were dead, arrive after the rewind."""
    wired.venue.start()

    def fill_at_once(text):
        if value_of(text, 35) == "D":
            wired.venue.say(wired.venue.report(text))
            wired.venue.say(wired.venue.fill(text, 300, "190.21", 300))

    wired.venue.answer = fill_at_once
    name = place(wired.vault, intent(new_id()))

    run_and_die(wired, "after_send")
    until(wired.venue.orders, "the order")
    wired.connected()
    until(lambda: order_of(wired.vault, name).is_closed, "the fill")

    assert order_of(wired.vault, name).status is OrdStatus.FILLED
    assert len(executions(wired.vault)) == 1
    assert len(wired.venue.orders()) == 1


@pytest.mark.parametrize("moment", ["while_booking", "after_booking"])
def test_a_fill_is_booked_once_whatever_the_moment_of_the_kill(wired, moment):
    wired.venue.start()

    def fill_in_three(text):
        if value_of(text, 35) == "D":
            wired.venue.say(wired.venue.report(text))
            for done in (100, 200, 300):
                wired.venue.say(wired.venue.fill(text, 100, "190.21", done))

    wired.venue.answer = fill_in_three
    name = place(wired.vault, intent(new_id()))

    run_and_die(wired, moment)
    wired.connected()
    until(lambda: order_of(wired.vault, name).is_closed, "the fills")

    assert order_of(wired.vault, name).cum_qty == 300
    assert len(executions(wired.vault)) == 3
    assert len(wired.venue.orders()) == 1


def test_an_order_in_the_engines_store_that_never_reached_the_socket_is_proven_dead(wired):
    """The venue asks for it again, gets a gap fill, and does not know it: never received."""
    wired.venue.start()
    wired.venue.answer = wired.answer_status_as_unknown
    name = place(wired.vault, intent(new_id()))

    run_and_die(wired, "store_only")
    gateway = wired.connected()
    until(lambda: order_of(wired.vault, name).is_closed, "the proof")

    order = order_of(wired.vault, name)
    assert order.status is OrdStatus.UNSENT
    assert not order.in_doubt
    assert wired.venue.orders() == []
    assert any(value_of(text, 35) == "4" for text in wired.venue.admin)
    until(lambda: gateway.sessions()[0].gate_open, "the gate")
