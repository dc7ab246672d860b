"""A whole venue without a wire: what is refused, what holds on any day, what a restart keeps."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.desk import VenueRules
from simulator.endofday import end_of_day_text
from simulator.instruments import Instrument
from simulator.journal import Journal, JournalError
from simulator.plain_exchange import Exchange
from simulator.reports import CancelRejected, Report
from simulator.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder
from simulator.words import CxlRejReason, ExecType, OrdRejReason, OrdStatus, Side

NOW = datetime(2022, 11, 30, 20, 44, 50, tzinfo=UTC)
STOCKS = {
    symbol: Instrument(
        symbol=symbol,
        security_id=f"ID-{symbol}",
        reference=reference,
        tick=Decimal(tick),
        lot_size=lot_size,
        average_daily_volume=400_000,
    )
    for symbol, reference, tick, lot_size in (
        ("AAPL", 14803, "0.01", 1),
        ("LOTS", 400, "0.05", 100),
    )
}
RULES = VenueRules(name="XSIM", seed=7, fee_per_share=Decimal("0.0035"), levels=3)
ORDER = NewOrder(
    client="TRIMTAB",
    cl_ord_id="X",
    symbol="AAPL",
    side="1",
    quantity="100",
    ord_type="2",
    price="148.00",
    account="ACC1",
    link_id="run-1",
    secondary_id="S1",
)


def venue(**changes):
    return Exchange(replace(RULES, **changes), STOCKS)


def said(outcome):
    """(ExecType, OrdStatus) of each report."""
    return [(one.exec_type.name, one.ord_status.name) for one in outcome.messages]


def cancel(orig, cl_ord_id="Y", **changes):
    request = CancelOrder(
        client="TRIMTAB", cl_ord_id=cl_ord_id, orig_cl_ord_id=orig, symbol="AAPL", side="1"
    )
    return replace(request, **changes)


def amend(orig, cl_ord_id="Y", **changes):
    request = ReplaceOrder(
        client="TRIMTAB",
        cl_ord_id=cl_ord_id,
        orig_cl_ord_id=orig,
        symbol="AAPL",
        side="1",
        quantity="100",
        ord_type="2",
        price="148.00",
    )
    return replace(request, **changes)


@pytest.mark.parametrize(
    ("change", "reason", "word"),
    [
        ({"symbol": "NOPE"}, OrdRejReason.UNKNOWN_SYMBOL, "'NOPE' does not trade on XSIM"),
        ({"quantity": "0"}, OrdRejReason.INCORRECT_QUANTITY, "above zero"),
        ({"quantity": "-5"}, OrdRejReason.INCORRECT_QUANTITY, "'-5'"),
        ({"quantity": "-0"}, OrdRejReason.INCORRECT_QUANTITY, "'-0'"),
        ({"quantity": "1.5"}, OrdRejReason.INCORRECT_QUANTITY, "'1.5'"),
        ({"quantity": ""}, OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38)"),
        ({"quantity": "123456789012"}, OrdRejReason.INCORRECT_QUANTITY, "123456789012"),
        ({"quantity": "10000001"}, OrdRejReason.EXCEEDS_LIMIT, "limit of 10000000"),
        (
            {"symbol": "LOTS", "price": "20.00", "quantity": "150"},
            OrdRejReason.INCORRECT_QUANTITY,
            "lot of 100",
        ),
        ({"symbol": "LOTS", "price": "20.01"}, OrdRejReason.OTHER, "tick 0.05"),
        ({"price": "148.001"}, OrdRejReason.OTHER, "tick 0.01"),
        ({"price": "-1"}, OrdRejReason.OTHER, "above zero"),
        ({"price": "0"}, OrdRejReason.OTHER, "above zero"),
        ({"price": ""}, OrdRejReason.OTHER, "Price(44) ''"),
        ({"price": "1e3"}, OrdRejReason.OTHER, "plain decimal"),
        ({"ord_type": "1"}, OrdRejReason.UNSUPPORTED, "market order has no Price"),
        ({"ord_type": "3"}, OrdRejReason.UNSUPPORTED, "OrdType(40) 3"),
        ({"side": "5"}, OrdRejReason.UNSUPPORTED, "Side(54) 5"),
        ({"time_in_force": "4"}, OrdRejReason.UNSUPPORTED, "TimeInForce(59) 4"),
        ({"cl_ord_id": "two words"}, OrdRejReason.OTHER, "without spaces"),
        ({"cl_ord_id": "X\x00"}, OrdRejReason.OTHER, "printable"),
        ({"cl_ord_id": "X" * 65}, OrdRejReason.OTHER, "64"),
    ],
)
def test_a_bad_order_is_rejected_with_its_reason(change, reason, word):
    outcome = venue().handle(replace(ORDER, **change), NOW)

    (report,) = outcome.messages
    assert said(outcome) == [("REJECTED", "REJECTED")]
    assert report.reason is reason
    assert word in report.text
    assert outcome.orders == ()


def test_a_report_echoes_what_the_client_tagged():
    exchange = venue()

    (report,) = exchange.handle(ORDER, NOW).messages

    assert (report.account, report.link_id, report.secondary_id) == ("ACC1", "run-1", "S1")
    assert (report.security_id, report.price) == ("ID-AAPL", Decimal("148.00"))
    assert (report.trade_date, report.transact_time) == (date(2022, 11, 30), NOW)


def test_each_trade_carries_its_fee_rounded_to_the_cent():
    exchange = venue()
    exchange.step(NOW)

    trades = exchange.handle(replace(ORDER, price="149.00", quantity="50"), NOW).messages[1:]

    assert [(one.last_qty, one.last_px, one.fee) for one in trades] == [
        (20, Decimal("148.04"), Decimal("0.07")),
        (20, Decimal("148.05"), Decimal("0.07")),
        (10, Decimal("148.06"), Decimal("0.04")),
    ]
    assert trades[-1].avg_px == Decimal("148.048")


def test_ids_of_refused_orders_are_used_up_too():
    exchange = venue()
    exchange.handle(replace(ORDER, quantity="0"), NOW)

    (report,) = exchange.handle(ORDER, NOW).messages

    assert (report.exec_type, report.reason) == (ExecType.REJECTED, OrdRejReason.DUPLICATE_ORDER)


def test_two_clients_may_use_the_same_cl_ord_id():
    exchange = venue()
    exchange.handle(ORDER, NOW)

    assert said(exchange.handle(replace(ORDER, client="OTHER"), NOW)) == [("NEW", "NEW")]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (cancel("nothing"), CxlRejReason.UNKNOWN_ORDER),
        (cancel("X", client="OTHER"), CxlRejReason.UNKNOWN_ORDER),
        (cancel("X", cl_ord_id="X"), CxlRejReason.DUPLICATE_CL_ORD_ID),
        (cancel("X", cl_ord_id="a b"), CxlRejReason.VENUE_OPTION),
        (cancel("X", side="2"), CxlRejReason.VENUE_OPTION),
        (amend("X", quantity="0"), CxlRejReason.VENUE_OPTION),
        (amend("X", price="148.005"), CxlRejReason.VENUE_OPTION),
        (amend("X", ord_type="1", price=""), CxlRejReason.VENUE_OPTION),
        (cancel("D"), CxlRejReason.TOO_LATE),
    ],
)
def test_a_bad_change_is_rejected_and_the_order_stands(request_, reason):
    exchange = venue()
    exchange.handle(ORDER, NOW)
    exchange.handle(replace(ORDER, cl_ord_id="D", time_in_force="3"), NOW)
    before = exchange.orders()

    (reject,) = exchange.handle(request_, NOW).messages

    assert isinstance(reject, CancelRejected)
    assert reject.reason is reason
    assert exchange.orders() == before


def test_a_superseded_cl_ord_id_changes_nothing():
    exchange = venue()
    exchange.handle(ORDER, NOW)
    exchange.handle(amend("X", quantity="90"), NOW)

    (reject,) = exchange.handle(cancel("X", cl_ord_id="Z"), NOW).messages

    assert (reject.reason, reject.orig_cl_ord_id) == (CxlRejReason.UNKNOWN_ORDER, "Y")
    assert "superseded by Y" in reject.text


def test_a_replace_that_crosses_the_book_trades_at_once():
    exchange = venue()
    exchange.step(NOW)
    exchange.handle(ORDER, NOW)

    outcome = exchange.handle(amend("X", price="148.04"), NOW)

    assert said(outcome) == [("REPLACED", "NEW"), ("TRADE", "PARTIALLY_FILLED")]
    assert [one.cl_ord_id for one in outcome.messages] == ["Y", "Y"]


def test_day_orders_expire_and_a_closed_venue_refuses_until_it_opens():
    exchange = venue()
    exchange.handle(ORDER, NOW)

    assert said(exchange.end_day(NOW)) == [("EXPIRED", "EXPIRED")]
    assert said(exchange.end_day(NOW)) == []
    assert exchange.handle(replace(ORDER, cl_ord_id="Z"), NOW).messages[0].reason is (
        OrdRejReason.VENUE_CLOSED
    )
    exchange.open_day()
    assert said(exchange.handle(replace(ORDER, cl_ord_id="W"), NOW)) == [("NEW", "NEW")]


def test_a_pending_cancel_is_too_late_when_the_day_ends_first():
    exchange = venue(change_delay=timedelta(minutes=1))
    exchange.handle(ORDER, NOW)
    exchange.handle(cancel("X"), NOW)

    expired, reject = exchange.end_day(NOW).messages

    assert (expired.exec_type, expired.ord_status) == (ExecType.EXPIRED, OrdStatus.EXPIRED)
    assert (reject.reason, reject.ord_status) == (CxlRejReason.TOO_LATE, OrdStatus.EXPIRED)
    assert exchange.step(NOW + timedelta(minutes=2)).messages == ()


def test_the_day_ends_by_itself_at_the_closing_time_of_the_venue():
    """16:00 in New York is 21:00 UTC in November."""
    exchange = venue(close_time=time(16))
    exchange.handle(ORDER, NOW)

    assert said(exchange.step(datetime(2022, 11, 30, 20, 59, 59, tzinfo=UTC))) == []
    assert said(exchange.step(datetime(2022, 11, 30, 21, 0, 0, tzinfo=UTC))) == [
        ("EXPIRED", "EXPIRED")
    ]


def test_a_halted_symbol_refuses_new_orders_and_lets_old_ones_go():
    exchange = venue()
    exchange.handle(ORDER, NOW)
    exchange.halt("AAPL")

    assert said(exchange.handle(replace(ORDER, cl_ord_id="Z"), NOW)) == [("REJECTED", "REJECTED")]
    assert exchange.handle(amend("X"), NOW).messages[0].reason is CxlRejReason.VENUE_OPTION
    assert exchange.step(NOW).messages == ()
    assert exchange.books["AAPL"].best(Side.SELL) is None
    assert said(exchange.handle(cancel("X", cl_ord_id="V"), NOW)) == [("CANCELED", "CANCELED")]
    exchange.resume("AAPL")
    exchange.step(NOW)
    assert exchange.books["AAPL"].best(Side.SELL) is not None


def test_a_refused_order_answers_a_status_request():
    exchange = venue()
    exchange.handle(replace(ORDER, quantity="0"), NOW)

    (report,) = exchange.handle(
        AskStatus(client="TRIMTAB", cl_ord_id="X", symbol="AAPL", side="1"), NOW
    ).messages

    assert (report.exec_type, report.ord_status) == (ExecType.ORDER_STATUS, OrdStatus.REJECTED)
    assert (report.reason, report.exec_id) == (OrdRejReason.INCORRECT_QUANTITY, "0")


ids = st.sampled_from("ABCDEFGH")
clients = st.sampled_from(["TRIMTAB", "OTHER"])
common = {"client": clients, "cl_ord_id": ids, "side": st.sampled_from("12")}
terms = {
    "quantity": st.integers(0, 90).map(str),
    "price": st.integers(14795, 14811).map(lambda ticks: f"{ticks // 100}.{ticks % 100:02d}"),
}
news = st.builds(
    NewOrder,
    **common,
    **terms,
    symbol=st.just("AAPL"),
    ord_type=st.just("2"),
    time_in_force=st.sampled_from("03"),
    poss_resend=st.booleans(),
)
markets = st.builds(
    NewOrder,
    **common,
    quantity=terms["quantity"],
    symbol=st.just("AAPL"),
    ord_type=st.just("1"),
    time_in_force=st.sampled_from("03"),
)
cancels = st.builds(CancelOrder, **common, orig_cl_ord_id=ids, symbol=st.just("AAPL"))
amends = st.builds(
    ReplaceOrder,
    **common,
    **terms,
    orig_cl_ord_id=ids,
    symbol=st.just("AAPL"),
    ord_type=st.just("2"),
)
asks = st.builds(AskStatus, **common, symbol=st.just("AAPL"))
days = st.lists(st.one_of(news, news, markets, cancels, amends, asks, st.none()), max_size=25)


def live(day, **changes):
    """A venue after a day (None lets half a second pass), and each outcome."""
    exchange, now, outcomes = venue(**changes), NOW, []
    outcomes.append(exchange.step(now))
    for request in day:
        if request is None:
            now += timedelta(seconds=0.5)
            outcomes.append(exchange.step(now))
        else:
            outcomes.append(exchange.handle(request, now))
    return exchange, outcomes


def messages_of(outcomes):
    return [message for outcome in outcomes for message in outcome.messages]


@given(days, st.booleans())
def test_the_same_day_gives_the_same_messages(day, slow):
    delay = timedelta(seconds=1 if slow else 0)

    assert live(day, change_delay=delay)[1] == live(day, change_delay=delay)[1]


@given(days, st.booleans())
def test_every_report_adds_up(day, slow):
    """CumQty is the sum of LastQty, AvgPx x CumQty the sum of what was paid, ids are unique."""
    delay = timedelta(seconds=1 if slow else 0)
    _, outcomes = live(day, change_delay=delay, acknowledge_changes=slow)
    filled, paid, exec_ids = defaultdict(int), defaultdict(Decimal), []

    for report in messages_of(outcomes):
        if not isinstance(report, Report) or report.exec_type is ExecType.ORDER_STATUS:
            continue
        exec_ids.append(report.exec_id)
        if report.exec_type is ExecType.TRADE:
            filled[report.order_id] += report.last_qty
            paid[report.order_id] += report.last_qty * report.last_px
        assert report.cum_qty == filled[report.order_id]
        assert abs(report.avg_px * report.cum_qty - paid[report.order_id]) < Decimal("0.0001")
        assert report.leaves_qty in (0, report.order_qty - report.cum_qty)
    assert len(exec_ids) == len(set(exec_ids))


@given(days, st.booleans())
def test_the_book_holds_exactly_what_the_orders_leave(day, slow):
    exchange, _ = live(day, change_delay=timedelta(seconds=1 if slow else 0))

    waiting = {
        one.number: one.quantity
        for side in Side
        for one in exchange.books["AAPL"].orders(side)
        if one.number > 0
    }

    assert waiting == {one.number: one.leaves for one in exchange.orders() if one.leaves}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(days, st.booleans())
def test_a_restarted_venue_knows_its_orders_its_priority_and_its_fills(tmp_path, day, slow):
    exchange, outcomes = live(day, change_delay=timedelta(seconds=1 if slow else 0))
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    journal = Journal(path)

    for number, outcome in enumerate(outcomes):
        journal.write([outcome], {"TRIMTAB": number})
    recovered = journal.recover()
    again = Exchange(exchange.rules, STOCKS, recovered.past)
    trades = list(journal.trades())
    journal.close()

    assert sorted(again.orders(), key=lambda one: one.number) == list(exchange.orders())
    for side in Side:
        there = [one for one in exchange.books["AAPL"].orders(side) if one.number > 0]
        assert list(again.books["AAPL"].orders(side)) == there
    assert trades == [
        one
        for one in messages_of(outcomes)
        if isinstance(one, Report) and one.exec_type is ExecType.TRADE
    ]
    assert recovered.received == {"TRIMTAB": len(outcomes) - 1}
    assert recovered.last_messages == outcomes[-1].messages


def test_a_line_that_a_crash_cut_off_is_dropped(tmp_path):
    exchange, journal = venue(), Journal(tmp_path / "journal.jsonl")
    journal.write([exchange.handle(ORDER, NOW)], {"TRIMTAB": 2})
    whole = (tmp_path / "journal.jsonl").read_bytes()
    journal.write([exchange.handle(cancel("X"), NOW)], {"TRIMTAB": 3})
    journal.close()
    cut = (tmp_path / "journal.jsonl").read_bytes()[:-5]
    (tmp_path / "journal.jsonl").write_bytes(cut)

    journal = Journal(tmp_path / "journal.jsonl")
    recovered = journal.recover()
    journal.close()

    assert recovered.past.orders[0].status is OrdStatus.NEW
    assert recovered.received == {"TRIMTAB": 2}
    assert (tmp_path / "journal.jsonl").read_bytes() == whole


@pytest.mark.parametrize("damage", [b"{}\n", b"not json\n", b'{"messages":[{"kind":"report"}]}\n'])
def test_a_damaged_line_is_named(tmp_path, damage):
    (tmp_path / "journal.jsonl").write_bytes(damage)
    journal = Journal(tmp_path / "journal.jsonl")

    with pytest.raises(JournalError, match=r"journal.jsonl:1: this line"):
        journal.recover()
    journal.close()


def test_the_end_of_day_file_lists_each_fill_and_adds_up():
    exchange = venue()
    exchange.step(NOW)
    messages = exchange.handle(replace(ORDER, price="148.05", quantity="30"), NOW).messages
    trades = [one for one in messages if one.exec_type is ExecType.TRADE]
    yesterday = replace(trades[0], trade_date=date(2022, 11, 29))

    text = end_of_day_text("XSIM", date(2022, 11, 30), [yesterday, *trades])

    assert text == (
        "trade_date,venue,exec_id,exec_type,order_id,cl_ord_id,client,symbol,security_id,side,"
        "last_qty,last_px,fee,transact_time\n"
        "2022-11-30,XSIM,XSIM-20221130-000002,F,XSIM-000001,X,TRIMTAB,AAPL,ID-AAPL,1,"
        "20,148.04,0.07,2022-11-30T20:44:50.000Z\n"
        "2022-11-30,XSIM,XSIM-20221130-000003,F,XSIM-000001,X,TRIMTAB,AAPL,ID-AAPL,1,"
        "10,148.05,0.04,2022-11-30T20:44:50.000Z\n"
        "TRAILER,XSIM,2,30,4441.30,0.11\n"
    )
