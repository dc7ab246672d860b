"""Halts at the wire: what a switch stops stays here after its commit, and no cancel waits."""

import threading

from domain.orders import OrdStatus
from domain.runs import Kill
from gateway.gate import Throttle
from gateway.wiretext import value_of
from oms.halt import halt
from tests.gateway.desk import RealClock, cancel, intent, new_id, order_of, place
from tests.gateway.venue import until


def drill() -> Kill:
    return Kill(scope="firm", name="", by="Ann", why="drill", set_at=RealClock().now())


def sent_order(wired, gateway):
    name = place(wired.vault, intent(new_id()))
    gateway.wake()
    until(lambda: [t for t in wired.venue.orders() if value_of(t, 11) == name], "the order")
    return name


def _cancelled(venue):
    """ClOrdIDs of the orders whose cancel the venue has."""
    return {value_of(text, 41) for text in venue.of_type("F")}


def test_orders_that_were_claimed_and_not_handed_over_when_the_switch_came_stay_here(
    wired, monkeypatch
):
    """Both orders are claimed in one commit; the halt comes while the first is handed over."""
    wired.venue.start()
    gateway = wired.connected()
    sent_order(wired, gateway)
    engine = gateway._core.engine
    at_engine, go_on = threading.Event(), threading.Event()
    real = engine.send

    def slow(session, text):
        at_engine.set()
        assert go_on.wait(10)
        return real(session, text)

    monkeypatch.setattr(engine, "send", slow)
    first, second = intent(new_id()), intent(new_id())
    with wired.vault.write() as uow:
        for one in (first, second):
            uow.orders.add(one)
            uow.outbox.queue("XSIM", one, RealClock().now())
    gateway.wake()
    assert at_engine.wait(10)
    halted = threading.Thread(
        target=halt,
        args=(wired.vault, drill()),
        kwargs={"wake": gateway.wake, "setting": gateway.setting},
    )
    halted.start()
    until(lambda: gateway._core.last_look._being_set, "the halt")
    go_on.set()
    halted.join(10)
    until(lambda: order_of(wired.vault, second.cl_ord_id).is_closed, "the end of the second")
    until(lambda: first.cl_ord_id in _cancelled(wired.venue), "the cancel of the first")

    dead = order_of(wired.vault, second.cl_ord_id)
    assert (dead.status, dead.accidental) == (OrdStatus.UNSENT, False)
    assert second.cl_ord_id not in {value_of(text, 11) for text in wired.venue.received}


def test_cancels_do_not_wait_for_the_throttle_as_what_is_new_does(wired, monkeypatch):
    """The throttle has no room at all, and then it has."""
    wired.venue.start()
    gateway = wired.connected()
    names = [sent_order(wired, gateway) for _ in range(3)]
    with monkeypatch.context() as full:
        full.setattr(Throttle, "available", lambda _throttle, _now: 0)
        late = place(wired.vault, intent(new_id()))
        for name in names:
            cancel(wired.vault, name)
        gateway.wake()
        until(lambda: len(wired.venue.of_type("F")) == 3, "the cancels")
        assert not order_of(wired.vault, late).sent

    until(lambda: order_of(wired.vault, late).sent, "the order")
