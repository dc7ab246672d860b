"""Real sockets: a bare client, simplefix and QuickFIX's own initiator against our doors."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
import simplefix

from simulator.fix.acceptor import Acceptor
from simulator.fix.instant import Instant
from simulator.fix.profile import DoorLimits, SessionProfile
from simulator.fix.session import Asked, Session
from simulator.fix.store import MemoryStore
from simulator.values.messages import Report
from simulator.values.requests import NewOrder

PATIENCE_SECONDS = 10


def instant() -> Instant:
    return Instant(datetime.now(UTC), time.monotonic())


def reports(order: NewOrder) -> list[Report]:
    """A trivial floor: New, then filled whole at 10."""
    common = {
        "client": order.client,
        "order_id": f"O-{order.cl_ord_id}",
        "cl_ord_id": order.cl_ord_id,
        "symbol": order.symbol,
        "side": order.side,
        "order_qty": int(order.quantity),
        "trade_date": "20221130",
        "transact_time": "20221130-14:30:00.000",
    }
    shares = int(order.quantity)
    return [
        Report(
            **common, exec_id=f"E-{order.cl_ord_id}-1", exec_type="0", ord_status="0",
            cum_qty=0, leaves_qty=shares, avg_px="0",
        ),
        Report(
            **common, exec_id=f"E-{order.cl_ord_id}-2", exec_type="F", ord_status="2",
            cum_qty=shares, leaves_qty=0, avg_px="10", last_qty=shares, last_px="10",
        ),
    ]  # fmt: skip


class House:
    """Doors on a thread of their own, with the trivial floor behind them."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.asked: list[object] = []
        self.acceptor: Acceptor
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)

    def do(self, call: Callable[[], object]) -> object:
        async def done() -> object:
            return call()

        return self.run(done())

    async def start(self, sessions: list[Session], limits: DoorLimits) -> int:
        self.acceptor = Acceptor(
            clock=instant,
            on_turn=self.turn,
            on_event=lambda name, fields: self.events.append((name, fields)),
        )
        return await self.acceptor.open(sessions, host="127.0.0.1", port=0, limits=limits)

    def turn(self, asked: list[Asked], now: Instant) -> None:
        for one in asked:
            self.asked.append(one.request)
            if isinstance(one.request, NewOrder):
                for report in reports(one.request):
                    one.session.say(report, now)

    def close(self) -> None:
        self.run(self.acceptor.close("the test is over", 1.0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()


@contextmanager
def doors(*profiles: SessionProfile, limits: DoorLimits | None = None) -> Iterator:
    house = House()
    sessions = [Session(profile, MemoryStore()) for profile in profiles]
    port = house.run(house.start(sessions, limits or DoorLimits()))
    try:
        yield house, port, sessions
    finally:
        house.close()


class Client:
    """A bare FIX client on simplefix."""

    def __init__(self, port: int, name: str = "CLIENT1", venue: str = "XSIM") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self.name, self.venue = name, venue
        self.number = 1
        self._parser = simplefix.FixParser()

    def send(self, kind: str, *fields: tuple[int, object], number: int | None = None) -> None:
        self.socket.sendall(self.encoded(kind, *fields, number=number))

    def encoded(self, kind: str, *fields: tuple[int, object], number: int | None = None) -> bytes:
        message = simplefix.FixMessage()
        message.append_pair(8, "FIX.4.4")
        message.append_pair(35, kind)
        message.append_pair(34, self.number if number is None else number)
        message.append_pair(49, self.name)
        message.append_utc_timestamp(52, header=True)
        message.append_pair(56, self.venue)
        for tag, value in fields:
            message.append_pair(tag, value)
        if number is None:
            self.number += 1
        return message.encode()

    def log_on(self, *fields: tuple[int, object]) -> simplefix.FixMessage:
        self.send("A", (98, 0), (108, 30), *fields)
        return self.read()

    def order(self, cl_ord_id: str, *fields: tuple[int, object]) -> None:
        self.send("D", *order_fields(cl_ord_id), *fields)

    def read(self) -> simplefix.FixMessage:
        message = self.read_or_end()
        assert message is not None, "the venue hung up"
        return message

    def read_or_end(self) -> simplefix.FixMessage | None:
        while (message := self._parser.get_message()) is None:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._parser.append_buffer(data)
        return message

    def close(self) -> None:
        with suppress(OSError):
            self.socket.close()


def order_fields(cl_ord_id: str) -> tuple[tuple[int, object], ...]:
    return (
        (11, cl_ord_id), (55, "AAPL"), (54, 1), (38, 100), (40, 2), (44, "10.00"), (59, 0),
        (60, "20221130-14:30:00.000"),
    )  # fmt: skip


CLIENT1 = SessionProfile(venue="XSIM", client="CLIENT1")


@pytest.fixture
def open_door() -> Iterator:
    with doors(CLIENT1) as (house, port, sessions):
        client = Client(port)
        yield house, client, sessions[0]
        client.close()


def test_a_client_logs_on_trades_and_logs_out(open_door):
    house, client, _ = open_door

    answer = client.log_on()
    client.order("A1")
    new, filled = client.read(), client.read()
    client.send("5")
    goodbye = client.read_or_end()

    assert answer.get(35) == b"A"
    assert answer.get(108) == b"30"
    assert (new.get(39), filled.get(39), filled.get(32)) == (b"0", b"2", b"100")
    assert goodbye.get(35) == b"5"
    assert client.read_or_end() is None
    house.do(lambda: None)
    assert [type(one).__name__ for one in house.asked] == ["Connected", "NewOrder", "Disconnected"]
