"""Days of an exchange from the first call to the morning after, by its own calendar."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from simulator.exchange.calendar import Calendar, Phase
from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import DayEnd, Rules
from simulator.values.requests import AskSessionStatus, NewOrder
from simulator.values.words import ExecType, OrdRejReason, OrdStatus, RestatementReason

RULES = Rules(
    name="XSIM",
    call_time=time(8),
    open_time=time(9, 30),
    closing_call_time=time(15, 50),
    close_time=time(16),
    trading_days=(0, 1, 2, 3, 4),
    holidays=frozenset({date(2022, 11, 24)}),
)


def at(day, hour, minute=0, second=0):
    """An instant of November 2022 by New York's clock, which is five hours behind UTC."""
    return datetime(2022, 11, day, hour + 5, minute, second, tzinfo=UTC)


class Day:
    """An exchange that is asked by the clock."""

    def __init__(self, begin, **rules):
        stock = Instrument(
            symbol="AAPL",
            security_id="US0378331005",
            price="100.00",
            ticks=(("0", "0.01"),),
            lots=(("0", 1),),
            average_daily_volume=400_000,
        )
        self.floor = ExchangeFloor(replace(RULES, **rules), {"AAPL": stock})
        self.floor.wake(begin)
        self.count = 0

    def order(self, now, side, quantity, price="", **more):
        self.count += 1
        request = NewOrder(
            f"C{self.count}",
            "X",
            "AAPL",
            side,
            str(quantity),
            more.pop("ord_type", "2" if price else "1"),
            price,
            **more,
        )
        return self.floor.handle(request, now)

    def until(self, now):
        """What is said until then: (time, client, ExecType, OrdStatus, LastQty, LastPx)."""
        return [
            (
                one.transact_time[9:17],
                one.client,
                one.exec_type.name,
                one.ord_status.name,
                one.last_qty or 0,
                one.last_px,
            )
            for one in self.floor.wake(now)
        ]

    @property
    def phase(self):
        return self.floor.view(("phase",))["phase"]


def test_a_whole_day_by_the_clock():
    """Gather, open at one price, trade, gather, close at one price, expire, and begin again."""
    day = Day(at(29, 7))
    assert day.phase == "closed"
    assert day.order(at(29, 7, 30), "1", 10, "100")[0].rej_reason is OrdRejReason.VENUE_CLOSED

    day.order(at(29, 8), "1", 300, "100.10")  # C2
    day.order(at(29, 8, 1), "2", 200, "100.00")  # C3
    day.order(at(29, 8, 2), "2", 50, ord_type="2", price="100.05", time_in_force="2")  # C4
    day.order(at(29, 8, 3), "1", 40, ord_type="1", time_in_force="7")  # C5, for the close.
    assert day.floor.view(("books", "AAPL"))["indicative"] == {
        "price": "100.05",
        "volume": 250,
        "imbalance": 50,
    }
    assert day.until(at(29, 9, 29, 59)) == []
    opening = day.until(at(29, 9, 31))
    assert {(one[0], one[5]) for one in opening} == {("14:30:00", "100.05")}
    assert sorted((one[1], one[4]) for one in opening) == [
        ("C2", 50),
        ("C2", 200),
        ("C3", 200),
        ("C4", 50),
    ]

    late = day.order(at(29, 10), "2", 10, "100", time_in_force="2")
    assert late[0].rej_reason is OrdRejReason.TOO_LATE
    day.order(at(29, 12), "1", 70, "99.00")  # C7 waits in vain.
    day.order(at(29, 12), "1", 70, "99.50", time_in_force="1")  # C8, good till canceled.
    assert day.until(at(29, 15, 50)) == []
    assert day.phase == "closing_call"
    at_once = day.order(at(29, 15, 51), "2", 1, "99", time_in_force="3")
    assert at_once[0].rej_reason is OrdRejReason.VENUE_CLOSED
    day.order(at(29, 15, 52), "2", 60, "100.00")  # C10 meets the order for the close, then C2.

    closing = day.until(at(29, 16))
    assert [one[1:] for one in closing if one[2] == "TRADE" and one[1] == "C5"] == [
        ("C5", "TRADE", "FILLED", 40, "100.05")
    ]
    assert {one[1] for one in closing if one[2] == "EXPIRED"} == {"C2", "C7"}
    assert day.phase == "closed"

    assert day.until(at(30, 8)) == [("13:00:00", "C8", "RESTATED", "NEW", 0, "")]
    assert day.phase == "opening_call"


def test_a_venue_that_slept_for_days_lives_them_one_by_one():
    """From Tuesday over Thanksgiving to Friday: each thing at its own time."""
    day = Day(at(22, 10))
    day.order(at(22, 10), "1", 10, "99", time_in_force="1")
    day.order(at(22, 10), "1", 10, "98")
    day.order(at(22, 10), "1", 10, "97", time_in_force="6", expire_date="20221123")
    day.order(at(22, 10), "1", 10, "96", time_in_force="6", expire_time="20221125-15:00:00")

    said = [(one.trade_date, one.client, one.exec_type.name) for one in day.floor.wake(at(25, 11))]

    assert said == [
        ("20221122", "C2", "EXPIRED"),
        ("20221123", "C1", "RESTATED"),
        ("20221123", "C3", "RESTATED"),
        ("20221123", "C4", "RESTATED"),
        ("20221123", "C3", "EXPIRED"),
        ("20221125", "C1", "RESTATED"),
        ("20221125", "C4", "RESTATED"),
        ("20221125", "C4", "EXPIRED"),
    ]


def test_what_was_for_an_auction_only_expires_with_it():
    day = Day(at(29, 8))
    day.order(at(29, 8), "1", 10, "99", time_in_force="2")

    assert day.until(at(29, 9, 30)) == [("14:30:00", "C1", "EXPIRED", "EXPIRED", 0, "")]


def test_a_good_till_order_tells_what_was_done_today():
    day = Day(at(28, 10), day_end=DayEnd.DONE_FOR_DAY)
    day.order(at(28, 10), "1", 100, "100", time_in_force="1")
    day.order(at(28, 10), "2", 30, "100")
    done = day.floor.wake(at(28, 16))
    (restated,) = day.floor.wake(at(29, 9, 30))

    fill = next(one for one in day.order(at(29, 10), "2", 20, "100") if one.client == "C1")

    assert [(one.exec_type, one.leaves_qty) for one in done] == [(ExecType.DONE_FOR_DAY, 70)]
    assert restated.restatement_reason is RestatementReason.GT_RENEWAL
    assert restated.ord_status is OrdStatus.PARTIALLY_FILLED
    assert dict(fill.extra)[424] == "70"
    assert dict(fill.extra)[425] == "20"
    assert fill.cum_qty == 50


def test_the_bands_stop_a_price_that_runs_away():
    """5 % of 100.00: the price stays at 105.00 for 15 seconds, then a halt and an auction."""
    day = Day(at(29, 10), band_percent=Decimal(5), halt_auction=True)
    assert day.floor.view(("books", "AAPL"))["bands"] == ["95.00", "105.00"]
    day.order(at(29, 10), "2", 100, "104.00")
    day.order(at(29, 10), "2", 100, "110.00")

    bought = day.order(at(29, 10), "1", 150, "120.00")

    assert [(one.client, one.last_qty, one.last_px) for one in bought[1:]] == [
        ("C3", 100, "104.00"),
        ("C1", 100, "104.00"),
    ]
    assert day.until(at(29, 10, 0, 14)) == []
    assert day.floor.view(("phase",))["halted"] == []
    assert day.until(at(29, 10, 0, 15)) == []
    assert day.floor.view(("phase",))["halted"] == ["AAPL"]
    assert day.until(at(29, 10, 5, 14)) == []
    reopened = day.until(at(29, 10, 5, 15))
    assert {(one[0], one[4]) for one in reopened} == {("15:05:15", 50)}
    price = reopened[0][5]
    assert 110 <= Decimal(price) <= 120
    low, high = day.floor.view(("books", "AAPL"))["bands"]
    assert Decimal(low) < Decimal(price) < Decimal(high)


def test_a_price_that_comes_back_in_time_is_not_halted():
    day = Day(at(29, 10), band_percent=Decimal(5))
    day.order(at(29, 10), "1", 150, "120.00")

    day.order(at(29, 10, 0, 10), "2", 150, "101.00")

    assert day.until(at(29, 10, 0, 30)) == []
    assert day.floor.view(("phase",))["halted"] == []


def test_the_bands_follow_the_mean_price_of_a_window():
    day = Day(at(29, 10), band_percent=Decimal(5))
    day.order(at(29, 10), "2", 100, "104.00")
    day.order(at(29, 10), "1", 100, "104.00")

    day.until(at(29, 10, 5))

    assert day.floor.view(("books", "AAPL"))["bands"] == ["98.80", "109.20"]


def test_a_symbol_that_is_halted_at_the_close_does_not_trade_in_its_auction():
    day = Day(at(29, 15), halt_auction=True)
    day.floor.operate("halt", {"symbol": "AAPL"}, at(29, 15))
    day.order(at(29, 15), "1", 10, "100")
    day.order(at(29, 15), "2", 10, "100")

    assert {one[2] for one in day.until(at(29, 16))} == {"EXPIRED"}


def test_a_halt_over_the_opening_ends_in_an_auction_when_it_is_lifted():
    day = Day(at(29, 8), halt_auction=True)
    day.floor.operate("halt", {"symbol": "AAPL"}, at(29, 8, 30))
    day.order(at(29, 9), "1", 10, "100")
    day.order(at(29, 9), "2", 10, "100")

    assert day.until(at(29, 9, 45)) == []
    _, trades = day.floor.operate("resume", {"symbol": "AAPL"}, at(29, 10))

    assert [one.last_px for one in trades] == ["100.00", "100.00"]


def test_the_session_tells_its_phases_to_who_asked():
    day = Day(at(29, 7))
    day.floor.handle(AskSessionStatus("C", "S", "1"), at(29, 7))

    notes = day.floor.wake(at(29, 16))

    states = [(dict(one.fields)[340], dict(one.fields)[625]) for one in notes]
    assert states == [("4", "2"), ("2", "3"), ("5", "4"), ("3", "5")]


@pytest.mark.parametrize(
    ("times", "now", "phase", "then"),
    [
        ({}, at(26, 10), Phase.CONTINUOUS, None),
        ({"close_time": time(16)}, at(26, 10), Phase.CONTINUOUS, (at(26, 16), Phase.CLOSED)),
        ({"close_time": time(16)}, at(26, 17), Phase.CLOSED, (at(27, 0), Phase.CONTINUOUS)),
        (
            {"open_time": time(9, 30), "trading_days": (0, 1, 2, 3, 4)},
            at(26, 10),
            Phase.CLOSED,
            (at(28, 0), Phase.CLOSED),
        ),
    ],
)
def test_the_calendar_knows_the_phase_and_the_next_one(times, now, phase, then):
    calendar = Calendar(Rules(name="XSIM", **times))

    assert calendar.phase(now) is phase
    found = calendar.next(now)
    if then is None or then[0] == at(28, 0):
        assert found is None or found[0] >= now + timedelta(hours=14)
    else:
        assert found == then


def test_days_of_another_length_have_their_boundaries_too():
    """Clocks went back in New York on 6 November 2022: 9:30 is 13:30 UTC before, 14:30 after."""
    calendar = Calendar(RULES)

    before = calendar.next(datetime(2022, 11, 4, 12, 30, tzinfo=UTC))
    after = calendar.next(datetime(2022, 11, 7, 13, 30, tzinfo=UTC))

    assert before == (datetime(2022, 11, 4, 13, 30, tzinfo=UTC), Phase.CONTINUOUS)
    assert after == (datetime(2022, 11, 7, 14, 30, tzinfo=UTC), Phase.CONTINUOUS)


def test_an_auction_price_stands_on_a_tick():
    """The middle of 99.97 and 100.02 is none."""
    day = Day(at(29, 8))
    day.order(at(29, 8), "1", 10, "100.02")
    day.order(at(29, 8), "1", 10, "99.97")
    day.order(at(29, 8), "2", 10, "99.90")

    assert {one[5] for one in day.until(at(29, 9, 30))} == {"100.00"}


@pytest.mark.parametrize(
    ("changes", "key", "word"),
    [
        ({"open_time": None}, "call_time", "an open_time too"),
        ({"close_time": None}, "closing_call_time", "a close_time too"),
        ({"open_time": time(7)}, "open_time", "after call_time, which is 08:00"),
        ({"close_time": time(15, 50)}, "close_time", "after closing_call_time, which is 15:50"),
        ({"trading_days": ()}, "trading_days", "one day or more"),
    ],
)
def test_rules_that_do_not_fit_together_are_named(changes, key, word):
    assert RULES.fault() is None

    field, want = replace(RULES, **changes).fault()

    assert field == key
    assert word in want
