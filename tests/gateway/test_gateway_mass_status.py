"""One question about all orders after a logon, and single ones only for what it left open."""

import pytest

from domain.orders import OrdStatus
from gateway.mass_status import MassStatus
from gateway.wiretext import value_of
from tests.gateway.desk import RealClock, executions, intent, new_id, order_of, place, settings_for
from tests.gateway.venue import until

pytestmark = pytest.mark.integration


@pytest.fixture
def asking(wired):
    """A venue that keeps silent about orders, and a gateway that asks about all at once."""
    settings = settings_for(wired.directory, wired.venue.port)
    object.__setattr__(settings.profiles[0], "mass_status", True)
    wired.venue.start()
    return wired, settings


def sent(wired, gateway, count):
    """Orders that reached the venue, by their text; the venue has said nothing."""
    for _ in range(count):
        place(wired.vault, intent(new_id()))
    gateway.wake()
    until(lambda: len(wired.venue.orders()) == count, "the orders")
    return wired.venue.orders()


def reconnect(wired, gateway):
    wired.venue.drop()
    until(lambda: wired.venue.of_type("AF"), "the mass status request")
    return wired.venue.of_type("AF")[0]


def answer(wired, order, question, of, last, **tags):
    extra = {"t584": value_of(question, 584), "t911": of, "t912": last}
    wired.venue.say(wired.venue.report(order, t150="I", t17="0", **extra, **tags))


def test_what_the_mass_status_names_is_not_asked_for_again_and_the_rest_is(asking):
    wired, settings = asking
    gateway = wired.connected(settings=settings)
    known, filled, unnamed = sent(wired, gateway, 3)
    question = reconnect(wired, gateway)
    assert value_of(question, 585) == "7"
    assert wired.venue.of_type("H") == []

    wired.venue.say(wired.venue.fill(filled, 300, "190.20", 300))
    answer(wired, known, question, of=1, last="Y")
    until(lambda: wired.venue.of_type("H"), "the question about the order it did not name")
    name = value_of(unnamed, 11)
    wired.venue.say(wired.venue.report(unnamed))
    until(lambda: gateway.sessions()[0].gate_open, "the gate")

    assert [value_of(text, 11) for text in wired.venue.of_type("H")] == [name]
    assert order_of(wired.vault, value_of(known, 11)).status is OrdStatus.NEW
    assert len(wired.venue.orders()) == 3
    assert len(executions(wired.vault)) == 1


def test_no_order_goes_out_while_the_answer_is_awaited(asking):
    wired, settings = asking
    gateway = wired.connected(settings=settings)
    [first] = sent(wired, gateway, 1)
    question = reconnect(wired, gateway)
    place(wired.vault, intent(new_id()))
    gateway.wake()
    assert not gateway.sessions()[0].gate_open

    answer(wired, first, question, of=1, last="Y")
    until(lambda: len(wired.venue.orders()) == 2, "the second order")


def test_a_venue_that_says_it_has_nothing_open_is_asked_about_each(asking):
    """No order is dead because a list did not name it."""
    wired, settings = asking
    gateway = wired.connected(settings=settings)
    [order] = sent(wired, gateway, 1)
    question = reconnect(wired, gateway)

    answer(wired, order, question, of=0, last="Y", t11=None, t39="8")
    until(lambda: wired.venue.of_type("H"), "the single question")

    assert order_of(wired.vault, value_of(order, 11)).in_doubt
    assert wired.alarms("unknown_order") == []
    assert gateway.sessions()[0].in_doubt == 1


def test_a_venue_that_does_not_answer_is_asked_one_by_one(asking):
    wired, settings = asking
    gateway = wired.connected(settings=settings, acknowledgement_seconds=0.5)
    [order] = sent(wired, gateway, 1)
    reconnect(wired, gateway)

    until(lambda: wired.venue.of_type("H"), "the single question")

    assert order_of(wired.vault, value_of(order, 11)).in_doubt


def test_a_long_answer_is_waited_for_as_long_as_it_goes_on():
    seconds = [100.0]
    awaited = MassStatus(10, lambda: seconds[0])
    awaited.asked("XSIM", RealClock().now())
    for _ in range(5):
        seconds[0] += 9
        assert awaited.is_awaited("XSIM")
        awaited.told("XSIM")

    seconds[0] += 10

    assert not awaited.is_awaited("XSIM")
    awaited.told("XSIM")  # Too late: it was given up.
    assert not awaited.is_awaited("XSIM")


def test_nothing_is_asked_when_nothing_is_open(asking):
    wired, settings = asking
    gateway = wired.connected(settings=settings)
    until(lambda: gateway.sessions()[0].gate_open, "the gate")

    assert wired.venue.of_type("AF") == []
