"""What the exchange refuses, what its reports say, and what a change may do."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import OnHalt, Rules, SelfMatch, SelfMatchCancels
from simulator.values.floor import Refused
from simulator.values.messages import CancelRejected
from simulator.values.requests import (
    AskMassStatus,
    AskStatus,
    CancelOrder,
    Connected,
    Disconnected,
    MassCancel,
    NewOrder,
    ReplaceOrder,
)
from simulator.values.words import (
    CxlRejReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    RestatementReason,
)

NOW = datetime(2022, 11, 30, 20, 44, 50, tzinfo=UTC)
STOCKS = {
    symbol: Instrument(
        symbol=symbol,
        security_id=f"ID-{symbol}",
        price=price,
        ticks=ticks,
        lots=lots,
        average_daily_volume=400_000,
    )
    for symbol, price, ticks, lots in (
        ("AAPL", "148.03", (("0", "0.01"),), (("0", 1),)),
        ("LOTS", "20.00", (("0", "0.05"),), (("0", 100),)),
        ("BAND", "1.50", (("0", "0.0001"), ("1", "0.01")), (("0", 100), ("2", 10))),
    )
}
RULES = Rules(name="XSIM", seed=7, fee_per_share=Decimal("0.0035"))
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
    return ExchangeFloor(replace(RULES, **changes), STOCKS)


def said(messages):
    """(ExecType, OrdStatus) of each report."""
    return [(one.exec_type.name, one.ord_status.name) for one in messages]


def ask(floor, request=ORDER, now=NOW, **changes):
    return floor.handle(request._replace(**changes), now)


def stranger(floor, side, quantity, price, now=NOW, **more):
    arguments = {"symbol": "AAPL", "side": side, "quantity": quantity, "price": price, **more}
    return floor.operate("inject", arguments, now)[1]


CANCEL = CancelOrder("TRIMTAB", "Y", "X", "AAPL", "1")
AMEND = ReplaceOrder("TRIMTAB", "Y", "X", "AAPL", "1", "100", "2", "148.00")


@pytest.mark.parametrize(
    ("change", "reason", "word"),
    [
        ({"symbol": "NOPE"}, OrdRejReason.UNKNOWN_SYMBOL, "'NOPE' does not trade on XSIM"),
        ({"quantity": "0"}, OrdRejReason.INCORRECT_QUANTITY, "above zero"),
        ({"quantity": "-5"}, OrdRejReason.INCORRECT_QUANTITY, "'-5'"),
        ({"quantity": "-0"}, OrdRejReason.INCORRECT_QUANTITY, "'-0'"),
        ({"quantity": "1.5"}, OrdRejReason.INCORRECT_QUANTITY, "'1.5'"),
        ({"quantity": ""}, OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38)"),
        ({"quantity": "\u0664"}, OrdRejReason.INCORRECT_QUANTITY, "OrderQty(38)"),
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
        ({"price": "\u0661\u0662"}, OrdRejReason.OTHER, "plain decimal"),
        ({"ord_type": "1"}, OrdRejReason.UNSUPPORTED, "market order has no Price"),
        ({"ord_type": "3", "stop_price": "150"}, OrdRejReason.UNSUPPORTED, "stop order has no"),
        ({"ord_type": "3", "price": ""}, OrdRejReason.OTHER, "StopPx(99) ''"),
        ({"stop_price": "150"}, OrdRejReason.UNSUPPORTED, "StopPx(99) is for"),
        ({"ord_type": "7"}, OrdRejReason.UNSUPPORTED, "OrdType(40) 7"),
        ({"ord_type": "P"}, OrdRejReason.UNSUPPORTED, "needs ExecInst(18) M"),
        (
            {"ord_type": "P", "exec_inst": "M", "peg_offset": "0.001"},
            OrdRejReason.OTHER,
            "PegOffsetValue(211) '0.001'",
        ),
        ({"exec_inst": "G q"}, OrdRejReason.UNSUPPORTED, "ExecInst(18) q"),
        ({"max_floor": "101"}, OrdRejReason.INCORRECT_QUANTITY, "MaxFloor(111) '101'"),
        ({"min_quantity": "x"}, OrdRejReason.INCORRECT_QUANTITY, "MinQty(110) 'x'"),
        ({"side": "9"}, OrdRejReason.UNSUPPORTED, "Side(54) 9"),
        ({"time_in_force": "5"}, OrdRejReason.UNSUPPORTED, "TimeInForce(59) 5"),
        ({"time_in_force": "2"}, OrdRejReason.UNSUPPORTED, "no opening auction"),
        ({"time_in_force": "7"}, OrdRejReason.UNSUPPORTED, "no closing auction"),
        ({"ord_type": "5", "price": ""}, OrdRejReason.UNSUPPORTED, "no closing auction"),
        ({"time_in_force": "6"}, OrdRejReason.OTHER, "needs ExpireDate(432)"),
        (
            {"time_in_force": "6", "expire_date": "20221131"},
            OrdRejReason.OTHER,
            "ExpireDate(432) '20221131'",
        ),
        (
            {"time_in_force": "6", "expire_date": "99991231"},
            OrdRejReason.OTHER,
            "ExpireDate(432) '99991231'",
        ),
        (
            {"time_in_force": "6", "expire_time": "99991231-23:59:59"},
            OrdRejReason.OTHER,
            "ExpireTime(126) '99991231-23:59:59'",
        ),
        (
            {"time_in_force": "6", "expire_time": "20221130-20:00:00"},
            OrdRejReason.OTHER,
            "20221130-20:00:00, in the past",
        ),
        ({"cl_ord_id": "two words"}, OrdRejReason.OTHER, "without spaces"),
        ({"cl_ord_id": "X\x00"}, OrdRejReason.OTHER, "printable"),
        ({"cl_ord_id": "X" * 65}, OrdRejReason.OTHER, "64"),
        (
            {"allocations": (("A", "50"), ("B", "49"))},
            OrdRejReason.INCORRECT_QUANTITY,
            "AllocQty(80) add up to 99",
        ),
    ],
)
def test_a_bad_order_is_rejected_with_its_reason(change, reason, word):
    floor = venue()

    (report,) = ask(floor, **change)

    assert said([report]) == [("REJECTED", "REJECTED")]
    assert report.rej_reason is reason
    assert word in report.text
    assert floor.view(("orders",))["orders"] == []


def test_ticks_and_lots_follow_the_price():
    floor = venue()
    low = {"symbol": "BAND", "price": "0.9999", "quantity": "100"}

    assert said(ask(floor, **low)) == [("NEW", "NEW")]
    assert "tick 0.01" in ask(floor, cl_ord_id="Y", symbol="BAND", price="1.0001")[0].text
    assert (
        "lot of 100"
        in ask(floor, cl_ord_id="Z", symbol="BAND", price="1.99", quantity="10")[0].text
    )
    (report,) = ask(floor, cl_ord_id="W", symbol="BAND", price="2.00", quantity="10")
    assert (report.exec_type, report.price) == (ExecType.NEW, "2.00")


def test_a_report_echoes_what_the_client_tagged():
    (report,) = ask(venue())

    assert (report.account, report.link_id, report.secondary_id) == ("ACC1", "run-1", "S1")
    assert (report.security_id, report.price, report.avg_px) == ("ID-AAPL", "148.00", "0")
    assert (report.trade_date, report.transact_time) == ("20221130", "20221130-20:44:50.000")
    assert (report.order_id, report.exec_id) == ("XSIM-000001", "XSIM-20221130-000001")


def test_each_trade_carries_its_fee_rounded_to_the_cent():
    floor = venue()
    for price in ("148.04", "148.05", "148.06"):
        stranger(floor, "sell", 20, price)

    trades = ask(floor, price="149.00", quantity="50")[1:]

    assert [(one.last_qty, one.last_px, one.fee) for one in trades] == [
        (20, "148.04", "0.07"),
        (20, "148.05", "0.07"),
        (10, "148.06", "0.04"),
    ]
    assert trades[-1].avg_px == "148.048"
    assert trades[-1].extra == ((851, "2"), (30, "XSIM"))


def test_an_average_without_end_is_rounded_to_eight_places():
    floor = venue()
    stranger(floor, "sell", 1, "148.04")
    stranger(floor, "sell", 2, "148.05")

    assert ask(floor, price="149.00", quantity="3")[-1].avg_px == "148.04666667"


def test_a_market_order_waits_for_someone_to_trade_with():
    floor = venue()

    assert said(ask(floor, ord_type="1", price="")) == [("NEW", "NEW")]
    (fill,) = stranger(floor, "sell", 100, "148.00")
    assert (fill.ord_status, fill.last_px) == (OrdStatus.FILLED, "148.00")


def test_the_rest_of_an_ioc_order_is_canceled():
    floor = venue()
    stranger(floor, "sell", 40, "148.00")

    messages = ask(floor, time_in_force="3")

    assert said(messages) == [
        ("NEW", "NEW"),
        ("TRADE", "PARTIALLY_FILLED"),
        ("CANCELED", "CANCELED"),
    ]
    assert messages[-1].text == "immediate or cancel: the rest is gone"


def test_an_iceberg_shows_its_tip_only():
    floor = venue()
    ask(floor, max_floor="10")

    assert floor.view(("books", "AAPL"))["bids"] == [{"price": "148.00", "quantity": 10}]
    (report,) = ask(floor, AskStatus("TRIMTAB", "X", "AAPL", "1"))
    assert (111, "10") in report.extra


def test_a_stop_order_trades_when_the_last_price_reaches_it():
    floor = venue()
    ask(floor, ord_type="3", price="", stop_price="149.00")
    stranger(floor, "sell", 300, "149.00")

    (fill,) = stranger(floor, "buy", 50, "149.00")

    assert (fill.cl_ord_id, fill.last_qty, fill.stop_price) == ("X", 100, "149.00")


def test_own_orders_do_not_trade_with_each_other_where_the_venue_minds():
    for rule, other, expected in (
        (SelfMatch.OFF, "TRIMTAB", "TRADE"),
        (SelfMatch.CLIENT, "TRIMTAB", "CANCELED"),
        (SelfMatch.CLIENT, "SISTER", "TRADE"),
        (SelfMatch.FIRM, "SISTER", "CANCELED"),
    ):
        floor = venue(self_match=rule, firms=(("TRIMTAB", "F"), ("SISTER", "F")))
        ask(floor)

        messages = ask(floor, client=other, cl_ord_id="S", side="2")

        assert messages[1].exec_type.name == expected


@pytest.mark.parametrize(
    ("cancels", "gone", "left"),
    [("newest", ["S"], [("148.00", 100)]), ("oldest", ["X"], []), ("both", ["X", "S"], [])],
)
def test_which_of_two_own_orders_goes_is_the_venues_choice(cancels, gone, left):
    floor = venue(self_match=SelfMatch.CLIENT, self_match_cancels=SelfMatchCancels(cancels))
    ask(floor)

    messages = ask(floor, cl_ord_id="S", side="2")

    canceled = [one.cl_ord_id for one in messages if one.exec_type is ExecType.CANCELED]
    assert sorted(canceled) == sorted(gone)
    assert shown(floor) == left


def test_ids_of_refused_orders_are_used_up_too():
    floor = venue()
    ask(floor, quantity="0")

    (report,) = ask(floor)

    assert (report.exec_type, report.rej_reason) == (
        ExecType.REJECTED,
        OrdRejReason.DUPLICATE_ORDER,
    )


def test_two_clients_may_use_the_same_cl_ord_id():
    floor = venue()
    ask(floor)

    assert said(ask(floor, client="OTHER")) == [("NEW", "NEW")]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (CANCEL._replace(orig_cl_ord_id="nothing"), CxlRejReason.UNKNOWN_ORDER),
        (CANCEL._replace(client="OTHER"), CxlRejReason.UNKNOWN_ORDER),
        (CANCEL._replace(cl_ord_id="X"), CxlRejReason.DUPLICATE_CL_ORD_ID),
        (CANCEL._replace(cl_ord_id="a b"), CxlRejReason.VENUE_OPTION),
        (CANCEL._replace(side="2"), CxlRejReason.VENUE_OPTION),
        (AMEND._replace(quantity="0"), CxlRejReason.VENUE_OPTION),
        (AMEND._replace(price="148.005"), CxlRejReason.VENUE_OPTION),
        (AMEND._replace(ord_type="1", price=""), CxlRejReason.VENUE_OPTION),
        (AMEND._replace(time_in_force="1"), CxlRejReason.VENUE_OPTION),
        (CANCEL._replace(orig_cl_ord_id="D"), CxlRejReason.TOO_LATE),
    ],
)
def test_a_bad_change_is_rejected_and_the_order_stands(request_, reason):
    floor = venue()
    ask(floor)
    ask(floor, cl_ord_id="D", time_in_force="3")
    before = floor.view(("orders",))

    (reject,) = ask(floor, request_)

    assert isinstance(reject, CancelRejected)
    assert reject.reason is reason
    assert floor.view(("orders",)) == before


def test_a_refused_change_does_not_use_up_its_cl_ord_id():
    floor = venue()
    ask(floor)
    ask(floor, AMEND, quantity="0")

    assert said(ask(floor, AMEND, quantity="90")) == [("REPLACED", "NEW")]


def test_a_superseded_cl_ord_id_changes_nothing():
    """The order is known and works on, so the reason is not Unknown order."""
    floor = venue()
    ask(floor)
    ask(floor, AMEND, quantity="90")

    (reject,) = ask(floor, CANCEL, cl_ord_id="Z")

    assert (reject.reason, reject.orig_cl_ord_id) == (CxlRejReason.VENUE_OPTION, "Y")
    assert reject.ord_status is OrdStatus.NEW
    assert "superseded by Y" in reject.text


def test_a_replace_that_crosses_the_book_trades_at_once():
    floor = venue()
    stranger(floor, "sell", 20, "148.04")
    ask(floor)

    messages = ask(floor, AMEND, price="148.04")

    assert said(messages) == [("REPLACED", "NEW"), ("TRADE", "PARTIALLY_FILLED")]
    assert [one.cl_ord_id for one in messages] == ["Y", "Y"]


def test_fewer_shares_at_the_same_price_keep_their_place():
    floor = venue()
    ask(floor)
    ask(floor, client="OTHER", cl_ord_id="O")
    ask(floor, AMEND, quantity="50")

    (fill,) = stranger(floor, "sell", 10, "148.00")

    assert fill.client == "TRIMTAB"


def shown(floor):
    return [(one["price"], one["quantity"]) for one in floor.view(("books", "AAPL"))["bids"]]


def test_a_replace_changes_the_tip_of_an_iceberg_and_the_offset_of_a_peg():
    floor = venue()
    ask(floor, max_floor="10")
    ask(floor, AMEND, max_floor="20")
    assert shown(floor) == [("148.00", 20)]

    ask(floor, cl_ord_id="P", ord_type="P", price="", exec_inst="R", peg_offset="-0.01")
    assert shown(floor) == [("148.00", 20), ("147.99", 100)]
    change = AMEND._replace(cl_ord_id="P2", orig_cl_ord_id="P", ord_type="P", price="")
    (replaced,) = ask(floor, change, peg_offset="-0.02")

    assert shown(floor) == [("148.00", 20), ("147.98", 100)]
    assert replaced.extra == ((18, "R"), (211, "-0.02"))


def test_a_replace_without_instructions_keeps_those_of_the_order():
    floor = venue()
    ask(floor, exec_inst="G")

    (replaced,) = ask(floor, AMEND, quantity="50")

    assert replaced.extra == ((18, "G"),)
    assert stranger(floor, "sell", 49, "148.00") == []
    assert len(stranger(floor, "sell", 50, "148.00")) == 1


def test_a_replace_without_an_expiry_keeps_that_of_the_order():
    floor = venue()
    ask(floor, time_in_force="6", expire_date="20221202")

    (replaced,) = ask(floor, AMEND, quantity="50", max_floor="10")
    (again,) = ask(floor, AMEND, orig_cl_ord_id="Y", cl_ord_id="Z", quantity="40")

    assert replaced.extra == ((111, "10"), (432, "20221202"))
    assert again.extra == ((432, "20221202"),)


def test_a_replace_takes_conditions_away():
    floor = venue()
    ask(floor, max_floor="10")

    (replaced,) = ask(floor, AMEND)

    assert replaced.extra == ()
    assert shown(floor) == [("148.00", 100)]


def test_a_stop_order_can_be_moved_before_and_replaced_after_it_was_triggered():
    floor = venue()
    ask(floor, ord_type="4", price="150.00", stop_price="149.00")
    change = AMEND._replace(ord_type="4", price="151.00", stop_price="149.50")
    ask(floor, change)
    stranger(floor, "sell", 1, "149.00")
    stranger(floor, "buy", 1, "149.00")
    assert shown(floor) == []
    stranger(floor, "sell", 1, "149.50")
    stranger(floor, "buy", 1, "149.50")
    assert shown(floor) == [("151.00", 100)]

    ask(floor, change, cl_ord_id="Z", orig_cl_ord_id="Y", price="152.00", quantity="80")

    assert shown(floor) == [("152.00", 80)]


def test_a_pending_cancel_is_too_late_when_the_day_ends_first():
    floor = venue(change_delay=timedelta(minutes=1))
    ask(floor)
    ask(floor, CANCEL)

    answer, (expired, reject) = floor.operate("end-of-day", {}, NOW)

    assert answer == {"venue": "XSIM", "trade_date": "2022-11-30", "expired": 1}
    assert (expired.exec_type, reject.reason) == (ExecType.EXPIRED, CxlRejReason.TOO_LATE)
    assert reject.ord_status is OrdStatus.EXPIRED
    assert floor.wake(NOW + timedelta(minutes=2)) == []


def test_a_closed_venue_refuses_until_it_opens():
    floor = venue()
    ask(floor)
    floor.operate("end-of-day", {}, NOW)

    assert floor.operate("end-of-day", {}, NOW)[1] == []
    assert ask(floor, cl_ord_id="Z")[0].rej_reason is OrdRejReason.VENUE_CLOSED
    floor.operate("open", {}, NOW)
    assert said(ask(floor, cl_ord_id="W")) == [("NEW", "NEW")]


def test_a_venue_closed_by_hand_opens_by_itself_on_its_next_day():
    """Midnight in New York is 5:00 UTC in November."""
    floor = venue()
    floor.operate("end-of-day", {}, NOW)

    assert floor.next_due() == datetime(2022, 12, 1, 5, tzinfo=UTC)
    assert said(ask(floor, now=datetime(2022, 12, 1, 5, tzinfo=UTC))) == [("NEW", "NEW")]


def test_the_day_ends_by_itself_at_the_closing_time_of_the_venue():
    """16:00 in New York is 21:00 UTC in November."""
    floor = venue(close_time=time(16))
    ask(floor)

    assert floor.wake(datetime(2022, 11, 30, 20, 59, 59, tzinfo=UTC)) == []
    assert said(floor.wake(datetime(2022, 11, 30, 21, tzinfo=UTC))) == [("EXPIRED", "EXPIRED")]


def test_an_order_expires_at_its_own_time_however_late_the_venue_is_woken():
    floor = venue()
    ask(floor, time_in_force="6", expire_time="20221130-20:45:00.500")

    (expired,) = floor.wake(NOW + timedelta(hours=1))

    assert (expired.exec_type, expired.transact_time) == (
        ExecType.EXPIRED,
        "20221130-20:45:00.500",
    )


def test_a_halted_symbol_refuses_new_orders_and_lets_old_ones_go():
    floor = venue()
    ask(floor)

    assert floor.operate("halt", {"symbol": "AAPL"}, NOW) == (
        {"venue": "XSIM", "halted": ["AAPL"]},
        [],
    )
    assert said(ask(floor, cl_ord_id="Z")) == [("REJECTED", "REJECTED")]
    assert ask(floor, AMEND)[0].reason is CxlRejReason.VENUE_OPTION
    assert said(ask(floor, CANCEL, cl_ord_id="V")) == [("CANCELED", "CANCELED")]
    floor.operate("resume", {"symbol": "AAPL"}, NOW)
    assert said(ask(floor, cl_ord_id="W")) == [("NEW", "NEW")]


def test_a_halt_cancels_what_waits_where_the_venue_does_so_but_for_who_asked_to_wait():
    floor = venue(on_halt=OnHalt.CANCEL)
    ask(floor)
    ask(floor, cl_ord_id="J", exec_inst="J")

    _, (canceled,) = floor.operate("halt", {"symbol": "AAPL"}, NOW)

    assert canceled.cl_ord_id == "X"
    assert canceled.restatement_reason is RestatementReason.CANCEL_ON_HALT


def test_a_halt_may_end_with_an_auction():
    floor = venue(halt_auction=True)
    floor.operate("halt", {"symbol": "AAPL"}, NOW)
    ask(floor, price="148.10")
    ask(floor, client="OTHER", side="2", price="148.00")

    assert floor.view(("books", "AAPL"))["indicative"] == {
        "price": "148.03",
        "volume": 100,
        "imbalance": 0,
    }
    _, trades = floor.operate("resume", {"symbol": "AAPL"}, NOW)
    assert [(one.client, one.last_px) for one in trades] == [
        ("TRIMTAB", "148.03"),
        ("OTHER", "148.03"),
    ]


def test_a_refused_order_answers_a_status_request():
    floor = venue()
    ask(floor, quantity="0")

    (report,) = ask(floor, AskStatus("TRIMTAB", "X", "AAPL", "1", request_id="R"))

    assert (report.exec_type, report.ord_status) == (ExecType.ORDER_STATUS, OrdStatus.REJECTED)
    assert (report.rej_reason, report.exec_id) == (OrdRejReason.INCORRECT_QUANTITY, "0")
    assert report.extra == ((790, "R"),)


def test_a_mass_status_reports_every_open_order_and_marks_the_last():
    floor = venue()
    for number in range(3):
        ask(floor, cl_ord_id=f"X{number}")
    ask(floor, CANCEL, orig_cl_ord_id="X1")

    reports = floor.handle(AskMassStatus("TRIMTAB", "M", "7"), NOW)

    assert [one.cl_ord_id for one in reports] == ["X0", "X2"]
    assert reports[-1].extra == ((584, "M"), (911, "2"), (912, "Y"))
    (none,) = floor.handle(AskMassStatus("OTHER", "M", "7"), NOW)
    assert (none.order_id, none.extra[1]) == ("NONE", (911, "0"))


def test_a_mass_cancel_is_reported_and_cancels_one_by_one():
    floor = venue()
    ask(floor)
    ask(floor, cl_ord_id="L", symbol="LOTS", price="20.00")
    ask(floor, client="OTHER")

    report, canceled = floor.handle(MassCancel("TRIMTAB", "Q", "1", "AAPL"), NOW)

    assert report.msg_type == "r"
    assert report.fields[:7] == (
        (11, "Q"),
        (37, "Q"),
        (530, "1"),
        (531, "1"),
        (533, "1"),
        (534, "1"),
        (41, "X"),
    )
    assert (canceled.cl_ord_id, canceled.exec_type) == ("X", ExecType.CANCELED)
    (refused,) = floor.handle(MassCancel("TRIMTAB", "Q", "9"), NOW)
    assert dict(refused.fields)[531] == "0"


def test_orders_leave_with_their_session_where_the_rules_say_so():
    floor = venue(cancel_on_disconnect=frozenset({"TRIMTAB"}))
    ask(floor)
    ask(floor, client="OTHER")

    assert floor.handle(Connected("TRIMTAB"), NOW) == []
    (canceled,) = floor.handle(Disconnected("TRIMTAB"), NOW)

    assert (canceled.client, canceled.text) == ("TRIMTAB", "the session was disconnected")
    assert floor.handle(Disconnected("OTHER"), NOW) == []


def test_a_bust_undoes_both_sides_and_only_the_named_one_works_again():
    floor = venue()
    ask(floor)
    trade = ask(floor, client="OTHER", side="2")[1]

    _, (theirs, ours, gone) = floor.operate("bust", {"exec_id": trade.exec_id}, NOW)

    assert trade.client == "OTHER"
    assert (theirs.exec_type, theirs.exec_ref_id) == (ExecType.TRADE_CANCEL, trade.exec_id)
    assert (theirs.client, theirs.leaves_qty, theirs.cum_qty) == ("OTHER", 100, 0)
    assert (ours.client, ours.cum_qty, ours.avg_px) == ("TRIMTAB", 0, "0")
    assert (gone.client, gone.ord_status, gone.leaves_qty) == ("TRIMTAB", OrdStatus.CANCELED, 0)
    assert floor.view(("books", "AAPL"))["asks"] == [{"price": "148.00", "quantity": 100}]
    with pytest.raises(Refused, match="no execution"):
        floor.operate("bust", {"exec_id": trade.exec_id}, NOW)


def test_the_busted_shares_of_an_ioc_order_do_not_wait():
    floor = venue()
    stranger(floor, "sell", 100, "148.00")
    trade = ask(floor, time_in_force="3")[1]

    _, messages = floor.operate("bust", {"exec_id": trade.exec_id}, NOW)

    assert said(messages) == [("TRADE_CANCEL", "NEW"), ("CANCELED", "CANCELED")]


@pytest.mark.parametrize("undoing", ["bust", "correct"])
@pytest.mark.parametrize("day_is_over", ["closed", "the next day"])
def test_the_shares_that_are_undone_after_its_day_end_with_it(undoing, day_is_over):
    floor = venue()
    stranger(floor, "sell", 100, "148.00")
    trade = ask(floor)[1]
    floor.operate("end-of-day", {}, NOW)
    morning = NOW if day_is_over == "closed" else NOW + timedelta(days=1)

    arguments = {"exec_id": trade.exec_id} | ({"quantity": 40} if undoing == "correct" else {})
    _, messages = floor.operate(undoing, arguments, morning)

    assert messages[-1].exec_type is ExecType.EXPIRED
    assert (messages[-1].ord_status, messages[-1].leaves_qty) == (OrdStatus.EXPIRED, 0)
    assert messages[-1].text == "its time was over before its trade was undone"


def test_the_busted_shares_of_a_good_till_order_work_on_the_next_day():
    floor = venue()
    stranger(floor, "sell", 100, "148.00")
    trade = ask(floor, time_in_force="1")[1]
    floor.operate("end-of-day", {}, NOW)

    _, messages = floor.operate("bust", {"exec_id": trade.exec_id}, NOW + timedelta(days=1))

    assert messages[-1].leaves_qty == 100


def test_the_busted_shares_of_a_stop_order_that_was_triggered_work_at_once():
    floor = venue()
    ask(floor, ord_type="3", price="", stop_price="149.00")
    stranger(floor, "sell", 120, "149.00")
    fill = stranger(floor, "buy", 20, "149.00")[-1]
    stranger(floor, "sell", 1, "148.00")
    stranger(floor, "buy", 1, "148.00")

    floor.operate("bust", {"exec_id": fill.exec_id}, NOW)
    (again,) = stranger(floor, "sell", 100, "147.00")

    assert (again.last_qty, again.ord_status) == (100, OrdStatus.FILLED)


def test_a_correction_changes_both_sides():
    floor = venue()
    ask(floor)
    trade = ask(floor, client="OTHER", side="2", quantity="60")[1]

    arguments = {"exec_id": trade.exec_id, "quantity": 50, "price": "148.02"}
    _, messages = floor.operate("correct", arguments, NOW)

    assert [(one.client, one.exec_type.name, one.cum_qty, one.leaves_qty) for one in messages] == [
        ("OTHER", "TRADE_CORRECT", 50, 10),
        ("TRIMTAB", "TRADE_CORRECT", 50, 50),
        ("TRIMTAB", "RESTATED", 50, 40),
        ("OTHER", "TRADE", 60, 0),
        ("TRIMTAB", "TRADE", 60, 30),
    ]


def test_a_late_fill_after_a_cancel_is_reported_and_the_order_stays_canceled():
    floor = venue()
    ask(floor)
    ask(floor, CANCEL)

    arguments = {"order_id": "XSIM-000001", "quantity": 30, "price": "148.00"}
    _, (fill,) = floor.operate("execute", arguments, NOW)

    assert (fill.ord_status, fill.cum_qty, fill.leaves_qty) == (OrdStatus.CANCELED, 30, 0)


@pytest.mark.parametrize(
    ("name", "arguments", "word"),
    [
        ("dance", {}, "there are halt, resume"),
        ("halt", {}, "halt needs symbol"),
        ("halt", {"symbol": "NOPE"}, "one that XSIM trades"),
        ("halt", {"symbol": 5}, "write a text in quotes"),
        ("cancel", {"order_id": "XSIM-000009"}, "no order 'XSIM-000009'"),
        ("cancel", {"order_id": "XSIM-000001", "reason": "77"}, "ExecRestatementReason"),
        ("restate", {"order_id": "XSIM-000001", "quantity": True}, "whole number"),
        ("restate", {"order_id": "XSIM-000001", "price": "1.001"}, "in steps of 0.01"),
        ("execute", {"order_id": "XSIM-000001", "quantity": 101, "price": "1"}, "leaves 100"),
        ("stop", {"order_id": "XSIM-000001", "quantity": 101, "price": "1"}, "leaves 100"),
        ("refuse", {"order_id": "XSIM-000001"}, "nothing is pending"),
        ("split", {"symbol": "AAPL", "ratio": "2"}, "2:1"),
        ("inject", {"symbol": "AAPL", "side": "buy", "quantity": 5, "price": "x"}, "Price(44)"),
        ("correct", {"exec_id": "E"}, "needs a quantity or a price"),
    ],
)
def test_an_operator_is_told_what_is_wrong(name, arguments, word):
    floor = venue()
    ask(floor)

    with pytest.raises(Refused) as refused:
        floor.operate(name, arguments, NOW)

    assert word in str(refused.value)


def test_closed_orders_are_forgotten_but_their_ids_stay_used():
    floor = venue(closed_orders=2)
    for number in range(5):
        ask(floor, cl_ord_id=f"X{number}", time_in_force="3")

    (status,) = ask(floor, AskStatus("TRIMTAB", "X0", "AAPL", "1"))
    (again,) = ask(floor, cl_ord_id="X0")

    assert len(floor.view(("orders",))["orders"]) == 2
    assert status.rej_reason is OrdRejReason.UNKNOWN_ORDER
    assert again.rej_reason is OrdRejReason.DUPLICATE_ORDER


def test_a_cl_ord_id_that_was_forgotten_is_free_the_next_day():
    floor = venue(closed_orders=1)
    for number in range(3):
        ask(floor, cl_ord_id=f"X{number}", time_in_force="3")
    floor.operate("end-of-day", {}, NOW)

    assert said(ask(floor, cl_ord_id="X0", now=NOW + timedelta(days=1))) == [("NEW", "NEW")]


def test_a_venue_can_be_looked_at_before_anything_happened():
    floor = venue()

    assert floor.next_due() is None
    assert floor.view(("orders",)) == {"venue": "XSIM", "orders": []}
    assert floor.view(("phase",))["phase"] == "continuous"
    assert floor.view(("symbols",))["symbols"] == ["AAPL", "BAND", "LOTS"]
    with pytest.raises(Refused, match="there are orders, books/SYMBOL"):
        floor.view(("nothing",))


SECOND = timedelta(seconds=1)


def executed_early(quantity):
    """An operator fills an order that waits for its acceptance; the ExecID of that."""
    floor = venue(order_delay=SECOND)
    ask(floor)
    arguments = {"order_id": "XSIM-000001", "quantity": quantity, "price": "148.00"}
    _, (fill,) = floor.operate("execute", arguments, NOW)
    return floor, fill.exec_id


def test_an_order_that_was_filled_before_its_acceptance_works_when_that_is_busted():
    floor, exec_id = executed_early(100)
    assert floor.wake(NOW + SECOND) == []

    _, undone = floor.operate("bust", {"exec_id": exec_id}, NOW + SECOND)

    assert said(undone) == [("TRADE_CANCEL", "NEW")]
    assert said(ask(floor, CANCEL, NOW + SECOND)) == [("CANCELED", "CANCELED")]


def test_a_bust_before_the_acceptance_leaves_an_order_that_is_accepted_and_trades_once():
    floor, exec_id = executed_early(100)
    floor.operate("bust", {"exec_id": exec_id}, NOW)
    assert said(floor.wake(NOW + SECOND)) == [("NEW", "NEW")]

    fills = stranger(floor, "sell", 500, "148.00", NOW + SECOND)

    assert [(one.last_qty, one.cum_qty) for one in fills] == [(100, 100)]


def test_the_acceptance_of_an_order_that_is_filled_in_part_says_so():
    floor, _ = executed_early(40)

    assert said(floor.wake(NOW + SECOND)) == [("NEW", "PARTIALLY_FILLED")]


def test_an_order_that_is_filled_in_part_and_cannot_be_accepted_is_canceled():
    floor, _ = executed_early(40)
    floor.operate("halt", {"symbol": "AAPL"}, NOW)

    (ended,) = [one for one in floor.wake(NOW + SECOND) if one.order_id == "XSIM-000001"]

    assert (ended.exec_type, ended.cum_qty) == (ExecType.CANCELED, 40)
