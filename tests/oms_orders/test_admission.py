"""Admission: kill switches and restrictions have the last word."""

from dataclasses import replace
from datetime import timedelta

from domain.orders import Side
from domain.restrictions import NO_BARS, reach_of
from domain.runs import Kill
from domain.snapshot import Restriction
from oms.admission import admit
from tests.oms_orders.desk import AAPL, DAY, KO, NOW, SOURCE, XOM, intent, snapshot

ORDERS = (
    intent("R-0001", Side.SELL, XOM, {"A1": 10}),
    intent("R-0002", Side.BUY, AAPL, {"A1": 30, "A2": 20}),
    intent("R-0003", Side.BUY, KO, {"A1": 40}),
)


def kill(scope: str, name: str = "") -> Kill:
    return Kill(scope=scope, name=name, by="Rosa", why="drill", set_at=NOW)


def restriction(security_id: str, days: int) -> Restriction:
    starts = DAY + timedelta(days=days)
    return Restriction(
        security_id=security_id, reason="merger talks", effective_from=starts, source=SOURCE
    )


def test_without_switches_everything_goes():
    assert admit(ORDERS, (), NO_BARS).intents == ORDERS


def test_a_halt_of_the_firm_stops_everything():
    admission = admit(ORDERS, [kill("firm")], NO_BARS)

    assert admission.intents == ()
    assert {stop.why for stop in admission.stopped} == {"firm was halted by Rosa: drill"}


def test_a_halt_of_a_venue_stops_its_orders_only():
    admission = admit(ORDERS, [kill("venue", "YSIM")], NO_BARS)

    assert admission.intents == ORDERS[1:]


def test_a_halt_of_an_account_takes_its_part_out_of_every_block():
    admission = admit(ORDERS, [kill("account", "A1")], NO_BARS)

    (left,) = admission.intents
    assert (left.cl_ord_id, left.quantity) == ("R-0002", 20)
    assert [(stop.cl_ord_id, stop.account_id) for stop in admission.stopped] == [
        ("R-0001", "A1"),
        ("R-0002", "A1"),
        ("R-0003", "A1"),
    ]


def test_a_halt_of_a_strategy_takes_its_accounts_out_of_every_block():
    models = {"A1": "growth", "A2": "income"}
    orders = [
        replace(
            one,
            allocations=tuple(replace(a, strategy=models[a.account_id]) for a in one.allocations),
        )
        for one in ORDERS
    ]

    admission = admit(orders, [kill("strategy", "growth")], NO_BARS)

    (left,) = admission.intents
    assert [part.account_id for part in left.allocations] == ["A2"]
    assert {stop.why for stop in admission.stopped} == {"strategy growth was halted by Rosa: drill"}


def test_a_restricted_name_is_stopped_from_its_day_on():
    today = admit(ORDERS, (), reach_of(snapshot(restrictions=[restriction(KO, 0)]), NOW))
    tomorrow = admit(ORDERS, (), reach_of(snapshot(restrictions=[restriction(KO, 1)]), NOW))

    assert [stop.why for stop in today.stopped] == ["KO is restricted: merger talks"]
    assert tomorrow.stopped == ()
