"""Clocks: none goes back, a fast one waits for those who live by it, a long sleep is left out."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.market.building import make_market
from simulator.market.settings import MarketSettings
from simulator.running import clock as clocks
from simulator.running.clock import RunningClock, SteppedClock, clock_from
from simulator.running.house import House, Overslept

NOON = datetime(2022, 11, 30, 17, tzinfo=UTC)


@pytest.fixture
def wall(monkeypatch):
    """Seconds that pass when the test says so."""

    class Wall:
        seconds = 0.0

    monkeypatch.setattr(clocks.time, "monotonic_ns", lambda: int(Wall.seconds * 1e9))
    return Wall


def test_a_clock_runs_from_its_start_at_its_speed(wall):
    slow, fast = RunningClock(NOON), RunningClock(NOON, 60)

    wall.seconds = 1.5

    assert slow.now() == NOON + timedelta(seconds=1.5)
    assert fast.now() == NOON + timedelta(seconds=90)
    assert fast.seconds_until(NOON + timedelta(seconds=210)) == 2
    assert fast.seconds_until(NOON) == 0


def test_a_fast_clock_shows_no_more_than_can_be_lived_through(wall):
    """A second of real time is an hour here, and an hour takes two seconds to live."""
    clock = RunningClock(NOON, 3600)
    shown = [NOON]
    for _ in range(40):
        wall.seconds += 0.01
        now = clock.now()
        took = (now - shown[-1]) / timedelta(hours=1) * 2
        wall.seconds += took
        clock.lived(now, took)
        shown.append(now)

    strides = [later - earlier for earlier, later in pairwise(shown)]
    assert all(stride > timedelta(0) for stride in strides)
    assert all(stride < timedelta(minutes=4) for stride in strides[-20:])


def test_a_restarted_clock_is_never_before_what_has_happened():
    later = NOON + timedelta(hours=1)

    assert clock_from(NOON, 1.0, stepped=True, latest=later).now() == later
    assert clock_from(later, 1.0, stepped=True, latest=NOON).now() == later
    assert clock_from(None, 1.0, stepped=False, latest=None).now() > NOON


def test_a_stepped_clock_moves_forward_only():
    clock = SteppedClock(NOON)

    clock.step_to(NOON + timedelta(hours=2))
    clock.step_to(NOON)

    assert clock.now() == NOON + timedelta(hours=2)
    assert clock.seconds_until(NOON) == 0
    assert clock.seconds_until(NOON + timedelta(hours=3)) is None


def house():
    stock = Instrument(
        symbol="AAPL", security_id="US0378331005", price="148.00", ticks=(("0", "0.01"),),
        lots=(("0", 1),), average_daily_volume=1_000_000,
    )  # fmt: skip
    market = make_market(
        MarketSettings(), stock, seed="1", recorded=(), zone=ZoneInfo("America/New_York")
    )
    assert market is not None

    class Counted(type(market)):
        acts = 0

        def act(self, book, now):
            Counted.acts += 1
            return super().act(book, now)

    market.__class__ = Counted
    return House({"XSIM": ExchangeFloor(Rules(name="XSIM"), {"AAPL": stock}, {"AAPL": market})}), (
        Counted
    )


def test_a_market_does_not_make_up_for_a_weekend_in_which_the_process_was_away():
    weekend, awake = NOON + timedelta(days=3), timedelta(seconds=10)
    asleep, counted = house()
    asleep.turn(NOON)

    asleep.turn(weekend, [Overslept()])
    acts = counted.acts
    asleep.turn(weekend + awake)

    assert acts == 2
    assert counted.acts - acts == pytest.approx(awake / timedelta(seconds=0.25), abs=1)
    assert asleep.floors["XSIM"].view(("books", "AAPL"))["bids"]
