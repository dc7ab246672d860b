"""What users of such systems complain of most, where no other test has it on the wire by name.

docs/orders.md lists the complaints, each with the tests that show it cannot happen here.
"""

import re
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from domain.orders import OrdStatus, TimeInForce
from gateway.wiretext import value_of
from oms.booking import Booking
from tests.gateway.desk import cancel, executions, intent, new_id, order_of, place, settings_for
from tests.gateway.test_gateway_faults import placed
from tests.gateway.venue import until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "orders.md"


def filled(wired, name):
    return order_of(wired.vault, name).cum_qty


def test_what_was_filled_while_the_session_was_down_is_booked_after_the_next_logon(wired):
    wired.venue.start()
    gateway = wired.connected()
    name, order = placed(wired, gateway)
    wired.venue.say(wired.venue.report(order))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.NEW, "the acknowledgement")
    wired.stop_gateways()

    wired.venue.say(wired.venue.fill(order, 100, "190.21", 100))
    wired.venue.say(wired.venue.fill(order, 200, "190.22", 300))
    wired.connected()
    until(lambda: order_of(wired.vault, name).is_closed, "the fills")

    assert [one.last_qty for one in executions(wired.vault)] == [100, 200]


def test_an_order_of_the_previous_session_and_day_is_still_ours(wired):
    """Good till cancelled, a restart, another trading day: the fill finds its order."""
    wired.venue.start()
    gateway = wired.connected()
    name = place(wired.vault, intent(new_id(), time_in_force=TimeInForce.GTC))
    gateway.wake()
    until(wired.venue.orders, "the order")
    order = wired.venue.orders()[0]
    wired.venue.say(wired.venue.report(order))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.NEW, "the acknowledgement")
    wired.stop_gateways()
    wired.vault.close()
    wired.reopen()
    gateway = wired.connected()

    wired.venue.say(wired.venue.fill(order, 300, "190.21", 300, t75="20221202"))
    until(lambda: order_of(wired.vault, name).is_closed, "the fill")

    [standing] = order_of(wired.vault, name).fills
    assert standing.trade_date == date(2022, 12, 2)
    assert wired.alarms("unknown_order") == []


def test_a_cancel_that_crosses_a_fill_loses_neither_whatever_name_the_fill_has(wired):
    """The venue answers the cancel's ClOrdID with a fill of the order."""
    wired.venue.start()
    gateway = wired.connected()
    name, order = placed(wired, gateway)
    wired.venue.say(wired.venue.report(order))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.NEW, "the acknowledgement")
    ours = cancel(wired.vault, name)
    gateway.wake()
    until(lambda: wired.venue.of_type("F"), "the cancel")

    pending = {"t11": ours, "t41": name, "t150": "6", "t39": "6"}
    wired.venue.say(wired.venue.report(order, **pending))
    wired.venue.say(wired.venue.fill(order, 100, "190.21", 100, t11=ours, t41=name, t39="6"))
    until(lambda: filled(wired, name) == 100, "the fill")
    assert order_of(wired.vault, name).status is OrdStatus.PENDING_CANCEL
    done = {"t11": ours, "t41": name, "t150": "4", "t39": "4", "t14": "100", "t151": "0"}
    wired.venue.say(wired.venue.report(order, **done))
    until(lambda: order_of(wired.vault, name).is_closed, "the end")

    after = order_of(wired.vault, name)
    assert (after.status, after.cum_qty, after.pending) == (OrdStatus.CANCELED, 100, ())
    assert len(executions(wired.vault)) == 1


def test_a_cumulative_quantity_is_never_booked_as_shares_of_one_execution(wired):
    """CumQty grows on every report; what is booked are LastQty, once each."""
    wired.venue.start()
    gateway = wired.connected()
    name, order = placed(wired, gateway)
    say, fill, report = wired.venue.say, wired.venue.fill, wired.venue.report

    say(report(order))
    say(fill(order, 100, "190.21", 100))
    say(report(order, t150="I", t39="1", t14="100", t151="200", t32="100", t31="190.21"))
    say(fill(order, 100, "190.21", 200))
    say(report(order, t150="D", t39="1", t14="200", t151="100", t378="1"))
    say(fill(order, 100, "190.21", 300))
    until(lambda: order_of(wired.vault, name).is_closed, "the last fill")

    assert [one.last_qty for one in executions(wired.vault)] == [100, 100, 100]
    assert order_of(wired.vault, name).gross == 3 * 100 * Decimal("190.21")


def test_more_than_was_ordered_is_booked_and_told(wired):
    wired.venue.start()
    gateway = wired.connected(Booking())
    name, order = placed(wired, gateway)

    wired.venue.say(wired.venue.report(order))
    wired.venue.say(wired.venue.fill(order, 300, "190.21", 300))
    wired.venue.say(wired.venue.fill(order, 50, "190.20", 350))
    until(lambda: filled(wired, name) == 350, "the over-fill")
    until(lambda: wired.alarms("over_filled"), "the alarm")

    assert len(executions(wired.vault)) == 2
    with wired.vault.read() as view:
        assert view.ledger.balances(f"block:{name}")[f"block:{name}", "US0378331005"] == 350


def test_a_throttle_drops_nothing_and_sends_nothing_that_was_taken_back_meanwhile(wired):
    settings = settings_for(wired.directory, wired.venue.port, throttle=5)
    wired.venue.start()
    gateway = wired.connected(settings=settings)
    names = [place(wired.vault, intent(new_id())) for _ in range(14)]
    began = time.monotonic()
    gateway.wake()
    until(lambda: len(wired.venue.orders()) >= 5, "the first ones")
    cancel(wired.vault, names[-1], "no longer wanted")
    gateway.wake()
    until(lambda: order_of(wired.vault, names[-1]).is_closed, "the withdrawal")
    until(lambda: len(wired.venue.orders()) == 13, "the rest")

    assert [value_of(text, 11) for text in wired.venue.orders()] == names[:-1]
    assert order_of(wired.vault, names[-1]).status is OrdStatus.UNSENT
    assert time.monotonic() - began > 1.0, "thirteen at five a second, with a burst of five"


def complaints():
    rows = re.findall(r"^\| \d+ \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [pytest.param(tests, id=said) for said, tests in rows]


def test_the_page_answers_every_complaint():
    assert len(complaints()) == 15


@pytest.mark.parametrize("told", complaints())
def test_the_tests_that_the_page_names_are_there(told):
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", told)

    assert named
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{path} has no {name}"
