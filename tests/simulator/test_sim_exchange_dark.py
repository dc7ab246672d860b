"""The dark pool trades at the middle of a lit exchange's prices, and shows nothing."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from simulator.exchange.dark import DarkFloor
from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.values.requests import AskMarketData, CancelOrder, NewOrder, ReplaceOrder
from simulator.values.words import ExecType, OrdRejReason

NOW = datetime(2022, 11, 30, 20, 44, 50, tzinfo=UTC)
LOOK = timedelta(milliseconds=100)


def stock():
    return Instrument(
        symbol="AAPL",
        security_id="US0378331005",
        price="148.03",
        ticks=(("0", "0.01"),),
        lots=(("0", 1),),
        average_daily_volume=400_000,
    )


class Two:
    """A lit exchange at 148.02 to 148.05 and the pool beside it."""

    def __init__(self):
        self.lit = ExchangeFloor(Rules(name="XSIM"), {"AAPL": stock()})
        self.pool = DarkFloor(Rules(name="XDRK"), {"AAPL": stock()}, self.lit.best)
        self.count = 0
        self.quote("buy", "148.02")
        self.quote("sell", "148.05")

    def quote(self, side, price, quantity=1000):
        arguments = {"symbol": "AAPL", "side": side, "quantity": quantity, "price": price}
        self.lit.operate("inject", arguments, NOW)

    def order(self, side, quantity, price="", client="C", now=NOW, **more):
        self.count += 1
        ord_type = "2" if price else "1"
        name = f"D{self.count}"
        request = NewOrder(client, name, "AAPL", side, str(quantity), ord_type, price, **more)
        return self.pool.handle(request, now)


def trades(messages):
    return [
        (one.client, one.last_qty, one.last_px)
        for one in messages
        if one.exec_type is ExecType.TRADE
    ]


def test_orders_trade_at_the_middle_even_between_ticks():
    two = Two()
    two.order("1", 100, "148.10", client="A")

    messages = two.order("2", 60, client="B")

    assert trades(messages) == [("B", 60, "148.035"), ("A", 60, "148.035")]


def test_a_limit_short_of_the_middle_waits_until_the_middle_comes_to_it():
    two = Two()
    two.order("1", 100, "148.03", client="A")
    assert trades(two.order("2", 100, client="B")) == []

    two.lit.operate(
        "inject", {"symbol": "AAPL", "side": "sell", "quantity": 10, "price": "148.03"}, NOW
    )

    assert trades(two.pool.wake(NOW + LOOK)) == [("B", 100, "148.025"), ("A", 100, "148.025")]


def test_nothing_trades_while_the_lit_market_has_no_two_sides():
    two = Two()
    two.lit.operate("halt", {"symbol": "AAPL"}, NOW)
    two.order("1", 100, client="A")
    assert trades(two.order("2", 100, client="B")) == []
    assert trades(two.order("2", 100, client="B", time_in_force="3")) == []

    two.lit.operate("resume", {"symbol": "AAPL"}, NOW)

    assert trades(two.pool.wake(NOW + LOOK)) == [("B", 100, "148.035"), ("A", 100, "148.035")]


def test_a_minimum_quantity_is_met_or_nothing_trades():
    two = Two()
    two.order("1", 100, "148.10", client="A", min_quantity="50")

    assert trades(two.order("2", 49, client="B", time_in_force="3")) == []
    assert trades(two.order("2", 50, client="B", time_in_force="3")) == [
        ("B", 50, "148.035"),
        ("A", 50, "148.035"),
    ]


def test_orders_change_and_leave():
    two = Two()
    two.order("1", 100, "148.00", client="A")
    two.order("2", 100, client="B")

    request = ReplaceOrder("A", "R", "D1", "AAPL", "1", "80", "2", "148.10")
    messages = two.pool.handle(request, NOW)

    assert trades(messages) == [("A", 80, "148.035"), ("B", 80, "148.035")]
    (canceled,) = two.pool.handle(CancelOrder("B", "X", "D2", "AAPL", "2"), NOW)
    assert (canceled.cum_qty, canceled.leaves_qty) == (80, 0)


def test_nobody_sees_anything():
    two = Two()
    two.order("1", 100, "148.01")

    (refused,) = two.pool.handle(AskMarketData("C", "M", "0", "0", "", ("0",), ("AAPL",)), NOW)

    assert refused.msg_type == "Y"
    assert two.pool.best("AAPL") is None
    assert two.pool.view(("books", "AAPL"))["bids"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"ord_type": "3", "stop_price": "149"},
        {"ord_type": "P", "exec_inst": "R"},
        {"ord_type": "2", "price": "148", "max_floor": "10"},
        {"ord_type": "2", "price": "148", "time_in_force": "7"},
    ],
)
def test_what_cannot_stand_at_the_middle_is_refused(more):
    two = Two()

    (report,) = two.pool.handle(NewOrder("C", "X", "AAPL", "1", "100", **more), NOW)

    assert report.rej_reason is OrdRejReason.UNSUPPORTED


def test_lit_and_dark_come_back_together_from_a_checkpoint():
    two = Two()
    two.order("1", 100, "148.10", client="A")

    lit, pool = pickle.loads(pickle.dumps((two.lit, two.pool)))
    lit.operate("inject", {"symbol": "AAPL", "side": "buy", "quantity": 5, "price": "148.03"}, NOW)
    messages = pool.handle(NewOrder("B", "S", "AAPL", "2", "60", "1"), NOW)

    assert trades(messages) == [("B", 60, "148.04"), ("A", 60, "148.04")]


def test_the_pool_rests_when_nobody_waits():
    two = Two()
    two.order("1", 100, time_in_force="3")

    two.pool.wake(NOW + LOOK)

    assert two.pool.next_due() is None
