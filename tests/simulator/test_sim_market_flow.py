"""Random orders of others: their rates, sizes and places are what was asked for."""

import pickle
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import mean, median
from zoneinfo import ZoneInfo

import pytest

from simulator.exchange.instruments import Instrument
from simulator.market.building import make_market
from simulator.market.settings import Flowing, MarketSettings, Quoting
from simulator.matching.book import Book
from simulator.matching.entries import Kind

START = datetime(2022, 11, 30, 15, tzinfo=UTC)
INSTRUMENT = Instrument(
    symbol="ABC",
    security_id="ABC",
    price="100.00",
    ticks=(("0", "0.01"),),
    lots=(("0", 100),),
    average_daily_volume=10_000_000,
)
FLOWING = Flowing(
    orders_per_minute=Decimal(600),
    taking=Decimal("0.25"),
    median_lots=3,
    size_spread=Decimal("0.8"),
    distance=4,
    patience=timedelta(seconds=10),
)


class Watched(Book):
    """A book that remembers what was asked of it."""

    def __init__(self):
        super().__init__(INSTRUMENT.reference)
        self.entered = []
        self.cancelled = 0

    def enter(self, entry):
        self.entered.append((entry, self.best(buys=True), self.best(buys=False)))
        return super().enter(entry)

    def cancel(self, number):
        self.cancelled += 1
        return super().cancel(number)


def market(seed="seed", levels=0, flowing=FLOWING):
    settings = MarketSettings(quoting=Quoting(levels=levels), flowing=flowing)
    return make_market(settings, INSTRUMENT, seed=seed, recorded=(), zone=ZoneInfo("UTC"))


def run(one, book, *, minutes):
    said = []
    one.act(book, START)
    while (due := one.next_due()) <= START + timedelta(minutes=minutes):
        said.append((due, one.act(book, due)))
    return said


def test_arrivals_are_poisson():
    """As many as asked for, and as uneven: the variance of a Poisson count is its mean."""
    book = Watched()
    one = market(flowing=Flowing(orders_per_minute=Decimal(600)))
    counts = Counter()
    one.act(book, START)
    while (due := one.next_due()) < START + timedelta(minutes=20):
        before = len(book.entered)
        one.act(book, due)
        counts[(due - START) // timedelta(seconds=1)] += len(book.entered) - before

    per_second = [counts[second] for second in range(1200)]
    average = mean(per_second)
    assert average == pytest.approx(10, rel=0.05)
    assert mean((count - average) ** 2 for count in per_second) == pytest.approx(10, rel=0.15)


def test_sizes_sides_and_kinds_are_what_was_asked_for():
    book = Watched()
    run(market(), book, minutes=10)
    entries = [entry for entry, _, _ in book.entered]

    assert len(entries) > 5000
    assert all(entry.quantity % 100 == 0 for entry in entries)
    assert median(entry.quantity for entry in entries) == 300
    assert mean(entry.buys for entry in entries) == pytest.approx(0.5, abs=0.03)
    assert mean(entry.kind is Kind.MARKET for entry in entries) == pytest.approx(0.25, abs=0.03)


def test_limits_stand_on_ticks_as_far_from_the_middle_as_was_asked_for():
    book = Watched()
    run(market(), book, minutes=5)

    distances = []
    for entry, bid, offer in book.entered:
        if entry.price and bid and offer:
            assert entry.price % 2 == 0
            middle = (bid + offer) / 2
            distances.append((middle - entry.price if entry.buys else entry.price - middle) / 2)
    assert min(distances) > 0
    assert mean(distances) == pytest.approx(4, abs=1)


def test_limits_are_cancelled_so_that_the_book_does_not_grow():
    book = Watched()
    run(market(), book, minutes=10)

    waiting = sum(1 for buys in (True, False) for _ in book.orders(buys=buys))
    expected = 10 * 0.75 * 10  # A second's limits for ten seconds, less what was traded.
    assert 0 < waiting < 1.5 * expected
    assert book.cancelled > 3000


def test_one_seed_is_one_flow_and_another_is_another():
    first = run(market(levels=3), Book(INSTRUMENT.reference), minutes=1)

    again = pickle.loads(pickle.dumps(market(levels=3)))
    assert run(again, Book(INSTRUMENT.reference), minutes=1) == first
    assert run(market(seed="other", levels=3), Book(INSTRUMENT.reference), minutes=1) != first


def test_a_pause_is_not_made_up_for():
    """After a halt or a night there is one order, not all that would have come."""
    book, one = Watched(), market()
    one.act(book, START)

    one.act(book, START + timedelta(hours=10))

    assert len(book.entered) == 1
    assert one.next_due() > START + timedelta(hours=10)


def test_the_middle_moves_by_itself():
    book = Book(INSTRUMENT.reference)

    run(market(), book, minutes=10)

    assert book.last != INSTRUMENT.reference
    assert abs(book.last - INSTRUMENT.reference) < INSTRUMENT.reference // 20


def test_without_anybody_there_is_no_market():
    assert market(flowing=Flowing()) is None
