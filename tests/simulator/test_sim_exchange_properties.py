"""What holds on any day of an exchange, whatever its clients send and its operators do."""

import pickle
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Chain, DayEnd, Rules, SelfMatch
from simulator.values.floor import Refused
from simulator.values.messages import Report
from simulator.values.requests import (
    AskMarketData,
    AskStatus,
    CancelOrder,
    Disconnected,
    MassCancel,
    NewOrder,
    ReplaceOrder,
)
from simulator.values.words import ExecType

BEGIN = datetime(2022, 11, 29, 19, 59, 30, tzinfo=UTC)  # 14:59:30 in New York.
CONTINUOUS = Rules(name="XSIM")
WHOLE = Rules(
    name="XSIM",
    call_time=time(14, 59),
    open_time=time(15),
    closing_call_time=time(15, 1),
    close_time=time(15, 2),
    acknowledge_changes=True,
    change_delay=timedelta(seconds=5),
    chained_changes=Chain.PENDING,
    order_delay=timedelta(seconds=1),
    day_end=DayEnd.DONE_FOR_DAY,
    halt_auction=True,
    band_percent=Decimal("0.03"),
    limit_state=timedelta(seconds=3),
    band_halt=timedelta(seconds=7),
    band_window=timedelta(seconds=10),
    self_match=SelfMatch.CLIENT,
    reopen_filled=True,
    cancel_on_disconnect=frozenset({"OTHER"}),
    allocation_reports=True,
)


def builds(request, /, **fields):
    """Like `st.builds`, which would make up the fields that have defaults too."""
    return st.fixed_dictionaries(fields).map(lambda values: request(**values))


ids = st.sampled_from("ABCDEFGH")
words = {
    "client": st.sampled_from(["TRIMTAB", "OTHER"]),
    "cl_ord_id": ids,
    "symbol": st.just("AAPL"),
    "side": st.sampled_from("12"),
}
quantities = st.integers(-2, 90).map(str)
prices = st.integers(14800, 14806).map(lambda ticks: f"{ticks // 100}.{ticks % 100:02d}")
limits = builds(
    NewOrder,
    **words,
    quantity=quantities,
    ord_type=st.just("2"),
    price=prices,
    time_in_force=st.sampled_from("000012347"),
    max_floor=st.sampled_from(["", "", "", "10"]),
    min_quantity=st.sampled_from(["", "", "", "", "20"]),
    exec_inst=st.sampled_from(["", "", "", "", "G", "Z"]),
    poss_resend=st.booleans(),
)
blocks = builds(
    NewOrder,
    **words,
    quantity=st.just("30"),
    ord_type=st.just("2"),
    price=prices,
    allocations=st.just((("A1", "10"), ("A2", "20"))),
)
markets = builds(
    NewOrder,
    **words,
    quantity=quantities,
    ord_type=st.sampled_from("15"),
    time_in_force=st.sampled_from("03"),
)
stops = builds(NewOrder, **words, quantity=quantities, ord_type=st.just("3"), stop_price=prices)
pegs = builds(
    NewOrder,
    **words,
    quantity=quantities,
    ord_type=st.just("P"),
    exec_inst=st.sampled_from("MR"),
)
cancels = builds(CancelOrder, **words, orig_cl_ord_id=ids)
amends = builds(
    ReplaceOrder,
    **words,
    orig_cl_ord_id=ids,
    quantity=quantities,
    ord_type=st.just("2"),
    price=prices,
)
others = st.one_of(
    builds(AskStatus, **words),
    builds(MassCancel, client=words["client"], cl_ord_id=ids, kind=st.just("7")),
    builds(Disconnected, client=words["client"]),
    st.builds(
        AskMarketData,
        words["client"],
        ids,
        st.sampled_from("012"),
        st.sampled_from("01"),
        st.sampled_from("01"),
        st.just(("0", "1", "2", "4", "A", "B")),
        st.just(("AAPL",)),
    ),
)
operations = st.one_of(
    st.sampled_from([("halt", {"symbol": "AAPL"}), ("resume", {"symbol": "AAPL"}), ("open", {})]),
    st.tuples(
        st.just("bust"),
        st.integers(1, 40).map(lambda count: {"exec_id": f"XSIM-20221129-{count:06d}"}),
    ),
    st.tuples(
        st.just("correct"),
        st.integers(1, 40).map(
            lambda count: {"exec_id": f"XSIM-20221129-{count:06d}", "quantity": 5}
        ),
    ),
    st.tuples(
        st.sampled_from(["cancel", "refuse"]),
        st.integers(1, 9).map(lambda count: {"order_id": f"XSIM-{count:06d}"}),
    ),
    st.tuples(
        st.just("restate"),
        st.integers(1, 9).map(lambda count: {"order_id": f"XSIM-{count:06d}", "quantity": 25}),
    ),
    st.builds(
        lambda side, quantity, price: (
            "inject",
            {"symbol": "AAPL", "side": side, "quantity": quantity, "price": price},
        ),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 90),
        prices,
    ),
)
asked = st.one_of(
    limits, limits, limits, limits, blocks, markets, stops, pegs, cancels, amends, amends, others
)
acts = st.one_of(asked, asked, asked, asked, operations)


def consistent(day):
    """Most orders get a new ClOrdID, most changes name an order that was there, and its side."""
    orders = []
    for place, (act, pause) in enumerate(day):
        name = f"N{place}"
        if isinstance(act, NewOrder) and act.cl_ord_id != "A":
            orders.append(act._replace(cl_ord_id=name))
            yield orders[-1], pause
        elif isinstance(act, CancelOrder | ReplaceOrder) and orders and act.orig_cl_ord_id != "A":
            which = ord(act.orig_cl_ord_id) % len(orders)
            client, orig, side = (orders[which][field] for field in (0, 1, 3))
            orders[which] = orders[which]._replace(cl_ord_id=name)
            changed = {"client": client, "side": side, "orig_cl_ord_id": orig, "cl_ord_id": name}
            yield act._replace(**changed), pause
        else:
            yield act, pause


acts_and_pauses = st.tuples(acts, st.integers(0, 12_000))  # Milliseconds after it.
days = st.lists(acts_and_pauses, min_size=3, max_size=40).map(lambda day: list(consistent(day)))
rules = st.sampled_from([CONTINUOUS, WHOLE])


def stocks():
    return {
        "AAPL": Instrument(
            symbol="AAPL",
            security_id="US0378331005",
            price="148.03",
            ticks=(("0", "0.01"),),
            lots=(("0", 1),),
            average_daily_volume=400_000,
        )
    }


def do(floor, act, now):
    """One act: its messages, and what an operator was told."""
    if type(act) is tuple:
        try:
            return floor.operate(*act, now)[1]
        except Refused:
            return []
    return floor.handle(act, now)


def live(day, kind, *, step=None, break_at=None):
    """A floor after a day, and everything it said; woken every `step` in between."""
    floor, now, said = ExchangeFloor(kind, stocks()), BEGIN, []
    for place, (act, pause) in enumerate(day):
        said += do(floor, act, now)
        after = now + timedelta(milliseconds=pause)
        while step is not None and now + step < after:
            now += step
            said += floor.wake(now)
        now = after
        if place == break_at:
            floor = pickle.loads(pickle.dumps(floor))
    said += floor.wake(BEGIN + timedelta(days=1, hours=1))
    return floor, said


@given(days, rules)
def test_the_same_day_gives_the_same_messages(day, kind):
    assert live(day, kind)[1] == live(day, kind)[1]


@given(days, rules, st.integers(1, 3000))
def test_how_often_the_venue_is_woken_changes_nothing(day, kind, milliseconds):
    step = timedelta(milliseconds=milliseconds)

    assert live(day, kind, step=step)[1] == live(day, kind)[1]


@given(days, rules, st.integers(0, 30))
def test_a_venue_that_comes_back_from_a_checkpoint_goes_on_as_if_nothing_was(day, kind, place):
    assert live(day, kind, break_at=place)[1] == live(day, kind)[1]


def assert_adds_up(said):
    """CumQty is the sum of the executions that stand, AvgPx their mean, ExecIDs are unique."""
    standing, exec_ids = defaultdict(dict), []
    for report in said:
        if not isinstance(report, Report) or report.exec_type is ExecType.ORDER_STATUS:
            continue
        exec_ids.append(report.exec_id)
        fills = standing[report.order_id]
        if report.exec_ref_id:
            del fills[report.exec_ref_id]
        if report.exec_type in (ExecType.TRADE, ExecType.TRADE_CORRECT):
            fills[report.exec_id] = (report.last_qty, Decimal(report.last_px))
        done = sum(quantity for quantity, _ in fills.values())
        paid = sum((quantity * price for quantity, price in fills.values()), Decimal(0))
        if report.exec_type is ExecType.REJECTED:
            continue
        assert report.cum_qty == done
        assert abs(Decimal(report.avg_px) * done - paid) < Decimal("0.0001")
        assert report.leaves_qty in (0, report.order_qty - report.cum_qty)
        assert 0 <= report.cum_qty <= report.order_qty
    assert len(exec_ids) == len(set(exec_ids))


@given(days, rules)
def test_every_report_adds_up(day, kind):
    _, said = live(day, kind)

    assert_adds_up(said)


@given(days, rules)
def test_the_book_holds_exactly_what_the_orders_leave(day, kind):
    """At every moment but while an order waits for its acceptance."""
    floor, now = ExchangeFloor(replace(kind, order_delay=timedelta(0)), stocks()), BEGIN
    for act, pause in day:
        do(floor, act, now)
        now += timedelta(milliseconds=pause)
        floor.wake(now)
        listing = floor._desk.listings["AAPL"]
        for order in floor._desk.register:
            assert listing.book.waiting(order.number) == order.leaves
        still_open = {order.number for order in floor._desk.register if order.is_open}
        assert {order.number for order in floor._desk.register.open()} == still_open


@given(days, rules)
def test_no_day_order_is_open_the_next_morning(day, kind):
    floor, _ = live(day, replace(kind, close_time=time(15, 2)))

    for order in floor.view(("orders",))["orders"]:
        assert order["leaves_qty"] == 0 or order["time_in_force"] == "gtc"


@given(days)
def test_both_sides_of_every_trade_between_clients_are_equal(day):
    _, said = live(day, CONTINUOUS)
    bought = sold = 0
    strangers = any(type(act) is tuple for act, _ in day)

    for report in said:
        if isinstance(report, Report) and report.exec_type is ExecType.TRADE:
            bought += report.last_qty * (report.side == "1")
            sold += report.last_qty * (report.side == "2")

    assert strangers or bought == sold


def long_day(seed, length=250):
    """A day of many acts, which the lists of hypothesis seldom are; mostly orders and changes."""
    draw = Random(seed)

    def order():
        kind = draw.choices(["2", "1", "3", "4", "P"], [80, 6, 5, 4, 5])[0]
        price = f"148.{draw.randint(0, 6):02d}"
        return NewOrder(
            client=draw.choice(["TRIMTAB", "OTHER", "THIRD"]),
            cl_ord_id="B",
            symbol="AAPL",
            side=draw.choice("12"),
            quantity=str(draw.randint(1, 90)),
            ord_type=kind,
            price=price if kind in "24" else "",
            stop_price=f"148.{draw.randint(0, 6):02d}" if kind in "34" else "",
            exec_inst=draw.choice("MR") if kind == "P" else draw.choice(["", "", "", "G", "Z"]),
            time_in_force=draw.choices("012347", [70, 10, 5, 7, 3, 5])[0] if kind in "12" else "0",
            max_floor=draw.choice(["", "", "", "5"]) if kind == "2" else "",
        )

    def change():
        orig = chr(draw.randint(66, 0x2FF))
        if draw.random() < 0.5:
            return CancelOrder("TRIMTAB", "B", orig, "AAPL", "1")
        price = f"148.{draw.randint(0, 6):02d}"
        return ReplaceOrder("TRIMTAB", "B", orig, "AAPL", "1", str(draw.randint(1, 90)), "2", price)

    def operation():
        exec_id = {"exec_id": f"XSIM-20221129-{draw.randint(1, 3 * length):06d}"}
        order_id = {"order_id": f"XSIM-{draw.randint(1, length):06d}"}
        return draw.choice(
            [
                ("halt", {"symbol": "AAPL"}),
                ("resume", {"symbol": "AAPL"}),
                ("resume", {"symbol": "AAPL"}),
                ("bust", exec_id),
                ("bust", exec_id),
                ("correct", {**exec_id, "quantity": 5}),
                ("correct", {**exec_id, "price": "148.01"}),
                ("cancel", order_id),
                ("refuse", order_id),
                ("restate", {**order_id, "quantity": draw.randint(1, 90)}),
                ("execute", {**order_id, "quantity": 1, "price": "148.00"}),
                ("stop", {**order_id, "quantity": 1, "price": "148.00"}),
            ]
        )

    watch = AskMarketData("OTHER", "M", "1", "0", "1", ("0", "1", "2", "4", "A", "B"), ("AAPL",))
    makers = draw.choices([order, change, operation], [60, 25, 15], k=length)
    day = [(watch, 0), *((make(), draw.randint(0, 800)) for make in makers)]
    return list(consistent(day))


@pytest.mark.parametrize("kind", [CONTINUOUS, WHOLE], ids=["continuous", "whole"])
@pytest.mark.parametrize("seed", range(8))
def test_a_long_day_adds_up_and_can_be_lived_again(seed, kind):
    day = long_day(seed)

    floor, said = live(day, kind)

    assert_adds_up(said)
    assert live(day, kind, step=timedelta(milliseconds=97 + seed), break_at=60 + seed)[1] == said
    register = floor._desk.register
    assert set(register.open()) == {order for order in register if order.is_open}
    kinds = {one.exec_type for one in said if isinstance(one, Report)}
    assert {ExecType.NEW, ExecType.TRADE, ExecType.CANCELED, ExecType.REPLACED} < kinds
