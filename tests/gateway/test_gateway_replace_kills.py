"""kill -9 around the sending of a replace: it is proven void or answered, and never sent twice."""

import pytest

from domain.orders import NeverReceived, OrdStatus
from gateway.wiretext import value_of
from tests.gateway.desk import intent, new_id, order_of, place, replace, reserved
from tests.gateway.test_gateway_kills import run_and_die
from tests.gateway.venue import until

pytestmark = pytest.mark.integration


def acknowledged(wired) -> str:
    """An order that its venue has taken; the gateway has stopped since."""
    wired.venue.start()
    wired.venue.answer = lambda text: answer(wired, text)
    name = place(wired.vault, intent(new_id()))
    wired.connected()
    until(lambda: order_of(wired.vault, name).status is OrdStatus.NEW, "the acknowledgement")
    wired.stop_gateways()
    return name


def answer(wired, text) -> None:
    """A venue that takes orders, leaves replaces waiting, and knows nothing of them when asked."""
    kind, name = value_of(text, 35), value_of(text, 11) or ""
    if kind == "D":
        wired.venue.say(wired.venue.report(text))
    elif kind == "H" and "." in name:
        wired.answer_status_as_unknown(text)
    elif kind == "H":
        told = wired.venue.report(text, t37=f"O{name}", t150="I", t38="300", t151="300")
        wired.venue.say(told)


@pytest.mark.parametrize("moment", ["before_replace", "store_replace_only"])
def test_a_replace_that_did_not_get_as_far_as_the_socket_is_proven_void(wired, moment):
    """By the engine's store, or by the venue's own wish for the message and its gap fill."""
    name = acknowledged(wired)
    replace(wired.vault, name, 200)

    run_and_die(wired, moment)
    assert order_of(wired.vault, name).pending != ()
    gateway = wired.connected()
    until(lambda: not order_of(wired.vault, name).pending, "the proof")

    order = order_of(wired.vault, name)
    assert (order.status, order.order_qty, order.in_doubt) == (OrdStatus.NEW, 300, False)
    assert reserved(wired.vault, name) == 0
    assert wired.venue.of_type("G") == []
    with wired.vault.read() as view:
        assert any(isinstance(one, NeverReceived) for one in view.orders.events(name))
    until(lambda: wired.alarms("change_not_received"), "the alarm")
    until(lambda: gateway.sessions()[0].gate_open, "the gate")


def test_a_replace_that_its_venue_has_and_denies_stays_pending_until_the_venue_answers(wired):
    name = acknowledged(wired)
    changed = replace(wired.vault, name, 200)

    run_and_die(wired, "after_replace")
    until(lambda: wired.venue.of_type("G"), "the replace")
    wired.connected(acknowledgement_seconds=0.2)
    until(lambda: wired.alarms("change_unanswered"), "the alarm")
    asked = [one for one in wired.venue.of_type("H") if value_of(one, 11) == changed]
    until(lambda: len(asked) < len(wired.venue.of_type("H")), "another question")

    assert [wish.cl_ord_id for wish in order_of(wired.vault, name).pending] == [changed]
    assert not order_of(wired.vault, name).in_doubt
    [request] = wired.venue.of_type("G")
    granted = wired.venue.report(request, t150="5", t41=name, t37=f"O{name}", t44="190.25")
    wired.venue.say(granted)
    until(lambda: order_of(wired.vault, name).current == changed, "the replace")
    assert order_of(wired.vault, name).order_qty == 200
    assert len(wired.venue.of_type("G")) == 1
