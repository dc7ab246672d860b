"""The provider's quotes, and how clients' executions move them."""

import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from simulator.exchange.instruments import Instrument
from simulator.market.building import make_market
from simulator.market.impact import Impact
from simulator.market.settings import Impacting, MarketSettings, Quoting
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Kind, Stay, Trade

START = datetime(2022, 11, 30, 15, tzinfo=UTC)
INSTRUMENT = Instrument(
    symbol="ABC",
    security_id="ABC",
    price="10.00",
    ticks=(("0", "0.01"),),
    lots=(("0", 10),),
    average_daily_volume=1_600_000,
)
MIDDLE, TICK = INSTRUMENT.reference, INSTRUMENT.tick(INSTRUMENT.reference)
QUOTING = Quoting(levels=4, half_spread=1, wander=3)
FULL = 80  # Shares of a full level: five in a hundred thousand of the volume.


def market(*, seed="seed", quoting=QUOTING, **settings):
    settings = MarketSettings(quoting=quoting, **settings)
    zone = ZoneInfo("America/New_York")
    return make_market(settings, INSTRUMENT, seed=seed, recorded=(), zone=zone)


class Floor:
    """A book with a market, as the exchange drives it."""

    def __init__(self, one):
        self.book = Book(MIDDLE)
        self.market = one
        self.now = START
        self.number = 0
        self.tell(one.act(self.book, START))

    def tell(self, events):
        self.market.saw(events, self.now)
        return events

    def until(self, now):
        said = []
        while (due := self.market.next_due()) is not None and due <= now:
            self.now = due
            said.append((due, self.tell(self.market.act(self.book, due))))
        self.now = now
        return said

    def enter(self, buys, quantity, price=None, stay=Stay.IOC):
        self.number += 1
        kind = Kind.MARKET if price is None else Kind.LIMIT
        entry = Entry(self.number, buys, quantity, price, kind, stay)
        return self.tell(self.book.enter(entry))


orders = st.tuples(
    st.booleans(), st.integers(1, 500), st.none() | st.integers(MIDDLE - 30, MIDDLE + 30)
)
days = st.lists(st.lists(orders, max_size=3), min_size=1, max_size=15)


def run(one, day):
    """Everything that traded, step by step, and the book that is left."""
    floor, said = Floor(one), []
    for step, orders_of_step in enumerate(day):
        said.append(floor.until(START + timedelta(seconds=step)))
        said += [floor.enter(*order, stay=Stay.WAIT) for order in orders_of_step]
    return said, [list(floor.book.orders(buys=buys)) for buys in (True, False)]


@given(days, st.text(max_size=5))
def test_the_same_seed_and_orders_give_the_same_trades(day, seed):
    impacting = Impacting(basis_points=Decimal(20))

    first = run(market(seed=seed, impacting=impacting), day)

    assert run(pickle.loads(pickle.dumps(market(seed=seed, impacting=impacting))), day) == first


def test_another_seed_gives_another_market():
    quiet = [[] for _ in range(20)]

    assert run(market(seed="one"), quiet) != run(market(seed="two"), quiet)


def test_the_first_step_fills_every_level():
    book = Floor(market()).book

    assert book.levels(buys=True) == [(MIDDLE - TICK * away, FULL) for away in (1, 2, 3, 4)]
    assert book.levels(buys=False) == [(MIDDLE + TICK * away, FULL) for away in (1, 2, 3, 4)]


@given(days)
def test_quotes_stay_near_their_middle_in_whole_lots_and_full_at_most(day):
    floor = Floor(market())
    for step, orders_of_step in enumerate(day):
        floor.until(START + timedelta(seconds=step))
        for buys in (True, False):
            for quote in floor.book.orders(buys=buys):
                assert abs(quote.price - MIDDLE) <= (3 + 1 + 4) * TICK
                assert 0 < quote.displayed <= FULL
        for order in orders_of_step:
            floor.enter(*order)


def test_what_clients_do_changes_no_draw():
    """The prices that are quoted are the same with and without them."""
    alone, used = Floor(market()), Floor(market())

    for second in range(1, 60):
        used.enter(second % 2 == 0, 100)
        alone.until(START + timedelta(seconds=second))
        used.until(START + timedelta(seconds=second))
        for buys in (True, False):
            prices = {price for price, _ in used.book.levels(buys=buys)}
            assert prices <= {price for price, _ in alone.book.levels(buys=buys)}


def test_a_large_order_fills_over_several_steps():
    floor = Floor(market())

    events = floor.enter(True, 2000, MIDDLE + 5 * TICK, Stay.WAIT)
    assert sum(event.quantity for event in events) == 4 * FULL
    later = floor.until(START + timedelta(minutes=1))

    assert floor.book.waiting(1) < 2000 - 4 * FULL
    assert any(events for _, events in later)


STILL = Quoting(levels=2, wander=0)


def test_buying_moves_the_quotes_up_and_they_recover_by_half_lives():
    """One percent of the volume at 100 basis points is one percent of the price."""
    impacting = Impacting(basis_points=Decimal(10_000), half_life=timedelta(seconds=60))
    floor = Floor(market(quoting=STILL, impacting=impacting))

    floor.enter(True, 160)  # A hundredth of a percent of the volume: one percent of the price.
    seen = {}
    for seconds in (1, 60, 120, 1200):
        floor.until(START + timedelta(seconds=seconds))
        seen[seconds] = floor.book.best(buys=True) + TICK - MIDDLE

    assert MIDDLE == 2000
    assert seen == {1: 20, 60: 10, 120: 4, 1200: 0}


def test_the_permanent_part_stays():
    impacting = Impacting(
        basis_points=Decimal(10_000), half_life=timedelta(seconds=1), permanent=Decimal("0.5")
    )
    floor = Floor(market(quoting=STILL, impacting=impacting))

    floor.enter(False, 160)
    floor.until(START + timedelta(minutes=10))

    assert floor.book.best(buys=False) - TICK - MIDDLE == -10


def test_quotes_stay_on_their_ticks_wherever_they_are_moved():
    impacting = Impacting(basis_points=Decimal(777))
    floor = Floor(market(impacting=impacting))

    for second in range(1, 120):
        floor.enter(second % 3 > 0, 70)
        floor.until(START + timedelta(seconds=second))
        for buys in (True, False):
            assert all(price % TICK == 0 for price, _ in floor.book.levels(buys=buys))


def test_trades_among_clients_and_among_the_market_move_nothing():
    impact = Impact(Impacting(basis_points=Decimal(10_000)), MIDDLE, 1_600_000)

    impact.saw([Trade(1, 2, MIDDLE, 1000), Trade(-2, -3, MIDDLE, 1000)], START)
    assert impact.shift(START) == 0

    impact.saw([Trade(-3, 2, MIDDLE, 160)], START)  # An odd number of the market's sells.
    assert impact.shift(START) == 20


def test_a_price_of_a_few_ticks_has_quotes_only_above_zero():
    cheap = Instrument(
        symbol="ABC",
        security_id="ABC",
        price="0.02",
        ticks=(("0", "0.01"),),
        lots=(("0", 1),),
        average_daily_volume=0,
    )
    book = Book(cheap.reference)
    one = make_market(
        MarketSettings(quoting=QUOTING), cheap, seed="", recorded=(), zone=ZoneInfo("UTC")
    )

    one.act(book, START)

    assert book.levels(buys=True) == [(2, 1)]
    assert len(book.levels(buys=False)) == 4
