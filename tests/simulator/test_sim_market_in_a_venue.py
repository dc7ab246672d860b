"""A recorded day in a venue, from its configuration to a client's reports."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.market.recorded import COLUMNS, RecordedDayError
from simulator.running.building import build_house
from simulator.running.config import read_config
from simulator.running.house import Ask
from simulator.values.messages import Report
from simulator.values.requests import NewOrder

PRICES = Path(__file__).parents[2] / "simulator" / "sample_prices.csv"  # AAPL, AMD, ...
BEGIN = datetime(2022, 11, 30, 14, 29, 50, tzinfo=UTC)  # 9:29:50 in New York.
CONFIG = """\
[[venue]]
name = "XSIM"
clients = ["DESK"]
prices = "prices.csv"
recorded = "day.csv"
"""
DAY = """\
09:30:00,AAPL,quote,147.50,300,147.60,500,,
09:30:10,AAPL,trade,,,,,147.50,250
09:30:11,AAPL,quote,147.40,300,147.50,500,,
"""


def venue(folder, day=DAY):
    shutil.copy(PRICES, folder / "prices.csv")
    (folder / "day.csv").write_text(",".join(COLUMNS) + "\n" + day)
    (folder / "venues.toml").write_text(CONFIG)
    return build_house(read_config(folder / "venues.toml"))


def order(cl_ord_id, symbol, side, price):
    return Ask("XSIM", NewOrder("DESK", cl_ord_id, symbol, side, "100", "2", price))


def live(house, *asked):
    """Ask at the beginning, then a minute; (ClOrdID, seconds, LastQty, LastPx) of each trade."""
    said = list(house.turn(BEGIN, asked).said)
    for second in range(60):
        said += house.turn(BEGIN + timedelta(seconds=second)).said
    reports = [one for _, one in said if isinstance(one, Report) and one.last_qty]
    return [
        (one.cl_ord_id, one.transact_time.split(":")[-1], one.last_qty, one.last_px)
        for one in reports
    ]


def test_a_client_who_stands_first_is_met_by_a_recorded_trade(tmp_path):
    trades = live(venue(tmp_path), order("FIRST", "AAPL", "1", "147.50"))

    assert trades == [("FIRST", "10.000", 100, "147.50")]


def test_a_recorded_quote_meets_a_client_who_waits(tmp_path):
    trades = live(venue(tmp_path), order("MEETS", "AAPL", "2", "147.45"))

    assert trades == [("MEETS", "00.000", 100, "147.45")]


def test_a_client_behind_the_recorded_price_waits_for_it(tmp_path):
    trades = live(venue(tmp_path), order("LATER", "AAPL", "1", "147.40"))

    assert trades == []


def test_a_symbol_that_is_not_recorded_has_its_provider(tmp_path):
    assert live(venue(tmp_path), order("OTHER", "AMD", "1", "999.00"))


def test_a_bad_line_is_refused_before_the_venue_begins(tmp_path):
    with pytest.raises(RecordedDayError, match=r"day\.csv:2: price is '147\.501'"):
        venue(tmp_path, "09:30:00,AAPL,trade,,,,,147.501,250\n")
