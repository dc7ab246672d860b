"""Seeded quotes: the same market for the same seed, whatever clients do."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.book import Book
from simulator.liquidity import Provider, Quoting
from simulator.words import Side

QUOTING = Quoting(middle=1000, lot_size=10, level_lots=8, levels=4, half_spread=1, wander=3)
orders = st.tuples(st.sampled_from(Side), st.integers(1, 500), st.none() | st.integers(985, 1015))
steps = st.lists(st.lists(orders, max_size=3), min_size=1, max_size=15)


def run(seed, day):
    """Everything that traded, step by step, and the book that is left."""
    book, provider, number, trades = Book(QUOTING.middle), Provider(QUOTING, seed), 0, []
    for orders_of_step in day:
        trades.append(provider.step(book))
        for side, quantity, price in orders_of_step:
            number += 1
            trades.append(book.enter(number, side, quantity, price))
    return trades, [book.orders(side) for side in Side]


@given(steps, st.text(max_size=5))
def test_the_same_seed_and_orders_give_the_same_trades(day, seed):
    assert run(seed, day) == run(seed, day)


def test_another_seed_gives_another_market():
    quiet = [[] for _ in range(20)]

    assert run("one", quiet) != run("two", quiet)


def test_the_first_step_fills_every_level():
    book = Book(1000)

    Provider(QUOTING, "seed").step(book)

    assert book.levels(Side.BUY) == [(999, 80), (998, 80), (997, 80), (996, 80)]
    assert book.levels(Side.SELL) == [(1001, 80), (1002, 80), (1003, 80), (1004, 80)]


@given(steps)
def test_quotes_stay_near_their_middle_in_whole_lots_and_full_at_most(day):
    book, provider, number = Book(QUOTING.middle), Provider(QUOTING, "seed"), 0
    for orders_of_step in day:
        provider.step(book)
        quotes = [one for side in Side for one in book.orders(side) if one.number < 0]
        assert all(abs(quote.price - 1000) <= 3 + 1 + 4 for quote in quotes)
        assert all(0 < quote.quantity <= 80 for quote in quotes)
        for side, _, price in orders_of_step:
            number += 1
            book.enter(number, side, 10, price, rest=False)


def test_a_large_order_fills_over_several_steps():
    book, provider = Book(1000), Provider(QUOTING, "seed")
    provider.step(book)
    book.enter(1, Side.BUY, 1000, None)
    steps = 0

    while book.waiting(1):
        provider.step(book)
        steps += 1

    assert 2 < steps < 50
