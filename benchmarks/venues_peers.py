"""Matching engines from PyPI behind one small interface, each used as its own pages say.

They are optional, so each is imported where it is used.

Chosen are those with releases in the last year that match limit orders by price and time and can
cancel by an order's number; where there is no replace, a cancel and a new order take its place,
which is what a replace to another price is. Looked at and left out:

- lightmatchingengine 2019.1.4: no release since 2019, 2-Pre-Alpha; sums a whole level per trade.
- pyorderbook 0.4.9: no release since February 2025; an order is a Decimal dataclass with a UUID.
- liquibook 2.0.1: SWIG around a C++ engine that calls Python back for every event; nobody has
  released it since September 2025.
- order-book 1.1.0: sorted price levels in C; it does not match.
- limit-order-book 2.0.0: builds from source, C++ and ctypes like orderly-chaos, its successor here.
- nanobook 0.19.2: Rust; on this stream (seed 1, operation 1663, one new order among twenty in its
  book) submit_limit never returned.
- matching-engine 0.1.1: no distribution for Python 3.11.
"""

import importlib.metadata
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from benchmarks.venues_stream import FIRST_PRICE, SYMBOLS
from simulator.matching.book import Book
from simulator.matching.entries import Entry, Event, Trade


class Engine(Protocol):
    """What every engine is asked to do. Both entries answer the shares that traded at once."""

    def new(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int: ...

    def cancel(self, symbol: int, number: int) -> None: ...

    def replace(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int: ...


class Ours:
    """simulator.matching."""

    def __init__(self) -> None:
        self._books = [Book(FIRST_PRICE) for _ in range(SYMBOLS)]

    def new(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        events = self._books[symbol].enter(Entry(number, buys, quantity, price))
        return _shares(events) if events else 0

    def cancel(self, symbol: int, number: int) -> None:
        self._books[symbol].cancel(number)

    def replace(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        book = self._books[symbol]
        book.cancel(number)
        events = book.enter(Entry(number, buys, quantity, price))
        return _shares(events) if events else 0


def _shares(events: list[Event]) -> int:
    return sum(event.quantity for event in events if isinstance(event, Trade))


class OrderlyChaos:
    """orderly-chaos: C++ behind ctypes; trades come to a callback, as ours come in a list."""

    def __init__(self) -> None:
        from orderly_chaos import LimitOrderBook, Side

        self._sides = {True: Side.BUY, False: Side.SELL}
        self._trades: list[Any] = []
        self._books = [LimitOrderBook(on_trade=self._trades.append) for _ in range(SYMBOLS)]

    def new(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        self._trades.clear()
        return int(self._books[symbol].limit(self._sides[buys], number, quantity, price))

    def cancel(self, symbol: int, number: int) -> None:
        self._books[symbol].cancel(number)

    def replace(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        self.cancel(symbol, number)
        return self.new(symbol, number, buys, quantity, price)


class FastLob:
    """fastlob: pure Python on Decimal; its thread that expires orders is not started."""

    def __init__(self) -> None:
        from fastlob import Orderbook, OrderParams, OrderSide
        from fastlob.enums import ResultType

        logging.getLogger().setLevel(logging.ERROR)
        self._params = OrderParams
        self._executed = (ResultType.MARKET, ResultType.PARTIAL_MARKET)
        self._sides = {True: OrderSide.BID, False: OrderSide.ASK}
        self._books = [Orderbook(f"S{symbol}") for symbol in range(SYMBOLS)]
        for book in self._books:
            book._alive = True  # noqa: SLF001  What start() does besides the thread.
        self._theirs: dict[int, str] = {}

    def new(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        result = self._books[symbol](self._params(self._sides[buys], price, quantity))
        self._theirs[number] = result.orderid()
        if result.kind() not in self._executed:
            return 0
        return int(sum(result.execprices().values()))

    def cancel(self, symbol: int, number: int) -> None:
        self._books[symbol].cancel(self._theirs.pop(number))

    def replace(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        self.cancel(symbol, number)
        return self.new(symbol, number, buys, quantity, price)


class OrderMatching:
    """order-matching: pure Python on floats; an order is placed, then matched."""

    def __init__(self) -> None:
        from loguru import logger
        from order_matching.enums import Side
        from order_matching.matching_engine import MatchingEngine
        from order_matching.order import LimitOrder
        from order_matching.orders import Orders

        logger.disable("order_matching")
        self._order, self._orders = LimitOrder, Orders
        self._sides = {True: Side.BUY, False: Side.SELL}
        self._books = [MatchingEngine(seed=1) for _ in range(SYMBOLS)]
        self._now = datetime(2022, 11, 30)  # noqa: DTZ001  As its own examples.

    def new(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        book = self._books[symbol]
        order = self._order(
            side=self._sides[buys],
            price=float(price),
            size=float(quantity),
            timestamp=self._now,
            order_id=str(number),
            trader_id="",
        )
        book.place(orders=self._orders([order]))
        return int(sum(trade.size for trade in book.match(timestamp=self._now).trades))

    def cancel(self, symbol: int, number: int) -> None:
        self._books[symbol].cancel_order(str(number))

    def replace(self, symbol: int, number: int, buys: bool, quantity: int, price: int) -> int:
        self.cancel(symbol, number)
        return self.new(symbol, number, buys, quantity, price)


PEERS: dict[str, tuple[str, Callable[[], Engine]]] = {
    "orderly-chaos": ("C++ core, Python interface", OrderlyChaos),
    "fastlob": ("pure Python", FastLob),
    "order-matching": ("pure Python", OrderMatching),
}


def version(name: str) -> str:
    """The installed version. Raises PackageNotFoundError."""
    return importlib.metadata.version(name)
