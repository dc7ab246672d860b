"""The benchmark's stream, and a second witness: plain C written for its bound."""

from collections import Counter

import pytest

from benchmarks.venues_bound import Bound, NoCompilerError
from benchmarks.venues_stream import CANCEL, NEW, REPLACE, Stream

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
