"""Orders out and executions back, over real FIX on loopback."""

import pytest

from domain.orders import OrdStatus
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from gateway.wiretext import value_of
from tests.gateway.desk import (
    RUN,
    OrderSink,
    RealClock,
    cancel,
    executions,
    intent,
    new_id,
    order_of,
    place,
)
from tests.gateway.venue import Venue, free_port, until

pytestmark = pytest.mark.integration


def test_an_order_goes_out_and_its_fills_are_booked_once(wired):
    wired.venue.start()
    gateway = wired.connected()
    name = place(wired.vault, intent(new_id(), 300))

    gateway.wake()
    until(wired.venue.orders, "the order")
    order = wired.venue.orders()[0]
    wired.venue.say(wired.venue.report(order))
    first = wired.venue.fill(order, 100, "190.20", 100)
    wired.venue.say(first)
    wired.venue.say(first)
    wired.venue.say(wired.venue.fill(order, 200, "190.25", 300))
    until(lambda: order_of(wired.vault, name).is_closed, "the last fill")

    booked = order_of(wired.vault, name)
    assert booked.status is OrdStatus.FILLED
    assert booked.gross == 100 * booked.fills[0].price + 200 * booked.fills[1].price
    assert len(executions(wired.vault)) == 2
    assert value_of(order, 583) == RUN.hex
    assert [value_of(order, tag) for tag in (55, 48, 22, 54, 38, 40, 44, 59)] == [
        "AAPL",
        "US0378331005",
        "4",
        "1",
        "300",
        "2",
        "190.25",
        "0",
    ]


def test_a_cancel_is_pending_until_the_venue_answers(wired):
    wired.venue.start()
    gateway = wired.connected()
    name = place(wired.vault, intent(new_id()))
    gateway.wake()
    until(wired.venue.orders, "the order")
    order = wired.venue.orders()[0]
    wired.venue.say(wired.venue.report(order))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.NEW, "the acknowledgement")

    request = cancel(wired.vault, name)
    gateway.wake()
    until(lambda: wired.venue.of_type("F"), "the cancel")
    assert not order_of(wired.vault, name).is_closed
    wired.venue.say(wired.venue.report(order, t11=request, t41=name, t150="4", t39="4", t151="0"))
    until(lambda: order_of(wired.vault, name).is_closed, "the cancel's answer")

    assert order_of(wired.vault, name).status is OrdStatus.CANCELED
    assert value_of(wired.venue.of_type("F")[0], 41) == name


def test_each_venue_gets_its_own_orders_and_one_that_is_away_holds_up_nobody(wired):
    (wired.directory / "other").mkdir()
    other = Venue(wired.directory / "other", free_port(), "YSIM")
    path = wired.directory / "fix.cfg"
    ports = {"XSIM": ("127.0.0.1", wired.venue.port), "YSIM": ("127.0.0.1", other.port)}
    sessions = write_session_config(path, ports, store=wired.directory / "fix")
    settings = load_settings(path, {name: {"session": s} for name, s in sessions.items()}, {})
    gateway = Gateway(wired.vault, OrderSink(), RealClock(), settings, wired.log)
    wired.gateways.append(gateway)
    wired.venue.start()
    gateway.start()
    try:
        mine = place(wired.vault, intent(new_id()))
        theirs = place(wired.vault, intent(new_id(), venue="YSIM"))
        gateway.wake()
        until(wired.venue.orders, "the order of the venue that is there")
        assert [state.gate_open for state in gateway.sessions()] == [True, False]
        other.start()
        until(other.orders, "the order of the other")

        assert [value_of(text, 11) for text in wired.venue.orders()] == [mine]
        assert [value_of(text, 11) for text in other.orders()] == [theirs]
    finally:
        wired.stop_gateways()
        other.stop()
