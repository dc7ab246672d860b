"""The drop copy: what the venue says a second time, against what we booked of the first."""

import json
import time
from datetime import date

import pytest

from domain.errors import ConfigError
from domain.ports import SessionKind
from gateway import copy_marks, doubts
from gateway.wiretext import value_of
from tests.gateway.desk import executions, intent, new_id, order_of, place
from tests.gateway.drop_copy import COPIES, ORDERS, settings_with_copy
from tests.gateway.venue import Venue, free_port, until

pytestmark = pytest.mark.integration

DAY = date(2022, 11, 30)


class Copied:
    """A venue with a second session for copies, and the gateway on both."""

    def __init__(self, wired):
        self.wired = wired
        directory = wired.directory / "copies"
        directory.mkdir()
        self.feed = Venue(directory, free_port(), client="TRIMTABDC")
        wired.venue.start()
        self.feed.start()

    def connected(self, seconds=1, **changes):
        settings = settings_with_copy(
            self.wired.directory, self.wired.venue.port, self.feed.port, drop_copy_seconds=seconds
        )
        gateway = self.wired.gateway(settings=settings, **changes)
        until(lambda: all(state.logged_on for state in gateway.sessions()), "the logons")
        return gateway

    def filled(self, gateway, fields=None, *, is_copied=False):
        """An order that filled whole, and the venue's report of it."""
        name = place(self.wired.vault, intent(new_id(), quantity=100))
        gateway.wake()
        until(lambda: any(value_of(text, 11) == name for text in self.wired.venue.orders()))
        order = next(t for t in self.wired.venue.orders() if value_of(t, 11) == name)
        report = self.wired.venue.fill(order, 100, "190.20", 100, **(fields or {}))
        self.wired.venue.say(report)
        until(lambda: order_of(self.wired.vault, name).is_closed, "the booking")
        if is_copied:
            self.feed.say(report)
        return order, report

    def copied(self):
        with self.wired.vault.read() as view:
            return copy_marks.copied(view, COPIES)

    def breaks(self):
        with self.wired.vault.read() as view:
            return view.findings.breaks()

    def audited(self, kind):
        with self.wired.vault.read() as view:
            return [entry for entry in view.audit.entries() if entry.kind == kind]


@pytest.fixture
def both(wired):
    made = Copied(wired)
    yield made
    wired.stop_gateways()
    made.feed.stop()


def test_a_copy_that_agrees_is_counted_and_nothing_is_booked_twice(both):
    gateway = both.connected()
    _, report = both.filled(gateway)

    both.feed.say(report)
    until(lambda: gateway.sessions()[1].durable_target >= 2, "the copy")
    both.wired.stop_gateways()

    assert both.copied() == {DAY: 1}
    assert len(executions(both.wired.vault)) == 1
    assert both.breaks() == ()
    assert both.wired.alarms("drop_copy_unmatched") == []


def test_an_operator_sees_what_each_session_is_for(both):
    states = both.connected().sessions()

    assert [(s.session, s.kind, s.gate_open) for s in states[1:]] == [
        (COPIES, SessionKind.DROP_COPY, False)
    ]
    assert states[0].kind is SessionKind.ORDERS


def test_a_copy_with_another_price_is_an_alarm_and_a_break_and_changes_no_order(both):
    gateway = both.connected()
    order, _ = both.filled(gateway, {"t17": "E1"})

    both.feed.say(both.feed.fill(order, 100, "190.21", 100, t17="E1"))
    until(lambda: both.wired.alarms("drop_copy_differs"), "the alarm")

    [found] = both.breaks()
    assert (found.kind, found.subject) == ("drop_copy_differs", f"XSIM {DAY} E1")
    assert (found.ours, found.theirs) == ("LastPx 190.2", "LastPx 190.21")
    assert [str(one.last_px) for one in executions(both.wired.vault)] == ["190.2"]


def test_a_copy_of_what_was_never_booked_is_told_once_even_over_a_restart(both):
    gateway = both.connected()
    order, _ = both.filled(gateway, is_copied=True)

    both.feed.say(both.feed.fill(order, 100, "190.20", 100, t17="LOST"))
    until(both.breaks, "the break")
    both.wired.stop_gateways()
    both.connected()
    both.wired.stop_gateways()

    [found] = both.breaks()
    assert (found.kind, found.subject) == ("drop_copy_unmatched", f"XSIM {DAY} LOST")
    assert "TRADE BUY 100 AAPL at 190.2" in found.message
    assert len(both.wired.alarms("drop_copy_unmatched")) == 1
    assert [one.exec_id for one in executions(both.wired.vault)] != ["LOST"]


def test_while_the_session_for_orders_is_down_a_missing_fill_is_an_alarm_and_no_break(both):
    """The venue repeats the fill when the session is back, and then both agree."""
    gateway = both.connected()
    order, _ = both.filled(gateway, is_copied=True)
    late = both.wired.venue.fill(order, 100, "190.20", 100, t17="LATE")
    both.wired.venue.drop()
    both.wired.venue.stop()
    until(lambda: not gateway.sessions()[0].logged_on, "the logout")

    both.feed.say(late)
    until(lambda: both.wired.alarms("drop_copy_unmatched"), "the alarm")
    assert both.breaks() == ()
    both.wired.venue.start()
    until(lambda: gateway.sessions()[0].logged_on, "the logon")
    both.wired.venue.say(late)
    until(lambda: len(executions(both.wired.vault)) == 2, "the late fill")
    both.wired.stop_gateways()

    assert both.breaks() == ()
    assert both.copied() == {DAY: 2}


def test_copies_taken_in_before_a_crash_are_compared_after_it_and_counted_once(both):
    gateway = both.connected()
    _, report = both.filled(gateway)
    both.feed.say(report)
    until(lambda: gateway.sessions()[1].durable_target >= 2, "the copy")
    gateway._core.copies.clear()  # As after a crash: nobody writes the mark.
    both.wired.stop_gateways()
    assert both.copied() == {}

    both.connected()
    both.wired.stop_gateways()
    both.connected()
    both.wired.stop_gateways()

    assert both.copied() == {DAY: 1}
    marks = [json.loads(mark.body) for mark in both.audited("drop_copy_compared")]
    assert [mark["days"] for mark in marks if mark["days"]] == [{"2022-11-30": {"same": 1}}]


def test_a_booked_execution_without_a_copy_is_told_once_even_over_a_crash(both):
    gateway = both.connected()
    both.filled(gateway, {"t17": "E1"}, is_copied=True)
    both.filled(gateway, {"t17": "E2"})
    gateway._core.watch._looks = ()  # As after a crash: nobody looks, nobody writes a mark.
    gateway._core.copies.clear()
    both.wired.stop_gateways()
    assert both.breaks() == ()

    both.connected()
    until(both.breaks, "the break")
    both.wired.stop_gateways()
    both.connected(seconds=1)
    both.wired.stop_gateways()

    [found] = both.breaks()
    assert (found.kind, found.subject) == ("drop_copy_missing", f"XSIM {DAY} E2")
    assert found.ours == "TRADE BUY 100 AAPL at 190.2"
    assert len(both.wired.alarms("drop_copy_missing")) == 1


def test_while_the_session_for_copies_is_down_no_copy_is_missing(both):
    """The venue sends them again when the session is back."""
    gateway = both.connected()
    both.feed.drop()
    both.feed.stop()
    until(lambda: not gateway.sessions()[1].logged_on, "the logout")
    _, report = both.filled(gateway)
    uncopied = gateway._core.copies[0]._uncopied
    until(lambda: uncopied.overdue(time.monotonic() - 1), "a second without the copy")

    both.feed.start()
    until(lambda: gateway.sessions()[1].logged_on, "the logon")
    both.feed.say(report)
    until(lambda: not uncopied.ranges(), "the copy")
    both.wired.stop_gateways()

    assert both.breaks() == ()
    assert both.copied() == {DAY: 1}


def test_a_copy_is_evidence_that_the_venue_has_an_order_in_doubt(both):
    """Even proof that we never sent it does not kill an order that a copy spoke of."""
    gateway = both.connected(acknowledgement_seconds=0.2)
    name = place(both.wired.vault, intent(new_id()))
    gateway.wake()
    until(lambda: order_of(both.wired.vault, name).in_doubt, "the doubt")
    until(lambda: both.wired.venue.of_type("H"), "the first question")
    order = both.wired.venue.orders()[0]

    both.feed.say(both.feed.report(order, t17="N1"))
    until(lambda: both.audited(doubts.SEEN_IN_COPY), "the evidence")
    until(lambda: len(both.wired.venue.of_type("H")) == 2, "the second question")
    with both.wired.vault.write() as uow:
        at = uow.audit.entries()[-1].at
        uow.audit.append(at=at, actor="t", kind=doubts.NEVER_STORED, subject=name, body={})
    both.wired.answer_status_as_unknown(both.wired.venue.of_type("H")[-1])
    until(lambda: both.wired.alarms("venue_contradicts_itself"), "the alarm")

    assert order_of(both.wired.vault, name).in_doubt
    assert order_of(both.wired.vault, name).status.name == "INTENDED"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"drop_copy": ORDERS}, "name the same session twice"),
        ({"drop_copy": "FIX.4.4:X->Y"}, "drop_copy 'FIX.4.4:X->Y' is not one of"),
        ({"down_seconds": 0}, "down_seconds = 0 would be an alarm at every logon"),
        ({"mass_status": 1}, "mass_status = 1 must be of type bool"),
        ({"drop_copy_seconds": 0}, "drop_copy_seconds = 0 leaves no time to book"),
    ],
)
def test_a_drop_copy_that_does_not_fit_stops_the_start(tmp_path, table, message):
    with pytest.raises(ConfigError, match=message):
        settings_with_copy(tmp_path, 5001, 5002, **table)


def test_the_copy_has_credentials_of_its_own(tmp_path):
    environment = {
        "TRIMTAB_FIX_PASSWORD_XSIM": "one",
        "TRIMTAB_FIX_PASSWORD_XSIM_DROP_COPY": "two",
    }

    settings = settings_with_copy(tmp_path, 5001, 5002, environment=environment)

    assert [one.password for one in settings.connections] == ["one", "two"]
    assert "two" not in repr(settings)
