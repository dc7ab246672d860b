"""A broker takes lists: each order is worked by its strategy, begun and ended with the others."""

import pickle
from datetime import timedelta

import pytest

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
)
from tests.simulator.test_sim_broker_floor import START, TWAP, Town, fills
from tests.simulator.test_sim_exchange_lists import (
    ACK,
    ALL_DONE,
    CANCELLING,
    DONE,
    EXECUTING,
    RECEIVED,
    REJECT,
    RESPONSE,
    STARTED,
    reports,
    statuses,
)

CLIENT = "CLIENT"


def order(name, symbol="AAPL", quantity="600", strategy=TWAP, **more):
    end = f"{START + timedelta(minutes=1):%Y%m%d-%H:%M:%S}"
    told = {"strategy": strategy, "expire_time": end, "list_id": "L", **more}
    return NewOrder(CLIENT, name, symbol, "1", quantity, "1", **told)


def listed(*orders, **more):
    numbered = tuple((str(number), one) for number, one in enumerate(orders, start=1))
    return NewList(CLIENT, "L", "3", str(len(orders)), orders=numbered, **more)


def test_the_orders_of_a_list_are_worked_and_the_list_is_done_with_the_last():
    town = Town()
    town.offer(10_000)
    town.offer(10_000, symbol="LOTS")

    said = town.ask(listed(order("A"), order("B", "LOTS")))
    town.wait(60)

    assert statuses(said) == [(ACK, RECEIVED, "AA")]
    assert reports(said) == [("A", "0"), ("B", "0")]
    assert all(dict(one.extra)[66] == "L" for one in said if isinstance(one, Report))
    assert (sum(fills(town.told)), statuses(town.told)[1:]) == (1200, [(ALL_DONE, DONE, "22")])
    assert isinstance(town.told[-1], Note), "behind the reports"
    assert statuses(town.ask(AskListStatus(CLIENT, "L"))) == [(RESPONSE, DONE, "22")]


def test_an_order_that_names_no_strategy_is_refused_alone():
    town = Town()

    said = town.ask(listed(order("A"), order("B", strategy="")))

    assert reports(said) == [("A", "0"), ("B", "8")]
    status = town.ask(AskListStatus(CLIENT, "L"))
    assert statuses(status) == [(RESPONSE, EXECUTING, "08")]
    assert dict(reversed(status[0].fields))[58] != ""


def test_a_list_waits_until_it_is_told_and_an_order_of_it_may_leave_before():
    town = Town()
    town.offer(10_000)
    taken = town.ask(listed(order("A"), order("B"), begins="2"))

    town.wait(20)
    (known,) = town.ask(AskStatus(CLIENT, "A", "AAPL", "1"))
    (ended,) = town.ask(CancelOrder(CLIENT, "B.1", "B", "AAPL", "1"))
    begun = town.ask(ExecuteList(CLIENT, "L"))
    town.wait(40)

    assert (statuses(taken), reports(taken)) == ([(ACK, RECEIVED, "AA")], [])
    assert (known.ord_status, ended.ord_status) == ("A", "4")
    assert (statuses(begun), reports(begun)) == ([(STARTED, EXECUTING, "A4")], [("A", "0")])
    assert statuses(town.told[-1:]) == [(ALL_DONE, DONE, "24")]


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=2)])
def test_a_cancel_of_a_list_ends_what_is_open_when_its_children_are_back(delay):
    """What is out at an exchange may still trade, and counts."""
    town = Town(delay=delay)
    town.offer(10_000)
    town.wait(5)
    town.ask(listed(order("A"), order("B")))
    town.wait(10)
    done = sum(fills(town.told))

    said = town.ask(CancelList(CLIENT, "L"))
    town.wait(30)

    assert statuses(said)[0] == (RESPONSE, CANCELLING, "11" if done else "00")
    last = {one.cl_ord_id: one for one in town.told if isinstance(one, Report)}
    assert [last[name].ord_status for name in ("A", "B")] == ["4", "4"]
    assert [last[name].text for name in ("A", "B")] == ["cancel of list L"] * 2
    assert last["A"].cum_qty + last["B"].cum_qty == sum(fills(town.told))
    assert statuses(town.told)[-1] == (ALL_DONE, DONE, "44")
    town.wait(120)
    assert last["A"].cum_qty + last["B"].cum_qty == sum(fills(town.told))


def test_a_list_that_is_not_whole_ends_with_the_session_and_one_that_is_goes_on():
    town = Town()
    town.offer(10_000)
    town.ask(listed(order("A"), order("B"))._replace(total="3", last_fragment="N"))

    said = town.ask(Disconnected(CLIENT))

    assert statuses(said) == [(ACK, REJECT, "88")]
    town.ask(listed(order("D"))._replace(list_id="M"))
    assert town.ask(Disconnected(CLIENT)) == []
    town.wait(60)
    assert sum(fills(town.told)) == 600


def test_a_name_that_was_used_before_refuses_the_whole_list():
    town = Town()
    town.buy(100, name="A")

    said = town.ask(listed(order("A"), order("B")))

    assert statuses(said) == [(ACK, REJECT, "88")]


def test_a_broker_with_a_list_that_waits_is_the_same_after_a_pickle():
    town = Town()
    town.offer(10_000)
    town.ask(listed(order("A"), begins="2"))

    town.house = pickle.loads(pickle.dumps(town.house))
    begun = town.ask(ExecuteList(CLIENT, "L"))
    town.wait(60)

    assert reports(begun) == [("A", "0")]
    assert sum(fills(town.told)) == 600
