"""An exchange with a market of its own: mornings of others' trading around a client's orders."""

import pickle
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.market.building import make_market
from simulator.market.settings import Flowing, Impacting, MarketSettings, Quoting
from simulator.values.messages import Report
from simulator.values.requests import AskMarketData, CancelOrder, NewOrder
from simulator.values.words import ExecType

RULES = Rules(
    name="XSIM",
    call_time=time(9),
    open_time=time(9, 5),
    closing_call_time=time(9, 20),
    close_time=time(9, 25),
    band_percent=Decimal(1),
    limit_state=timedelta(seconds=5),
    band_halt=timedelta(seconds=30),
    halt_auction=True,
)
BUSY = MarketSettings(
    quoting=Quoting(replenish_interval=timedelta(seconds=2)),
    impacting=Impacting(basis_points=Decimal(50), half_life=timedelta(seconds=30)),
    flowing=Flowing(orders_per_minute=Decimal(120)),
)
BEGIN = datetime(2022, 11, 30, 13, 59, 50, tzinfo=UTC)  # 8:59:50 in New York.
LENGTH = timedelta(minutes=26)


def venue(seed, settings=BUSY, rules=RULES):
    stock = Instrument(
        symbol="AAPL",
        security_id="US0378331005",
        price="148.03",
        ticks=(("0", "0.01"),),
        lots=(("0", 1),),
        average_daily_volume=4_000_000,
    )
    market = make_market(settings, stock, seed=f"{seed}", recorded=(), zone=rules.time_zone)
    return ExchangeFloor(rules, {"AAPL": stock}, {"AAPL": market})


def live(seed, *, step=timedelta(hours=1), break_at=None):
    """The client's messages of one morning with forty orders."""
    floor, draw, said, now = venue(seed), Random(seed), [], BEGIN
    said += floor.handle(
        AskMarketData("C", "M", "1", "1", "1", ("0", "1", "2", "4", "B"), ("AAPL",)), now
    )
    for number in range(40):
        after = now + timedelta(milliseconds=draw.randint(1, 70_000))
        while now + step < after:
            now += step
            said += floor.wake(now)
        now = after
        if number == break_at:
            floor = pickle.loads(pickle.dumps(floor))
        price = f"148.{draw.randint(0, 6):02d}" if draw.random() < 0.7 else ""
        said += floor.handle(
            NewOrder(
                "C", f"X{number}", "AAPL", draw.choice("12"), "500", "2" if price else "1", price
            ),
            now,
        )
        if number % 4 == 3:
            said += floor.handle(CancelOrder("C", f"Y{number}", f"X{number - 2}", "AAPL", "1"), now)
    return said + floor.wake(BEGIN + LENGTH)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seeded_morning_is_the_same_however_it_is_lived(seed):
    said = live(seed)

    assert live(seed, step=timedelta(seconds=1)) == said
    assert live(seed, break_at=20) == said
    trades = [one for one in said if isinstance(one, Report) and one.exec_type is ExecType.TRADE]
    assert len(trades) > 10


def test_another_seed_is_another_morning():
    assert live(1) != live(2)


def test_the_book_is_never_crossed_while_trading_goes_on():
    floor = venue(3)
    for seconds in range(310, 1200, 3):
        floor.wake(BEGIN + timedelta(seconds=seconds))
        if floor.view(("phase",))["halted"]:
            continue
        best = floor.best("AAPL")
        assert best is None or Decimal(best[0]) < Decimal(best[1])


def test_buying_in_bulk_moves_the_price_until_the_bands_stop_it():
    floor = venue(4)
    now = BEGIN + timedelta(minutes=6)
    said = []
    for number in range(60):
        now += timedelta(seconds=1)
        said += floor.handle(NewOrder("C", f"B{number}", "AAPL", "1", "90000", "2", "160"), now)

    prices = [Decimal(one.last_px) for one in said if one.exec_type is ExecType.TRADE]
    upper = Decimal(floor.view(("books", "AAPL")).get("bands", ["0", "160"])[1])

    assert max(prices) > Decimal("148.50")
    assert max(prices) <= upper
    assert floor.view(("phase",))["halted"] == ["AAPL"]


def test_quotes_come_back_after_a_halt_and_after_a_night():
    quotes = MarketSettings(quoting=Quoting(replenish_interval=timedelta(seconds=2)))
    floor = venue(5, settings=quotes)
    now = BEGIN + timedelta(minutes=6)
    floor.wake(now)
    floor.operate("halt", {"symbol": "AAPL"}, now)
    assert floor.best("AAPL") is None
    floor.operate("resume", {"symbol": "AAPL"}, now + timedelta(minutes=1))
    assert floor.best("AAPL") is not None

    floor.wake(BEGIN + timedelta(hours=1))
    assert floor.best("AAPL") is None
    floor.wake(BEGIN + timedelta(days=1, minutes=6))

    assert floor.best("AAPL") is not None
