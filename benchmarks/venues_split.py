"""Where the time of an order goes inside a venue: session, exchange, book, each alone in process.

The same orders for all: each second one trades with the one before, so an order has two reports.
Processor time; medians of rounds. `share_of_session` is what the issue asks to be below a fifth
for matching.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.fix.codec import Framer, encode, parse
from simulator.fix.instant import Instant
from simulator.fix.profile import SessionProfile
from simulator.fix.session import Session
from simulator.fix.store import MemoryStore
from simulator.matching.book import Book
from simulator.matching.entries import Entry
from simulator.values.messages import Message
from simulator.values.requests import NewOrder, Request

Row = dict[str, Any]
_SYMBOLS = [f"S{number:02d}" for number in range(100)]
_NOW = datetime(2022, 11, 30, 15, 0, tzinfo=UTC)
_STAMP = "20221130-15:00:00.000"
_CHUNK = 1 << 16  # Bytes read at once.
_TURN = 300  # Orders answered between two readings.


def rows(orders: int, rounds: int) -> Iterator[Row]:
    """Session, exchange and book alone."""
    asked = _orders(orders)
    floor = _floor()
    said = [message for request in asked for message in floor.handle(request, _NOW)]
    figures = {
        "FIX session alone: frame, parse, validate, two reports": lambda: _session(asked, said),
        "exchange alone: order to reports, matching included": lambda: _exchange(asked),
        "book alone: price-time matching": lambda: _book(orders),
    }
    spent = {name: _median(run, rounds) / orders * 1e6 for name, run in figures.items()}
    session = next(iter(spent.values()))
    for name, microseconds in spent.items():
        yield {
            "method": name,
            "orders_per_second": round(1e6 / microseconds),
            "cpu_us_per_order": round(microseconds, 2),
            "share_of_session": round(microseconds / session, 3),
        }


def _median(run: Callable[[], float], rounds: int) -> float:
    return statistics.median(run() for _ in range(rounds))


def _orders(orders: int) -> list[NewOrder]:
    return [
        NewOrder(
            client="CLIENT1",
            cl_ord_id=f"B{number}",
            symbol=_SYMBOLS[number // 2 % len(_SYMBOLS)],
            side="12"[number % 2],
            quantity="100",
            ord_type="2",
            price="148.00",
        )
        for number in range(orders)
    ]


def _floor() -> ExchangeFloor:
    instruments = {
        name: Instrument(
            symbol=name,
            security_id=f"ID-{name}",
            price="148.00",
            ticks=(("0", "0.01"),),
            lots=(("0", 1),),
            average_daily_volume=1_000_000,
        )
        for name in _SYMBOLS
    }
    return ExchangeFloor(Rules(name="XSIM"), instruments)


def _session(asked: list[NewOrder], said: list[Message]) -> float:
    session = Session(SessionProfile(venue="XSIM", client="CLIENT1"), MemoryStore())
    now = Instant(_NOW, 1.0)
    session.log_on(parse(_encoded("A", 1, "98=0\x01108=30\x01")), now)
    stream = b"".join(_encoded("D", number, _body(one)) for number, one in enumerate(asked, 2))
    reports = iter(said)
    framer = Framer(_CHUNK)
    began = time.process_time()
    for at in range(0, len(stream), _CHUNK):
        for raw in framer.feed(stream[at : at + _CHUNK]):
            session.receive(raw, now)
        for one in session.asked:
            if one.number:
                session.say(next(reports), now)
                session.say(next(reports), now)
        session.asked.clear()
        b"".join(session.take_out(now.seconds))
    return time.process_time() - began


def _exchange(asked: list[NewOrder]) -> float:
    floor, now = _floor(), _NOW
    requests: list[Request] = list(asked)
    began = time.process_time()
    for at in range(0, len(requests), _TURN):
        now += timedelta(milliseconds=1)
        for request in requests[at : at + _TURN]:
            floor.handle(request, now)
    return time.process_time() - began


def _book(orders: int) -> float:
    books = [Book(14800) for _ in _SYMBOLS]
    entries = [
        (
            books[number // 2 % len(_SYMBOLS)],
            Entry(number=number, buys=number % 2 == 0, quantity=100, price=14800),
        )
        for number in range(1, orders + 1)
    ]
    began = time.process_time()
    for book, entry in entries:
        book.enter(entry)
    return time.process_time() - began


def _encoded(kind: str, number: int, body: str) -> bytes:
    head = f"35={kind}\x0134={number}\x0149=CLIENT1\x0152={_STAMP}\x0156=XSIM\x01"
    return encode("FIX.4.4", head + body)


def _body(order: NewOrder) -> str:
    return (
        f"11={order.cl_ord_id}\x0121=1\x0155={order.symbol}\x0154={order.side}\x01"
        f"38={order.quantity}\x0140=2\x0144={order.price}\x0159=0\x0160={_STAMP}\x01"
    )
