"""The benchmark's stream, and a second witness: plain C written for its bound."""

import time
from collections import Counter

import pytest

from benchmarks.venues_bound import Bound, NoCompilerError
from benchmarks.venues_stream import CANCEL, NEW, REPLACE, Stream
from simulator.matching.book import Book
from simulator.matching.entries import Entry

COUNT = 20_000


def test_one_seed_is_one_stream():
    assert list(Stream(3).take(2000)) == list(Stream(3).take(2000))
    assert list(Stream(3).take(2000)) != list(Stream(4).take(2000))


def test_the_stream_is_60_new_30_cancel_10_replace():
    kinds = Counter(operation.what for operation in Stream().take(COUNT))

    shares = {what: count / COUNT for what, count in kinds.items()}
    assert shares == pytest.approx({NEW: 0.6, CANCEL: 0.3, REPLACE: 0.1}, abs=0.01)


def test_the_books_keep_their_size():
    stream = Stream(tends_to=1000)

    sizes = [sum(1 for _ in stream.take(5000)) and stream.waiting for _ in range(6)]

    assert max(sizes) < 1200
    assert sum(
        1 for book in stream.books for buys in (True, False) for _ in book.orders(buys=buys)
    ) == (stream.waiting)


def test_plain_c_trades_as_many_shares():
    stream = Stream(2)
    operations = list(stream.take(COUNT))
    try:
        bound = Bound()
    except NoCompilerError as error:
        pytest.skip(str(error))

    _, traded = bound.measure(operations)

    assert traded == stream.traded_shares > 0


def test_a_crowd_at_one_price_costs_no_more_than_a_few():
    """The first of a hundred thousand who wait is found as soon as the first of a hundred."""
    few, crowd = (crowded(count, 3000) for count in (3100, 100_000))

    assert crowd < 5 * few


def crowded(waiting, coming):
    """Processor seconds for so many to trade with a queue, one by one."""
    book = Book(100)
    for number in range(1, waiting + 1):
        book.enter(Entry(number, False, 10, 100))
    for number in range(1, waiting - coming):
        book.enter(Entry(waiting + number, True, 10, 100))
    began = time.process_time()
    for number in range(2 * waiting, 2 * waiting + coming):
        assert len(book.enter(Entry(number, True, 10, 100))) == 1
    return time.process_time() - began
