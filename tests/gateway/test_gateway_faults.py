"""What goes wrong on a day: hostile messages, a silent venue, a sick database."""

from decimal import Decimal

import pytest

from console.order_wishes import OrderWishes
from domain.errors import ConfigError, TryAgainError
from domain.orders import OrdStatus, Settlement
from domain.runs import Kill
from gateway import inbox as inbox_module
from gateway.arrival_queue import ArrivalQueue
from gateway.arrivals import Arrival, ArrivalKind
from gateway.service import problems
from gateway.wiretext import SOH, message, value_of
from tests.gateway.desk import (
    OrderSink,
    RealClock,
    cancel,
    cancel_in,
    executions,
    intent,
    new_id,
    order_of,
    place,
    settings_for,
)
from tests.gateway.venue import until

pytestmark = pytest.mark.integration


def placed(wired, gateway, quantity=300):
    """An order that the venue has received: its ClOrdID and its text."""
    name = place(wired.vault, intent(new_id(), quantity))
    gateway.wake()
    until(lambda: any(value_of(text, 11) == name for text in wired.venue.orders()), "the order")
    return name, next(text for text in wired.venue.orders() if value_of(text, 11) == name)


def test_no_fill_is_lost_to_validation_and_no_nonsense_is_booked(wired):
    """Odd fills are booked, unusable ones kept raw, and the session lives through all of it."""
    wired.venue.start()
    gateway = wired.connected()
    name, order = placed(wired, gateway, 600)
    say, fill, report = wired.venue.say, wired.venue.fill, wired.venue.report

    say(report(order))
    say(fill(order, 100, "190.21", 100, t4999="x", t5001="y"))
    say(fill(order, 100, "190.21", 200, t150="Z", t39="Q"))
    say(fill(order, 100, "190.21", 300, t40="?", t59="%", t1="", t15="dollars", t77777="1"))
    say(report(order, t150="F", t39="1", t32="-100", t31="190.21", t14="400", t151="200"))
    say(report(order, t150="F", t39="1", t32="1e2", t31="190.21", t14="400", t151="200"))
    say(fill(order, 100, "190.21", 400, t60="soon"))
    say(message("ZZ", [(58, "what is this")]))
    say(message("8", [(150, "F"), (32, "100"), (31, "190.21")]))
    same = fill(order, 100, "190.21", 500, t17="TWICE")
    say(same)
    say(same.replace(f"{SOH}31=190.21", f"{SOH}31=1.21"))
    say(fill(order, 100, "190.21", 500, t11="NOBODY"))
    say(fill(order, 100, "190.21", 600))
    until(lambda: order_of(wired.vault, name).is_closed, "the last fill")

    assert order_of(wired.vault, name).cum_qty == 600
    assert len(executions(wired.vault)) == 7
    reasons = [why for _, _, _, why in wired.quarantined()]
    assert len(reasons) == 5
    assert sum(why.startswith("FILL NOT BOOKED") for why in reasons) == 3, reasons
    assert "it could not be applied: ExecID TWICE came with other content" in reasons
    assert any(why.startswith("the engine refused it") for why in reasons)
    until(lambda: wired.alarms("unknown_order"), "the alarm")
    assert wired.alarms("message_odd")
    state = gateway.sessions()[0]
    assert state.logged_on
    assert state.durable_target == state.next_target - 1


def test_nothing_is_handed_to_the_engine_while_the_venue_is_away(wired):
    gateway = wired.gateway()
    name = place(wired.vault, intent(new_id()))
    gateway.wake()
    until(lambda: any("onnect" in e.get("text", "") for e in wired.events), "the attempt")

    assert not order_of(wired.vault, name).sent
    assert not gateway.sessions()[0].gate_open
    wired.venue.start()
    until(wired.venue.orders, "the order")

    assert [value_of(text, 43) for text in wired.venue.orders()] == [None]


def test_a_kill_stops_new_orders_for_good_and_lets_cancels_pass(wired):
    wired.venue.start()
    gateway = wired.connected()
    old, text = placed(wired, gateway)
    wired.venue.say(wired.venue.report(text))
    until(lambda: order_of(wired.vault, old).status is OrdStatus.NEW, "the acknowledgement")

    with wired.vault.write() as uow:
        uow.kills.set(Kill(scope="firm", name="", by="Ann", why="drill", set_at=RealClock().now()))
    new = place(wired.vault, intent(new_id()))
    cancel(wired.vault, old)
    gateway.wake()
    until(lambda: wired.venue.of_type("F"), "the cancel")
    until(lambda: order_of(wired.vault, new).is_closed, "the withdrawal")

    assert order_of(wired.vault, new).status is OrdStatus.UNSENT
    assert order_of(wired.vault, new).reason == "kill switch on firm: drill"
    assert not gateway.sessions()[0].gate_open
    with wired.vault.write() as uow:
        uow.kills.lift("firm", "", "Ann", RealClock().now())
    again, _ = placed(wired, gateway)
    assert [value_of(text, 11) for text in wired.venue.orders()] == [old, again]


def test_canceling_an_order_that_never_left_needs_no_venue(wired):
    wired.venue.start()
    gateway = wired.connected()
    other = intent(new_id())
    with wired.vault.write() as uow:
        uow.orders.add(unsent := intent(new_id()))
        uow.outbox.queue("XSIM", unsent, RealClock().now())
        cancel_in(uow, unsent.cl_ord_id)
        uow.orders.add(other)
        uow.outbox.queue("XSIM", other, RealClock().now())

    gateway.wake()
    until(wired.venue.orders, "the other order")

    order = order_of(wired.vault, unsent.cl_ord_id)
    assert order.status is OrdStatus.UNSENT
    assert order.reason == "canceled before it was sent: deadline"
    assert [value_of(text, 11) for text in wired.venue.received] == [other.cl_ord_id]


def test_silence_puts_an_order_in_doubt_and_its_answer_takes_it_out(wired):
    wired.venue.start()
    gateway = wired.connected(acknowledgement_seconds=0.2)
    name, order = placed(wired, gateway)

    until(lambda: wired.venue.of_type("H"), "the question")
    assert order_of(wired.vault, name).in_doubt
    held = place(wired.vault, intent(new_id()))
    wired.venue.say(wired.venue.report(order, t150="I"))
    until(lambda: len(wired.venue.orders()) == 2, "the order that was held")

    assert not order_of(wired.vault, name).in_doubt
    assert order_of(wired.vault, held).sent


def test_two_persons_open_the_gate_that_a_venue_without_a_memory_keeps_shut(wired):
    wired.venue.answer = wired.answer_status_as_unknown
    wired.venue.start()
    gateway = wired.connected(acknowledgement_seconds=0.2)
    name, _ = placed(wired, gateway)
    until(lambda: wired.alarms("unknown_at_venue"), "the venue's answer")
    held = place(wired.vault, intent(new_id()))
    wishes = OrderWishes(wired.vault, RealClock(), gateway.wake, Decimal("0.03"))

    wishes.propose_settlement(name, Settlement.NEVER_REACHED, "anna", "the desk, by telephone")
    gateway.wake()
    assert not gateway.sessions()[0].gate_open
    assert not order_of(wired.vault, held).sent
    wishes.second_settlement(name, "ben")
    until(lambda: len(wired.venue.orders()) == 2, "the order that was held")

    assert order_of(wired.vault, name).status is OrdStatus.UNSENT
    assert value_of(wired.venue.orders()[1], 11) == held
    assert gateway.sessions()[0].gate_open


@pytest.mark.parametrize("refusal", ["3", "j"])
def test_a_message_that_the_venue_refused_leaves_its_order_in_doubt(wired, refusal):
    wired.venue.start()
    gateway = wired.connected()
    name, order = placed(wired, gateway)
    number = value_of(order, 34)

    wired.venue.say(message(refusal, [(45, number), (372, "D"), (380, "0"), (58, "no")]))
    until(lambda: wired.venue.of_type("H"), "the question")

    assert order_of(wired.vault, name).in_doubt
    assert "no" in wired.quarantined()[0][3]


def test_a_venue_that_counts_anew_is_asked_about_every_open_order(wired):
    wired.venue.start()
    gateway = wired.connected()
    name, order = placed(wired, gateway)
    wired.venue.say(wired.venue.report(order))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.NEW, "the acknowledgement")

    wired.venue.say(message("4", [(36, "500")]))
    until(lambda: wired.venue.of_type("H"), "the question")

    assert order_of(wired.vault, name).in_doubt
    with wired.vault.read() as uow:
        assert uow.inbox.durable_sequence(wired.session) == 499


class SickSink(OrderSink):
    """Fails `times` times as a database does, and always on ExecID POISON."""

    def __init__(self, times: int) -> None:
        self.times = times

    def apply(self, uow, message, at):
        if getattr(message, "last_qty", 0) and self.times:
            self.times -= 1
            raise TryAgainError("database is locked")
        if getattr(message, "exec_id", "") == "POISON":
            raise RuntimeError("nobody thought of this")
        return super().apply(uow, message, at)


def test_a_sick_database_delays_fills_and_a_poisonous_one_harms_only_itself(wired, monkeypatch):
    monkeypatch.setattr(inbox_module, "_PAUSE_SECONDS", 0.01)
    wired.venue.start()
    gateway = wired.connected(SickSink(times=3))
    name, order = placed(wired, gateway)

    wired.venue.say(wired.venue.report(order))
    wired.venue.say(wired.venue.fill(order, 100, "190.21", 100))
    wired.venue.say(wired.venue.fill(order, 100, "190.21", 200, t17="POISON"))
    wired.venue.say(wired.venue.fill(order, 200, "190.21", 300))
    until(lambda: order_of(wired.vault, name).is_closed, "the last fill")

    assert len(executions(wired.vault)) == 2
    assert [why for *_, why in wired.quarantined()] == ["it could not be applied"]


def test_a_password_reaches_the_venue_but_no_log_and_no_file(wired):
    wired.venue.start()
    gateway = wired.gateway(environment={"TRIMTAB_FIX_PASSWORD_XSIM": "hunter2"})
    until(lambda: gateway.sessions()[0].logged_on, "the logon")
    wired.stop_gateways()

    assert value_of(wired.venue.admin[0], 554) == "hunter2"
    assert "hunter2" not in repr(wired.events)
    assert any("554=***" in event.get("raw", "") for event in wired.events)
    for path in (wired.directory / "fix").iterdir():
        assert b"hunter2" not in path.read_bytes()


def test_an_inbox_that_stays_full_ends_the_process_rather_than_drop_a_message(wired):
    fatal = []
    arrivals = ArrivalQueue(limit=1, patience_seconds=0.01, log=wired.log, fatal=fatal.append)
    arrival = Arrival(kind=ArrivalKind.ADMIN, session=wired.session, sequence=1)
    arrivals.put(arrival)
    assert fatal == []

    arrivals.put(arrival)

    assert fatal == ["the database did not keep up with the venues; the inbox is full"]


def test_a_torn_store_stops_the_start_before_anything_connects(wired):
    wired.venue.start()
    gateway = wired.connected()
    placed(wired, gateway)
    wired.stop_gateways()
    sequences = wired.directory / "fix" / "FIX.4.4-TRIMTAB-XSIM.seqnums"
    whole = sequences.read_bytes()
    logons = len(wired.venue.admin)
    settings = settings_for(wired.directory, wired.venue.port)
    assert problems(wired.vault, settings) == ()

    sequences.write_bytes(b"")

    with pytest.raises(ConfigError, match="is empty or torn"):
        wired.gateway()
    assert len(problems(wired.vault, settings)) == 1
    assert len(wired.venue.admin) == logons
    sequences.write_bytes(whole)
    wired.connected()


class DeadSink(OrderSink):
    """A database that went away for good after the order was acknowledged."""

    def apply(self, uow, message, at):
        if getattr(message, "last_qty", 0):
            raise TryAgainError("disk full")
        return super().apply(uow, message, at)


def test_what_could_not_be_committed_before_the_stop_is_booked_after_the_start(wired, monkeypatch):
    """Nothing after the message that failed may be booked, or the rewind would pass over it."""
    monkeypatch.setattr(inbox_module, "_PAUSE_SECONDS", 0.01)
    wired.venue.start()
    gateway = wired.connected(DeadSink())
    name, order = placed(wired, gateway)
    wired.venue.say(wired.venue.report(order))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.NEW, "the acknowledgement")
    wired.venue.say(wired.venue.fill(order, 100, "190.21", 100))
    wired.venue.say(wired.venue.report(order, t150="I", t39="1", t14="100", t151="200"))
    until(lambda: any(e["event"] == "inbox_commit_failed" for e in wired.events), "the failure")
    wired.stop_gateways()
    assert executions(wired.vault) == ()

    wired.connected()
    until(lambda: order_of(wired.vault, name).cum_qty == 100, "the fill")

    assert len(executions(wired.vault)) == 1
