"""Lists of orders (E), what may be asked of them (K, L, M), and how they stand (N)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.values.messages import Note, Report
from simulator.values.requests import (
    AskListStatus,
    AskStatus,
    CancelList,
    CancelOrder,
    Disconnected,
    ExecuteList,
    NewList,
    NewOrder,
    ReplaceOrder,
)

NOW = datetime(2022, 11, 30, 15, 0, tzinfo=UTC)
SYMBOLS = ("AAPL", "KO")
ACK, RESPONSE, STARTED, ALL_DONE = "1", "2", "4", "5"
RECEIVED, EXECUTING, CANCELLING, DONE, REJECT = "2", "3", "4", "6", "7"


def venue(**rules):
    stocks = {
        symbol: Instrument(
            symbol=symbol,
            security_id="US0378331005",
            price="148.03",
            ticks=(("0", "0.01"),),
            lots=(("0", 1),),
            average_daily_volume=400_000,
        )
        for symbol in SYMBOLS
    }
    return ExchangeFloor(replace(Rules(name="XSIM"), **rules), stocks)


def order(name, symbol="AAPL", price="148.00", quantity="100", **more):
    return NewOrder("C", name, symbol, "1", quantity, "2", price, list_id="L", **more)


def listed(*orders, total=None, first=1, **more):
    numbered = tuple((str(number), one) for number, one in enumerate(orders, start=first))
    return NewList("C", "L", "3", str(total or len(orders)), orders=numbered, **more)


def sell(floor, symbol, quantity, price="148.00"):
    arguments = {"symbol": symbol, "side": "sell", "quantity": quantity, "price": price}
    return floor.operate("inject", arguments, NOW)[1]


def statuses(said):
    """Type, stage and the OrdStatus of each order, of each ListStatus."""
    return [
        (
            dict(one.fields)[429],
            dict(one.fields)[431],
            "".join(value for tag, value in one.fields if tag == 39),
        )
        for one in said
        if isinstance(one, Note) and one.msg_type == "N"
    ]


def reports(said):
    return [(one.cl_ord_id, one.exec_type) for one in said if isinstance(one, Report)]


def test_the_orders_of_a_list_are_reported_on_as_if_they_had_come_alone():
    floor = venue()

    said = floor.handle(listed(order("A"), order("B", "KO")), NOW)

    assert statuses(said) == [(ACK, RECEIVED, "AA")]
    assert reports(said) == [("A", "0"), ("B", "0")]
    assert all((66, "L") in one.extra for one in said if isinstance(one, Report))
    assert floor.handle(AskStatus("C", "B", "KO", "1"), NOW)[0].ord_status == "0"


def test_a_list_is_done_when_its_last_order_is():
    floor = venue()
    floor.handle(listed(order("A"), order("B", "KO")), NOW)

    first = sell(floor, "AAPL", 100)
    second = sell(floor, "KO", 40)
    third = sell(floor, "KO", 60)

    assert [statuses(one) for one in (first, second)] == [[], []]
    assert statuses(third) == [(ALL_DONE, DONE, "22")]
    assert isinstance(third[-1], Note)
    assert statuses(floor.handle(AskListStatus("C", "L"), NOW)) == [(RESPONSE, DONE, "22")]


def test_an_order_that_is_refused_does_not_hold_up_its_list():
    floor = venue()

    said = floor.handle(listed(order("A"), order("B", "NONE")), NOW)
    done = sell(floor, "AAPL", 100)

    assert reports(said) == [("A", "0"), ("B", "8")]
    assert statuses(done) == [(ALL_DONE, DONE, "28")]


def test_a_list_of_which_nothing_can_work_is_done_at_once():
    said = venue().handle(listed(order("A", "NONE")), NOW)

    assert statuses(said) == [(ACK, RECEIVED, "A"), (ALL_DONE, DONE, "8")]


def test_a_list_waits_for_its_last_fragment():
    floor = venue()

    assert floor.handle(listed(order("A"), total=2, last_fragment="N"), NOW) == []
    said = floor.handle(listed(order("B", "KO"), total=2, first=2, last_fragment="Y"), NOW)

    assert statuses(said) == [(ACK, RECEIVED, "AA")]
    assert reports(said) == [("A", "0"), ("B", "0")]


def test_a_list_that_is_not_whole_ends_with_the_session():
    floor = venue()
    floor.handle(listed(order("A"), total=2, last_fragment="N"), NOW)

    said = floor.handle(Disconnected("C"), NOW)

    assert statuses(said) == [(ACK, REJECT, "8")]
    unknown = floor.handle(AskStatus("C", "A", "AAPL", "1"), NOW)
    assert (unknown[0].ord_status, unknown[0].rej_reason) == ("8", 5)


@pytest.mark.parametrize("leaves", [False, True])
def test_a_list_that_waits_leaves_with_its_session_where_orders_do(leaves):
    """Its ListStatus tells the client when it is back; else it waits on, and may be begun."""
    floor = venue(cancel_on_disconnect=frozenset({"C"} if leaves else ()))
    floor.handle(listed(order("A"), order("B", "KO"), begins="2"), NOW)
    floor.handle(CancelOrder("C", "A.1", "A", "AAPL", "1"), NOW)

    said = floor.handle(Disconnected("C"), NOW)
    again = floor.handle(Disconnected("C"), NOW)

    assert statuses(said) == ([(ALL_DONE, DONE, "44")] if leaves else [])
    assert again == []
    begun = floor.handle(ExecuteList("C", "L"), NOW)
    assert reports(begun) == ([] if leaves else [("B", "0")])


def test_a_list_that_waits_begins_when_it_is_told_to():
    floor = venue()

    taken = floor.handle(listed(order("A"), order("B", "KO"), begins="2"), NOW)
    begun = floor.handle(ExecuteList("C", "L"), NOW)
    again = floor.handle(ExecuteList("C", "L"), NOW)

    assert (statuses(taken), reports(taken)) == ([(ACK, RECEIVED, "AA")], [])
    assert statuses(begun) == [(STARTED, EXECUTING, "AA")]
    assert reports(begun) == [("A", "0"), ("B", "0")]
    assert (statuses(again), reports(again)) == ([(RESPONSE, EXECUTING, "00")], [])


def test_a_cancel_of_a_list_ends_what_is_open_and_keeps_what_traded():
    floor = venue()
    floor.handle(listed(order("A"), order("B", "KO"), order("D")), NOW)
    sell(floor, "AAPL", 130)

    said = floor.handle(CancelList("C", "L"), NOW)

    assert statuses(said) == [(RESPONSE, CANCELLING, "201"), (ALL_DONE, DONE, "244")]
    assert reports(said) == [("B", "4"), ("D", "4")]
    last = [field for field in said[-1].fields if field[0] in (14, 151, 84)]
    assert last == [
        (14, "100"), (151, "0"), (84, "0"),
        (14, "0"), (151, "0"), (84, "100"),
        (14, "30"), (151, "0"), (84, "70"),
    ]  # fmt: skip
    assert statuses(floor.handle(CancelList("C", "L"), NOW)) == [(RESPONSE, DONE, "244")]


def test_a_cancel_before_the_list_begins_lets_nothing_reach_the_book():
    floor = venue()
    floor.handle(listed(order("A"), begins="2"), NOW)

    said = floor.handle(CancelList("C", "L"), NOW)
    late = floor.handle(ExecuteList("C", "L"), NOW)

    assert (statuses(said), reports(said)) == ([(ALL_DONE, DONE, "4")], [])
    assert (statuses(late), reports(late)) == ([(RESPONSE, DONE, "4")], [])


def test_an_order_of_a_list_that_waits_can_be_asked_about_and_taken_back():
    """The others go without it; what is not begun cannot be changed."""
    floor = venue()
    floor.handle(listed(order("A"), order("B", "KO"), begins="2"), NOW)

    (known,) = floor.handle(AskStatus("C", "A", "AAPL", "1"), NOW)
    (kept,) = floor.handle(ReplaceOrder("C", "B.1", "B", "KO", "1", "90", "2", price="148.00"), NOW)
    (ended,) = floor.handle(CancelOrder("C", "A.1", "A", "AAPL", "1"), NOW)
    begun = floor.handle(ExecuteList("C", "L"), NOW)

    assert (known.ord_status, known.exec_type, known.leaves_qty) == ("A", "I", 100)
    assert (kept.ord_status, kept.orig_cl_ord_id) == ("A", "B")
    assert (ended.ord_status, ended.cl_ord_id, ended.orig_cl_ord_id) == ("4", "A.1", "A")
    assert statuses(begun) == [(STARTED, EXECUTING, "4A")]
    assert reports(begun) == [("B", "0")]
    assert floor.handle(AskStatus("C", "B", "KO", "1"), NOW)[0].ord_status == "0"


def test_a_list_that_waits_ends_with_the_last_order_that_is_taken_back():
    floor = venue()
    floor.handle(listed(order("A"), order("B", "KO"), begins="2"), NOW)

    said = floor.handle(CancelOrder("C", "A.1", "A", "AAPL", "1"), NOW)
    said += floor.handle(CancelOrder("C", "B.1", "B", "KO", "1"), NOW)

    assert statuses(said) == [(ALL_DONE, DONE, "44")]
    assert floor.handle(AskStatus("C", "A", "AAPL", "1"), NOW)[0].rej_reason == 5


def test_a_name_that_waits_in_a_list_is_used():
    floor = venue()
    floor.handle(listed(order("A"), begins="2"), NOW)

    said = floor.handle(listed(order("A"))._replace(list_id="L2"), NOW)

    assert statuses(said) == [(ACK, REJECT, "8")]


def test_a_list_knows_how_orders_ended_that_its_venue_has_forgotten():
    floor = venue(closed_orders=0)
    floor.handle(listed(order("A"), order("B", "KO")), NOW)

    sell(floor, "AAPL", 100)

    (status,) = floor.handle(AskListStatus("C", "L"), NOW)
    assert statuses([status]) == [(RESPONSE, EXECUTING, "20")]
    assert dict(reversed(status.fields))[14] == "100"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"bidding": "1"}, "no bidding here"),
        ({"begins": "3"}, "ListExecInstType(433) 3"),
        ({"total": "3"}, "there are 2 orders"),
        ({"total": "1"}, "there are 2 orders"),
        ({"total": "0"}, "TotNoOrders(68) 0"),
        ({"total": "10001"}, "1 to 10000"),
        ({"orders": (("1", order("A")), ("1", order("B")))}, "ListSeqNo(67) comes twice"),
        ({"orders": (("1", order("A")), ("x", order("B")))}, "must be a number"),
        ({"orders": (("1", order("A")), ("2", order("A")))}, "ClOrdID(11) comes twice"),
        ({"orders": (("1", order("A")), ("2", order("OLD")))}, "'OLD' was used before"),
    ],
)
def test_a_list_that_cannot_be_taken_is_refused_whole(change, word):
    floor = venue()
    floor.handle(order("OLD"), NOW)
    request = listed(order("A"), order("B"))._replace(**change)

    said = floor.handle(request, NOW)

    assert statuses(said) == [(ACK, REJECT, "88")]
    assert word in dict(said[0].fields)[444]
    assert reports(said) == []


def test_a_list_id_is_used_once_and_the_list_that_has_it_stands():
    floor = venue()
    floor.handle(listed(order("A")), NOW)

    said = floor.handle(listed(order("B")), NOW)

    assert statuses(said) == [(ACK, REJECT, "8")]
    assert statuses(floor.handle(AskListStatus("C", "L"), NOW)) == [(RESPONSE, EXECUTING, "0")]


@pytest.mark.parametrize(("request_", "kind"), [
    (CancelList("C", "X"), "K"), (ExecuteList("C", "X"), "L"), (AskListStatus("C", "X"), "M"),
    (AskListStatus("D", "L"), "M"),
])  # fmt: skip
def test_a_list_that_is_unknown_to_a_client_is_said_so(request_, kind):
    floor = venue()
    floor.handle(listed(order("A")), NOW)

    (said,) = floor.handle(request_, NOW)

    fields = dict(said.fields)
    assert (said.msg_type, fields[372], fields[380]) == ("j", kind, "1")


def test_a_long_list_is_told_of_in_parts():
    floor = venue()
    orders = [order(f"A{number}") for number in range(250)]

    said = floor.handle(listed(*orders), NOW)

    parts = [dict(one.fields) for one in said if isinstance(one, Note)]
    numbers = [(part[83], part[82], part[73], part[893]) for part in parts]
    assert numbers == [("1", "3", "100", "N"), ("2", "3", "100", "N"), ("3", "3", "50", "Y")]


@given(fills=st.lists(st.integers(1, 60), max_size=6), cancels=st.booleans())
def test_what_a_list_says_of_its_orders_is_what_their_reports_say(fills, cancels):
    floor = venue()
    said = floor.handle(listed(order("A", quantity="70"), order("B", quantity="50")), NOW)
    for shares in fills:
        said += sell(floor, "AAPL", shares)
    if cancels:
        said += floor.handle(CancelList("C", "L"), NOW)
    last = {one.cl_ord_id: one for one in said if isinstance(one, Report)}

    (status,) = floor.handle(AskListStatus("C", "L"), NOW)

    rows = [value for tag, value in status.fields if tag in (11, 14, 39, 151, 6)]
    told = [
        [one.cl_ord_id, str(one.cum_qty), one.ord_status, str(one.leaves_qty), one.avg_px]
        for one in (last["A"], last["B"])
    ]
    assert [rows[:5], rows[5:]] == told
    open_orders = [one for one in last.values() if one.leaves_qty]
    assert (dict(status.fields)[431] == DONE) == (not open_orders)
