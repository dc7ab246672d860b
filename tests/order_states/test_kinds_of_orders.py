"""Ends and changes that an order's own terms foresee, and those that they do not."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.order_states import apply, open_order
from domain.orders import (
    Algo,
    DayEnded,
    ExecType,
    OrdStatus,
    OrdType,
    Peg,
    PegTo,
    Side,
    Strategy,
    TimeInForce,
)
from tests.oms_orders.desk import AAPL, DAY, NOW, intent, report

LIMIT = intent("K-1", Side.BUY, AAPL, {"A1": 100}, limit="148")
MARKET = replace(LIMIT, ord_type=OrdType.MARKET, limit_price=None)
PEGGED = replace(LIMIT, ord_type=OrdType.PEGGED, limit_price=None, peg=Peg(to=PegTo.MIDPOINT))
STOP = replace(LIMIT, ord_type=OrdType.STOP, limit_price=None, stop_price=Decimal(150))


def working(terms, **changes):
    order = replace(open_order(replace(terms, **changes)), sent=True)
    return apply(order, report(order, ExecType.NEW, OrdStatus.NEW))[0]


def canceled(order, **changes):
    said = report(order, ExecType.CANCELED, OrdStatus.CANCELED, **changes)
    moved, alarms = apply(order, said)
    assert moved.status is OrdStatus.CANCELED
    return [alarm.kind for alarm in alarms]


@pytest.mark.parametrize("time", ["IOC", "FOK", "OPG", "CLS"])
def test_a_brief_order_ends_by_itself(time):
    assert canceled(working(LIMIT, time_in_force=TimeInForce[time])) == []


@pytest.mark.parametrize("time", ["DAY", "GTC"])
def test_an_order_that_should_have_stood_does_not(time):
    assert canceled(working(LIMIT, time_in_force=TimeInForce[time])) == ["canceled_unsolicited"]


@pytest.mark.parametrize("time", ["OPG", "CLS"])
def test_what_an_auction_left_over_may_expire(time):
    order = working(LIMIT, time_in_force=TimeInForce[time])

    moved, alarms = apply(order, report(order, ExecType.EXPIRED, OrdStatus.EXPIRED))

    assert (moved.status, moved.leaves_qty, alarms) == (OrdStatus.EXPIRED, 0, ())


@pytest.mark.parametrize(
    ("end", "alarms"),
    [
        (None, []),
        (NOW, []),
        (NOW + timedelta(minutes=1), ["canceled_unsolicited"]),
    ],
)
def test_an_algorithm_may_give_up_at_its_end_and_not_before(end, alarms):
    order = working(LIMIT, algo=Algo(strategy=Strategy.TWAP, end=end))

    assert canceled(order, transact_time=NOW) == alarms


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ord_type": OrdType.MARKET}, "OrdType is MARKET at the venue, we asked for LIMIT"),
        ({"time_in_force": TimeInForce.GTC}, "TimeInForce is GTC at the venue, we asked for DAY"),
        ({"limit_price": Decimal(184)}, "Price is 184 at the venue, we asked for 148"),
        ({"ord_type": OrdType.LIMIT, "time_in_force": TimeInForce.DAY}, None),
        ({"ord_type": None, "time_in_force": None, "limit_price": None}, None),
        ({"stop_price": Decimal(0)}, None),  # Some say 0 where there is none.
    ],
)
def test_an_acknowledgement_of_something_else_is_told(changes, said):
    order = replace(open_order(LIMIT), sent=True)

    moved, alarms = apply(order, report(order, ExecType.NEW, OrdStatus.NEW, **changes))

    assert moved.status is OrdStatus.NEW
    assert [alarm.message for alarm in alarms] == ([] if said is None else [f"K-1: {said}"])
    assert {alarm.kind for alarm in alarms} <= {"terms_disagree"}


def test_a_stop_that_was_reached_works():
    order = working(STOP)

    moved, alarms = apply(order, report(order, ExecType.TRIGGERED, OrdStatus.NEW))

    assert (moved.status, alarms) == (OrdStatus.NEW, ())


@pytest.mark.parametrize("terms", [MARKET, PEGGED, STOP], ids=["market", "pegged", "stop"])
def test_a_price_in_a_report_makes_no_limit(terms):
    """Venues tell where a peg stands now, or 0 for a market order: that is nobody's limit."""
    order = working(terms)
    said = report(
        order, ExecType.RESTATED, OrdStatus.NEW, limit_price=Decimal("148.2"), order_qty=90
    )

    moved, _ = apply(order, said)

    assert (moved.limit_price, moved.order_qty) == (None, 90)
    assert moved.stop_price == terms.stop_price


def test_a_restated_stop_is_followed():
    order = working(STOP)
    said = report(order, ExecType.RESTATED, OrdStatus.NEW, stop_price=Decimal(75))

    assert apply(order, said)[0].stop_price == 75


def test_a_day_that_ended_ends_the_doubt_and_keeps_the_fills():
    order = replace(working(LIMIT), in_doubt=True)
    ended = DayEnded(cl_ord_id="K-1", at=NOW, why="over", day=DAY + timedelta(days=1))

    moved, alarms = apply(order, ended)

    assert (moved.status, moved.in_doubt, moved.leaves_qty) == (OrdStatus.EXPIRED, False, 0)
    assert [alarm.kind for alarm in alarms] == ["ended_by_day_roll"]
    assert apply(moved, ended) == (moved, ())
