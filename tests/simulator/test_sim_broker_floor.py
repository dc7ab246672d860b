"""The broker on exchanges of the same house: every share of a client's order by its strategy."""

import pickle
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.broker.floor import BrokerFloor
from simulator.broker.rules import BrokerRules, Rest
from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.running.house import Ask, House, Operate
from simulator.values.messages import CancelRejected, Note, Report
from simulator.values.requests import (
    AskMarketData,
    AskMassStatus,
    AskStatus,
    CancelOrder,
    NewOrder,
    ReplaceOrder,
)

START = datetime(2022, 11, 30, 15, tzinfo=UTC)  # Ten o'clock in New York.
TWAP, VWAP, POV = "1000", "1", "2"


def instrument(symbol, lot=1):
    return Instrument(
        symbol=symbol,
        security_id="",
        price="100.00",
        ticks=(("0", "0.01"),),
        lots=(("0", lot),),
        average_daily_volume=1_000_000,
    )


class Town:
    """Two exchanges, a broker, a market maker and one client of the broker's."""

    def __init__(self, delay=timedelta(0), **rules):
        listed = {
            "XONE": {"AAPL": instrument("AAPL"), "LOTS": instrument("LOTS", 100)},
            "XTWO": {"AAPL": instrument("AAPL")},
        }
        floors = {
            name: ExchangeFloor(Rules(name=name, order_delay=delay, change_delay=delay), symbols)
            for name, symbols in listed.items()
        }
        defaults = {"slice_interval": timedelta(seconds=10), "works_on": ("XONE", "XTWO")}
        floors["BROK"] = BrokerFloor(BrokerRules(name="BROK", **{**defaults, **rules}), listed)
        self.house, self.now, self.count = House(floors), START, 0
        self.told, self.trades = [], []

    def ask(self, request, venue="BROK"):
        """Only what the venue says to this client."""
        turn = self.house.turn(self.now, [Ask(venue, request)])
        self._keep(turn)
        return [one for name, one in turn.said if name == venue and one.client == request.client]

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)
        turn = self.house.turn(self.now)
        self._keep(turn)
        return [one for name, one in turn.said if name == "BROK"]

    def offer(self, quantity, price="100.00", venue="XONE", side="2", symbol="AAPL"):
        self.count += 1
        self.ask(
            NewOrder("MAKER", f"M{self.count}", symbol, side, str(quantity), "2", price), venue
        )

    def buy(self, quantity, strategy=TWAP, name="A", minutes=1, **more):
        end = self.now + timedelta(minutes=minutes)
        order = NewOrder(
            **{
                "client": "CLIENT",
                "cl_ord_id": name,
                "symbol": "AAPL",
                "side": "1",
                "quantity": str(quantity),
                "ord_type": "1",
                "strategy": strategy,
                "expire_time": f"{end:%Y%m%d-%H:%M:%S}",
                **more,
            }
        )
        return self.ask(order)

    def _keep(self, turn):
        self.told += [one for name, one in turn.said if name == "BROK"]
        self.trades += turn.trades


def fills(messages):
    return [one.last_qty for one in messages if isinstance(one, Report) and one.exec_type == "F"]


def test_twap_trades_an_equal_part_in_every_slice():
    town = Town()
    town.offer(10_000)

    (new,) = town.buy(600)
    traded = [fills(town.wait(10)) for _ in range(6)]

    assert (new.exec_type, new.leaves_qty, dict(new.extra)[847]) == ("0", 600, TWAP)
    assert traded == [[100]] * 6
    last = town.told[-1]
    assert (last.ord_status, last.cum_qty, last.leaves_qty, last.avg_px) == ("2", 600, 0, "100")
    assert dict(last.extra)[30] == "XONE"
    assert town.wait(3600) == []


def test_a_slice_that_found_too_little_is_made_up_for_by_the_next():
    town = Town()
    town.offer(30)
    town.buy(600)

    first = fills(town.wait(10))
    town.offer(10_000)
    second = fills(town.wait(10))

    assert (first, second) == ([30], [170])


def test_vwap_trades_more_where_a_usual_day_does():
    """A curve of two halves, one to three, from ten to eleven o'clock."""
    town = Town(volume_curve=(1, 3), day_begins=time(10), day_ends=time(11))
    town.offer(100_000)

    town.buy(400, VWAP, minutes=60)
    half = sum(fills(town.wait(1800)))
    rest = sum(fills(town.wait(1800)))

    assert (half, rest) == (100, 300)


def test_vwap_outside_the_usual_day_follows_the_clock():
    town = Town(day_begins=time(11), day_ends=time(12))
    town.offer(100_000)

    town.buy(600, VWAP)

    assert sum(fills(town.wait(30))) == 300


def test_pov_follows_what_others_trade_and_not_its_own_shares():
    """A quarter of all volume: one share of ours for every three of others."""
    town = Town()
    town.offer(100_000)
    town.buy(5000, POV, minutes=10, participation="0.25")

    assert fills(town.wait(10)) == []
    town.offer(300, side="1")
    assert fills(town.wait(10)) == [100]
    assert fills(town.wait(30)) == [], "our own hundred shares are no reason for more"
    town.offer(600, side="1")
    assert fills(town.wait(10)) == [200]


def test_what_was_traded_before_the_order_is_nothing_to_follow():
    town = Town()
    town.offer(100_000)
    town.buy(100, POV, "A", participation="0.5")
    town.wait(1)
    town.offer(5000, side="1")

    town.buy(100, POV, "B", participation="0.5")
    told = town.wait(20)

    assert {one.cl_ord_id for one in told if one.exec_type == "F"} == {"A"}


def test_a_slice_goes_where_the_price_is_best_and_on_to_the_next_exchange():
    town = Town()
    town.offer(60, "100.02", "XONE")
    town.offer(80, "100.01", "XTWO")

    town.buy(600)
    told = [one for one in town.wait(10) if one.exec_type == "F"]

    assert [(one.last_qty, one.last_px, dict(one.extra)[30]) for one in told] == [
        (80, "100.01", "XTWO"),
        (20, "100.02", "XONE"),
    ]
    assert told[-1].avg_px == "100.012"


def test_the_clients_limit_holds_for_every_child():
    town = Town()
    town.offer(1000, "100.02")

    town.buy(600, ord_type="2", price="100.01")
    assert fills(town.wait(30)) == []
    town.offer(50, "100.01")

    assert fills(town.wait(10)) == [50]


def test_at_the_end_time_the_rest_is_canceled_or_done_for_the_day_by_profile():
    ends = {}
    for rest in Rest:
        town = Town(rest=rest)
        town.offer(30)
        town.buy(600)
        ends[rest] = town.wait(61)[-1]

    assert (ends[Rest.CANCEL].exec_type, ends[Rest.CANCEL].ord_status) == ("4", "4")
    assert ends[Rest.CANCEL].restatement_reason == 4
    done = ends[Rest.DONE_FOR_DAY]
    assert (done.exec_type, done.ord_status, done.cum_qty, done.leaves_qty) == ("3", "3", 30, 0)


def test_an_order_begins_at_its_effective_time():
    town = Town()
    town.offer(10_000)
    later = f"{START + timedelta(seconds=30):%Y%m%d-%H:%M:%S}"

    town.buy(300, effective_time=later)

    assert fills(town.wait(30)) == []
    assert fills(town.wait(10)) == [100]


def test_a_replace_spreads_what_is_left_over_the_time_that_is_left():
    town = Town()
    town.offer(10_000)
    town.buy(600)
    town.wait(30)
    longer = f"{START + timedelta(seconds=80):%Y%m%d-%H:%M:%S}"

    (replaced,) = town.ask(
        ReplaceOrder("CLIENT", "B", "A", "AAPL", "1", "1300", "1", expire_time=longer)
    )

    assert (replaced.exec_type, replaced.orig_cl_ord_id) == ("5", "A")
    assert (replaced.order_qty, replaced.cum_qty, replaced.leaves_qty) == (1300, 300, 1000)
    assert [fills(town.wait(10)) for _ in range(5)] == [[200]] * 5
    assert (town.told[-1].cl_ord_id, town.told[-1].ord_status) == ("B", "2")


def test_a_replace_to_what_is_done_ends_the_order():
    town = Town()
    town.offer(10_000)
    town.buy(600)
    town.wait(20)

    (replaced,) = town.ask(ReplaceOrder("CLIENT", "B", "A", "AAPL", "1", "100", "1"))

    assert (replaced.ord_status, replaced.order_qty, replaced.cum_qty) == ("2", 200, 200)
    assert town.wait(100) == []


def test_a_cancel_stops_at_once_and_keeps_what_was_done():
    town = Town()
    town.offer(10_000)
    town.buy(600)
    town.wait(20)

    (canceled,) = town.ask(CancelOrder("CLIENT", "B", "A", "AAPL", "1"))

    assert (canceled.exec_type, canceled.cl_ord_id, canceled.orig_cl_ord_id) == ("4", "B", "A")
    assert (canceled.cum_qty, canceled.leaves_qty) == (200, 0)
    assert town.wait(100) == []
    (refused,) = town.ask(CancelOrder("CLIENT", "C", "A", "AAPL", "1"))
    assert (refused.reason, refused.ord_status) == (0, "4")


def test_a_change_waits_for_the_child_that_is_out():
    """The exchange takes a second to answer: a cancel in that second is pending until it has."""
    town = Town(delay=timedelta(seconds=1))
    town.offer(10_000)
    town.wait(2)
    town.buy(600)
    town.wait(10)

    (pending,) = town.ask(CancelOrder("CLIENT", "B", "A", "AAPL", "1"))
    (second,) = town.ask(ReplaceOrder("CLIENT", "C", "A", "AAPL", "1", "700", "1"))
    later = town.wait(5)

    assert (pending.exec_type, pending.ord_status, pending.cl_ord_id) == ("6", "6", "B")
    assert (second.reason, second.ord_status) == (3, "6")
    assert [(one.exec_type, one.cum_qty) for one in later][-1] == ("4", sum(fills(later)))
    assert town.wait(100) == []


def test_a_bust_on_the_exchange_is_one_for_the_client_and_the_shares_are_done_again():
    town = Town()
    town.offer(10_000)
    town.buy(600)
    (filled,) = [one for one in town.wait(10) if one.exec_type == "F"]
    venue, ours = next(pair for pair in town.trades if pair[1].client.startswith("BROK~"))

    turn = town.house.turn(town.now, [Operate(venue, "bust", {"exec_id": ours.exec_id})])
    told = [one for name, one in turn.said if name == "BROK"]
    town._keep(turn)
    town.wait(50)

    bust = told[0]
    assert (bust.exec_type, bust.exec_ref_id, bust.cum_qty) == ("H", filled.exec_id, 0)
    assert town.told[-1].cum_qty == 600


@pytest.mark.parametrize(
    ("changes", "reason", "why"),
    [
        ({"strategy": ""}, 99, "must name a strategy: 1 (VWAP), 2 (POV), 1000 (TWAP)"),
        ({"strategy": "9"}, 99, "TargetStrategy (847) 9 is unknown; use 1 (VWAP)"),
        ({"strategy": "2"}, 99, "ParticipationRate (849) must be a part of the volume"),
        ({"strategy": "2", "participation": "1.5"}, 99, "above 0 and below 1"),
        ({"strategy_parameters": (("EndTim", "x"),)}, 99, "did you mean EndTime?"),
        ({"expire_time": "noon"}, 99, "ExpireTime (126) must be a time in UTC"),
        ({"expire_time": "20221130-14:00:00"}, 99, "is not after the start"),
        ({"effective_time": "2022-11-30"}, 99, "EffectiveTime (168) must be a time in UTC"),
        ({"symbol": "MSFT"}, 1, "MSFT does not trade on XONE, XTWO"),
        ({"side": "9"}, 11, "Side (54) 9"),
        ({"ord_type": "3"}, 11, "OrdType (40) must be 1 (Market) or 2 (Limit)"),
        ({"time_in_force": "3"}, 11, "TimeInForce (59) must be 0 (Day)"),
        ({"quantity": "0"}, 13, "must be whole shares in lots of 1"),
        ({"quantity": "150", "symbol": "LOTS"}, 13, "in lots of 100"),
        ({"quantity": "10000001"}, 3, "is above 10000000"),
        ({"ord_type": "2", "price": "100.005"}, 99, "must be a multiple of 0.01"),
        ({"cl_ord_id": "a b"}, 99, "ClOrdID (11) must be 1 to 64 printable characters"),
    ],
)
def test_an_order_that_cannot_be_worked_is_refused_with_the_remedy(changes, reason, why):
    (report,) = Town().buy(**{"quantity": 600, **changes})

    assert (report.exec_type, report.ord_status, report.rej_reason) == ("8", "8", reason)
    assert report.order_qty == int(changes.get("quantity", 600))
    assert why in report.text


def test_strategies_may_be_named_and_given_parameters_by_name():
    town = Town()
    town.offer(10_000)
    end = f"{START + timedelta(seconds=20):%Y%m%d-%H:%M:%S}"

    town.buy(600, "", strategy_parameters=(("Strategy", "twap"), ("EndTime", end)))

    assert [fills(town.wait(10)) for _ in range(2)] == [[300], [300]]


def test_slices_are_in_whole_lots_and_the_odd_rest_waits_for_the_end():
    town = Town()
    town.offer(10_000, symbol="LOTS")

    town.buy(300, symbol="LOTS")

    assert [fills(town.wait(10)) for _ in range(6)] == [[], [100], [], [100], [], [100]]


def test_a_broker_sees_more_symbols_than_an_exchange_lets_one_client_watch():
    symbols = {f"S{number}": instrument(f"S{number}") for number in range(1100)}
    town = Town()
    lit = ExchangeFloor(Rules(name="XONE"), symbols)
    rules = BrokerRules(name="BROK", works_on=("XONE",), slice_interval=timedelta(seconds=10))
    town.house = House({"XONE": lit, "BROK": BrokerFloor(rules, {"XONE": symbols})})
    for name in symbols:
        town.buy(6, symbol=name, name=name)

    town.offer(100, symbol="S1099")

    assert fills(town.wait(60)) == [1] * 6


def test_duplicates_and_status_requests():
    town = Town()
    town.buy(600)

    (duplicate,) = town.buy(50)
    (resend,) = town.buy(600, poss_resend=True)
    (status,) = town.ask(AskStatus("CLIENT", "A", "AAPL", "1"))
    (unknown,) = town.ask(AskStatus("CLIENT", "Q", "AAPL", "1"))
    (everything,) = town.ask(AskMassStatus("CLIENT", "S", "7"))
    (note,) = town.ask(AskMarketData("CLIENT", "D", "1", "0"))
    (stray,) = town.ask(CancelOrder("CLIENT", "C", "Q", "AAPL", "1"))

    assert (duplicate.exec_type, duplicate.ord_status, duplicate.order_qty) == ("8", "0", 600)
    assert (resend.exec_type, status.exec_type, status.exec_id) == ("I", "I", "0")
    assert (unknown.ord_status, unknown.rej_reason) == ("8", 5)
    assert dict(everything.extra)[912] == "Y"
    assert isinstance(note, Note)
    assert (stray.reason, stray.order_id) == (1, "NONE")
    assert isinstance(stray, CancelRejected)


def test_an_operator_ends_an_order_or_all():
    town = Town()
    town.buy(600)
    town.buy(600, name="B")

    one = town.house.turn(town.now, [Operate("BROK", "cancel", {"order_id": "BROK-000001"})])
    everything = town.house.turn(town.now, [Operate("BROK", "end-of-day", {})])

    assert [(m.cl_ord_id, m.exec_type) for _, m in one.said] == [("A", "4")]
    assert [(m.cl_ord_id, m.exec_type) for _, m in everything.said] == [("B", "4")]
    shown = town.house.floors["BROK"].view(("orders",))["orders"]
    assert [order["status"] for order in shown] == ["canceled", "canceled"]


def test_closed_orders_beyond_a_number_are_forgotten():
    town = Town(kept_orders=3)
    town.offer(1_000_000)
    for number in range(10):
        town.buy(60, name=f"N{number}")
        town.wait(61)

    shown = town.house.floors["BROK"].view(("orders",))["orders"]

    assert [order["cl_ord_id"] for order in shown] == ["N7", "N8", "N9"]


def test_an_order_is_worked_on_after_the_house_was_pickled():
    town = Town()
    town.offer(10_000)
    town.buy(600)
    town.wait(30)

    restored = pickle.loads(pickle.dumps(town.house))

    at = town.now + timedelta(seconds=60)
    assert restored.turn(at).said == town.house.turn(at).said


def test_a_floor_that_follows_another_uses_no_id_again():
    first, second = Town(), Town()
    first.buy(600)
    standing = first.house.floors["BROK"].standing()
    second.house.floors["BROK"].follow(standing)

    (new,) = second.buy(600)

    assert standing == {"open_orders": 1, "orders": 1, "executions": 1}
    assert (new.order_id, new.exec_id) == ("BROK-000002", "BROK-20221130-000002")


@settings(max_examples=60, deadline=None)
@given(
    strategy=st.sampled_from([TWAP, VWAP, POV]),
    quantity=st.integers(1, 5000),
    buys=st.booleans(),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["offer", "bid", "cancel", "replace", "wait"]),
            st.integers(1, 3000),
            st.sampled_from(["99.99", "100.00", "100.01"]),
        ),
        max_size=15,
    ),
)
def test_whatever_happens_shares_add_up_and_the_order_ends(strategy, quantity, buys, steps):
    """The client's executions are the children's, never too many, and at the end it is closed."""
    town = Town()
    side = "1" if buys else "2"
    town.buy(quantity, strategy, side=side, participation="0.2", minutes=5)
    name = "A"
    for number, (step, shares, price) in enumerate(steps):
        if step in {"offer", "bid"}:
            venue = "XONE" if shares % 2 else "XTWO"
            town.offer(shares, price, venue, side="2" if step == "offer" else "1")
        elif step == "cancel":
            town.ask(CancelOrder("CLIENT", f"C{number}", name, "AAPL", side))
        elif step == "replace":
            request = ReplaceOrder("CLIENT", f"R{number}", name, "AAPL", side, str(shares), "1")
            if isinstance(town.ask(request)[0], Report):
                name = f"R{number}"
        else:
            town.wait(shares / 100)
    town.wait(600)

    reports = [one for one in town.told if isinstance(one, Report)]
    last = reports[-1]
    children = [one for _, one in town.trades if one.client.startswith("BROK~")]
    assert last.ord_status in {"2", "4"}
    assert last.leaves_qty == 0
    assert last.cum_qty == sum(fills(reports)) == sum(one.last_qty for one in children)
    assert all(one.cum_qty <= one.order_qty for one in reports)
    gross = sum(Decimal(one.last_px) * one.last_qty for one in children)
    if last.cum_qty:
        assert abs(Decimal(last.avg_px) - gross / last.cum_qty) < Decimal("0.00000001")
