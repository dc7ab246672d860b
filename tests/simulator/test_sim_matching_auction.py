"""Auctions: the price against every price there is, and what becomes of the orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.matching.auction import Terms, auction
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Gone, Kind, Stay, Trade, Triggered, Why

REFERENCE = 100
LIMIT, MARKET = Kind.LIMIT, Kind.MARKET


def shares():
    limit = st.one_of(st.none(), st.integers(90, 110), st.integers(90, 110))
    return st.lists(st.tuples(limit, st.integers(1, 40)), max_size=12)


def outcome(buys, sells, price):
    wanted = sum(shares for limit, shares in buys if limit is None or limit >= price)
    offered = sum(shares for limit, shares in sells if limit is None or limit <= price)
    return min(wanted, offered), wanted - offered


@given(shares(), shares(), st.integers(85, 115), st.sampled_from((1, 2, 5)))
def test_no_other_price_trades_more_or_leaves_less_or_is_nearer(buys, sells, reference, tick):
    result = auction(buys, sells, Terms(reference, tick))

    limits = {limit for limit, _ in [*buys, *sells] if limit is not None}
    everywhere = limits | set(range(0, 200, tick))
    ranks = {}
    for price in everywhere:
        volume, imbalance = outcome(buys, sells, price)
        if volume:
            ranks[price] = (-volume, abs(imbalance), abs(price - reference), price)
    if not ranks:
        assert result is None
        return
    best = min(ranks, key=ranks.get)
    assert result == (best, *outcome(buys, sells, best))


@given(shares(), shares(), st.integers(90, 100), st.integers(100, 110))
def test_no_auction_prices_outside_the_band(buys, sells, lower, upper):
    result = auction(buys, sells, Terms(REFERENCE, 1, lower, upper))

    volumes = [outcome(buys, sells, price)[0] for price in range(lower, upper + 1)]
    if result is None:
        assert max(volumes) == 0
    else:
        assert lower <= result.price <= upper
        assert result.volume == max(volumes)


@pytest.mark.parametrize(
    ("buys", "sells", "price", "pressed"),
    [
        ([(102, 200)], [(99, 100)], 100, 102),  # Buyers are left at every price: the highest.
        ([(102, 100)], [(99, 200)], 100, 99),  # Sellers are left: the lowest.
        ([(102, 100)], [(99, 100)], 100, 100),  # Nobody is left: the reference.
        ([(99, 100)], [(97, 100)], 99, 99),  # The reference is too high: the nearest.
        ([(None, 100)], [(None, 100)], 100, 100),  # Nobody has a limit.
        ([(None, 200)], [(None, 100)], 100, 100),
        ([(100, 100), (102, 100)], [(100, 100), (102, 100)], 101, 101),
        ([(90, 10)], [(110, 10)], None, None),
    ],
)
def test_ties_go_to_the_reference_or_under_pressure_to_the_other_side(buys, sells, price, pressed):
    for rule, expected in ((False, price), (True, pressed)):
        result = auction(buys, sells, Terms(REFERENCE, pressure=rule))

        assert (result and result.price) == expected


def opened(entries, auction=Stay.OPEN, **terms):
    book = Book(REFERENCE, **terms)
    book.call(auction)
    for number, entry in enumerate(entries, 1):
        assert book.enter(entry._replace(number=number)) == []
    return book


@given(shares(), shares(), st.randoms())
def test_an_auction_trades_what_it_promised_best_and_earliest_first(buys, sells, order):
    entries = [Entry(0, True, shares, limit, LIMIT if limit else MARKET) for limit, shares in buys]
    entries += [
        Entry(0, False, shares, limit, LIMIT if limit else MARKET) for limit, shares in sells
    ]
    order.shuffle(entries)
    book = opened(entries)
    promised = book.indicative()

    events = book.uncross()

    traded: dict[int, int] = {}
    for event in events:
        assert event.price == promised.price == book.last
        for number in (event.maker, event.taker):
            traded[number] = traded.get(number, 0) + event.quantity
    assert sum(event.quantity for event in events) == (promised.volume if promised else 0)
    for side in (True, False):
        ranked = [
            (entry.price is not None, (entry.price or 0) * (-1 if side else 1), number)
            for number, entry in enumerate(entries, 1)
            if entry.buys is side
        ]
        full = [
            traded.get(number, 0) == entries[number - 1].quantity for *_, number in sorted(ranked)
        ]
        some = [traded.get(number, 0) > 0 for *_, number in sorted(ranked)]
        assert full == sorted(full, reverse=True)
        assert some == sorted(some, reverse=True)
    for number, entry in enumerate(entries, 1):
        assert book.waiting(number) == entry.quantity - traded.get(number, 0)
    assert not crossed(book)


def crossed(book):
    bid, offer = book.best(buys=True), book.best(buys=False)
    return bid is not None and offer is not None and bid >= offer


def test_nothing_trades_in_a_call():
    book = opened([Entry(0, True, 100, 101), Entry(0, False, 60, 99)])

    assert book.levels(buys=True) == [(101, 100)]
    assert book.levels(buys=False) == [(99, 60)]
    assert book.indicative() == (100, 60, 40)


def test_an_iceberg_counts_in_full():
    book = opened([Entry(0, True, 100, 100, display=10), Entry(0, False, 70, 100)])

    assert book.indicative().volume == 70
    assert book.uncross() == [Trade(2, 1, 100, 70)]
    assert next(iter(book.orders(buys=True))) == (1, 100, 10, 20)


def test_orders_for_one_auction_wait_for_it_and_leave_after_it():
    book = Book(REFERENCE)
    book.enter(Entry(1, True, 50, 101, stay=Stay.CLOSE))
    book.enter(Entry(2, False, 50, 99, stay=Stay.OPEN))
    book.enter(Entry(3, False, 20, 100))
    assert book.levels(buys=True) == []
    assert book.levels(buys=False) == [(100, 20)]

    book.call(Stay.CLOSE)
    assert book.indicative() == (100, 20, 30)

    assert book.uncross() == [Trade(3, 1, 100, 20), Gone(1, 30, Why.AUCTION_OVER)]
    assert book.waiting(2) == 50
    assert not book.calling


def test_a_halt_in_a_call_sends_its_orders_back_to_wait():
    book = opened([Entry(0, True, 50, 101, stay=Stay.OPEN), Entry(0, False, 50, 99)])

    book.call(None)
    assert book.indicative() is None
    assert book.uncross() == []
    assert book.waiting(1) == 50

    book.call(Stay.OPEN)
    assert book.uncross() == [Trade(2, 1, 100, 50)]


def test_orders_that_may_not_wait_leave_a_call_at_once():
    book = opened([])

    assert book.enter(Entry(1, True, 10, 100, stay=Stay.IOC)) == [Gone(1, 10, Why.IOC)]
    assert book.enter(Entry(2, True, 10, 100, stay=Stay.FOK)) == [Gone(2, 10, Why.FOK)]


def test_a_cancelled_order_is_no_part_of_the_auction():
    book = opened([Entry(0, True, 10, 101), Entry(0, False, 10, 99)])

    assert book.cancel(1) == 10
    assert book.indicative() is None


def test_conditions_wait_until_the_auction_is_over():
    book = opened([Entry(0, True, 50, 101, all_or_none=True), Entry(0, False, 60, 99)])
    assert book.indicative() is None

    assert book.uncross() == [Trade(2, 1, 99, 50)]


def test_stops_wait_for_the_auction_and_are_reached_by_its_price():
    book = opened(
        [
            Entry(0, True, 10, None, Kind.STOP, stop=103),
            Entry(0, True, 50, 104),
            Entry(0, False, 50, 103),
            Entry(0, False, 10, 105),
        ]
    )

    assert book.uncross() == [Trade(3, 2, 103, 50), Triggered(1), Trade(4, 1, 105, 10)]


def test_a_stop_already_reached_enters_when_the_call_is_over():
    book = opened([Entry(0, False, 10, 101), Entry(0, True, 10, None, Kind.STOP, stop=100)])

    assert book.uncross() == [Triggered(2), Trade(1, 2, 101, 10)]


def test_pegs_leave_the_queues_for_the_auction_and_come_back():
    book = Book(REFERENCE)
    book.enter(Entry(1, True, 10, 98))
    book.enter(Entry(2, False, 10, 104))
    book.enter(Entry(3, True, 10, None, Kind.PEG_PRIMARY))
    book.enter(Entry(4, True, 10, None, Kind.PEG_MID))
    assert book.levels(buys=True) == [(98, 20)]

    book.call(None)
    assert book.levels(buys=True) == [(98, 10)]

    assert book.uncross() == []
    assert [order.price for order in book.orders(buys=True)] == [101, 98, 98]


def test_what_an_auction_in_a_band_leaves_stands_within_it():
    book = Book(REFERENCE)
    book.limit(95, 102)
    book.call(None)
    book.enter(Entry(1, True, 50, 110))
    book.enter(Entry(2, False, 20, 101))
    book.enter(Entry(3, False, 30, 105))
    assert book.indicative() == (101, 20, 30)

    assert book.uncross() == [Trade(2, 1, 101, 20)]
    assert book.best(buys=True) == 102
    assert book.best(buys=False) == 105


@pytest.mark.parametrize(("pressure", "price"), [(False, 100), (True, 102)])
def test_a_book_asks_for_pressure_only_where_its_venue_does(pressure, price):
    book = opened([Entry(0, True, 200, 102), Entry(0, False, 100, 99)], pressure=pressure)

    assert book.uncross() == [Trade(2, 1, price, 100)]
