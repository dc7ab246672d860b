"""A recorded day: read whole or refused, and lived again beside the clients."""

import pickle
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator.exchange.instruments import Instrument
from simulator.market.building import make_market
from simulator.market.recorded import (
    COLUMNS,
    Print,
    Quote,
    RecordedDayError,
    read_recorded_day,
)
from simulator.market.settings import MarketSettings
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Trade

HEADER = ",".join(COLUMNS)
NEW_YORK = ZoneInfo("America/New_York")
INSTRUMENT = Instrument(
    symbol="AAPL",
    security_id="US0378331005",
    price="147.60",
    ticks=(("0", "0.01"),),
    lots=(("0", 1),),
    average_daily_volume=85_000_000,
)
DAY = """\
09:30:00,AAPL,quote,147.59,300,147.61,500,,
09:30:01.5,AAPL,trade,,,,,147.61,200
09:30:01.5,AAPL,quote,147.59,300,147.61,300,,
09:30:02,AAPL,quote,147.60,100,147.62,400,,
09:30:03,AAPL,trade,,,,,147.60,50
09:30:04,AAPL,quote,,,147.62,400,,
"""


def units(text):
    return INSTRUMENT.units(text)


def read(tmp_path, text):
    path = tmp_path / "day.csv"
    path.write_text(f"{HEADER}\n{text}")
    return read_recorded_day(path, {"AAPL": INSTRUMENT})


def replay(rows):
    return make_market(MarketSettings(), INSTRUMENT, seed="", recorded=rows, zone=NEW_YORK)


def at(text):
    local = datetime.combine(date(2022, 11, 30), time.fromisoformat(text), NEW_YORK)
    return local.astimezone(UTC)


def live(market, book, until, begin="09:00:00"):
    said = market.act(book, at(begin))
    while (due := market.next_due()) is not None and due <= at(until):
        said += market.act(book, due)
    return said


def test_a_recorded_day_is_read_as_units_and_shares(tmp_path):
    rows = read(tmp_path, DAY)["AAPL"]

    assert rows[0] == Quote(time(9, 30), (units("147.59"), 300), (units("147.61"), 500))
    assert rows[1] == Print(time(9, 30, 1, 500_000), units("147.61"), 200)
    assert rows[5] == Quote(time(9, 30, 4), None, (units("147.62"), 400))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("9:30,AAPL,trade,,,,,147.61,200", ":2: time is '9:30'; write a time of day"),
        ("09:30:61,AAPL,trade,,,,,147.61,200", ":2: time is '09:30:61'"),
        ("09:30:00,MSFT,trade,,,,,147.61,200", ":2: symbol is 'MSFT'; write one of"),
        ("09:30:00,AAPL,print,,,,,147.61,200", ":2: kind is 'print'; write quote or trade"),
        ("09:30:00,AAPL,trade,,,,,147.615,200", ":2: price is '147.615'; write a price on"),
        ("09:30:00,AAPL,trade,,,,,-1,200", ":2: price is '-1'"),
        ("09:30:00,AAPL,trade,,,,,1e400,200", ":2: price is '1e400'"),
        ("09:30:00,AAPL,trade,,,,,147.61,0", ":2: size is '0'; write a whole number"),
        ("09:30:00,AAPL,trade,,,,,147.61,", ":2: size is ''"),
        ("09:30:00,AAPL,trade,147.60,,,,147.61,5", ":2: bid is '147.60'; write nothing"),
        ("09:30:00,AAPL,quote,147.60,5,,,147.61,", ":2: price is '147.61'; write nothing"),
        ("09:30:00,AAPL,quote,147.60,,147.61,5,,", ":2: bid_size is ''"),
        ("09:30:00,AAPL,quote,147.61,5,147.61,5,,", ":2: bid is '147.61'; write a price below"),
        ("09:30:00,AAPL,quote,147.60", ":2: 4 fields; there must be 9"),
        ("", "no line after the header"),
    ],
)
def test_a_bad_line_is_refused_by_file_line_and_field(tmp_path, line, words):
    with pytest.raises(RecordedDayError) as refusal:
        read(tmp_path, line)

    assert str(refusal.value).startswith(str(tmp_path / "day.csv"))
    assert words in str(refusal.value)


def test_times_that_go_back_are_refused(tmp_path):
    with pytest.raises(RecordedDayError, match=":3: time is '09:29:59'; write a time not before"):
        read(tmp_path, DAY.splitlines()[0] + "\n09:29:59,AAPL,trade,,,,,147.61,200\n")


def test_another_header_or_no_file_is_refused(tmp_path):
    path = tmp_path / "day.csv"
    with pytest.raises(RecordedDayError, match="there is no such file"):
        read_recorded_day(path, {})
    path.write_bytes(HEADER.encode("utf-16"))
    with pytest.raises(RecordedDayError, match="cannot be read as UTF-8"):
        read_recorded_day(path, {})
    path.write_text("time,symbol\n")
    with pytest.raises(RecordedDayError, match=":1: the header is 'time,symbol'; it must be"):
        read_recorded_day(path, {})


def test_the_recorded_quotes_stand_in_the_book(tmp_path):
    book, market = Book(INSTRUMENT.reference), replay(read(tmp_path, DAY)["AAPL"])

    live(market, book, "09:30:00")
    assert book.levels(buys=True) == [(units("147.59"), 300)]
    assert book.levels(buys=False) == [(units("147.61"), 500)]

    live(market, book, "09:30:04", begin="09:30:00.5")
    assert book.levels(buys=True) == []
    assert book.levels(buys=False) == [(units("147.62"), 400)]
    assert market.next_due() is None


def test_recorded_trades_hit_the_side_that_they_did(tmp_path):
    book, market = Book(INSTRUMENT.reference), replay(read(tmp_path, DAY)["AAPL"])

    trades = [event for event in live(market, book, "16:00:00") if isinstance(event, Trade)]

    assert [(trade.price, trade.quantity) for trade in trades] == [
        (units("147.61"), 200),
        (units("147.60"), 50),
    ]
    assert [trade.taker % 2 for trade in trades] == [0, 1]  # A buy, then a sell.


def test_a_client_who_stands_where_it_traded_is_filled(tmp_path):
    book, market = Book(INSTRUMENT.reference), replay(read(tmp_path, DAY)["AAPL"])
    live(market, book, "09:30:00")
    book.enter(Entry(1, False, 120, units("147.60")))

    events = live(market, book, "09:30:01.5", begin="09:30:00.5")

    assert [(event.maker, event.quantity) for event in events[:2]] == [(1, 120), (-5, 80)]


def test_a_trade_at_the_middle_goes_the_way_the_price_moved(tmp_path):
    text = """\
09:30:00,AAPL,quote,147.58,300,147.62,500,,
09:30:01,AAPL,trade,,,,,147.62,10
09:30:02,AAPL,trade,,,,,147.60,10
"""
    book, market = Book(INSTRUMENT.reference), replay(read(tmp_path, text)["AAPL"])
    live(market, book, "09:30:01")
    book.enter(Entry(1, True, 10, units("147.60")))

    events = live(market, book, "09:30:02", begin="09:30:01.5")

    assert [event.maker for event in events] == [1]


def test_a_market_that_wakes_late_begins_with_the_last_quote(tmp_path):
    book, market = Book(INSTRUMENT.reference), replay(read(tmp_path, DAY)["AAPL"])

    assert market.act(book, at("09:30:03.5")) == []

    assert book.levels(buys=True) == [(units("147.60"), 100)]
    assert market.next_due() == at("09:30:04")


def test_the_next_trade_date_lives_the_same_day_again(tmp_path):
    book, market = Book(INSTRUMENT.reference), replay(read(tmp_path, DAY)["AAPL"])
    live(market, book, "16:00:00")

    market.act(book, at("09:00:00") + timedelta(days=1))

    assert market.next_due() == at("09:30:00") + timedelta(days=1)


def test_a_pickled_replay_goes_on_where_it_was(tmp_path):
    book, market = Book(INSTRUMENT.reference), replay(read(tmp_path, DAY)["AAPL"])
    live(market, book, "09:30:01.5")

    other_book, other = pickle.loads(pickle.dumps((book, market)))

    assert other.next_due() == market.next_due()
    assert other.act(other_book, at("09:30:02")) == market.act(book, at("09:30:02"))
    assert other_book.levels(buys=True) == book.levels(buys=True)
