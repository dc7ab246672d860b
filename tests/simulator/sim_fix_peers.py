"""Both ends of a real socket: our doors with a trivial floor behind them, and a bare client."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import simplefix

from simulator.fix.acceptor import Acceptor
from simulator.fix.instant import Instant, stamped
from simulator.fix.profile import DoorLimits, SessionProfile
from simulator.fix.session import Asked, Session
from simulator.fix.store import MemoryStore
from simulator.values.messages import Report
from simulator.values.requests import NewOrder, Request

PATIENCE_SECONDS = 10


def instant() -> Instant:
    return Instant(datetime.now(UTC), time.monotonic())


def report_on(cl_ord_id: str, client: str, *, shares: int = 100, filled: bool = False) -> Report:
    """New, or filled whole at 10."""
    return Report(
        client=client,
        order_id=f"O-{cl_ord_id}",
        cl_ord_id=cl_ord_id,
        exec_id=f"E-{cl_ord_id}-{int(filled) + 1}",
        exec_type="F" if filled else "0",
        ord_status="2" if filled else "0",
        symbol="AAPL",
        side="1",
        order_qty=shares,
        cum_qty=shares if filled else 0,
        leaves_qty=0 if filled else shares,
        avg_px="10" if filled else "0",
        trade_date="20221130",
        transact_time="20221130-14:30:00.000",
        last_qty=shares if filled else None,
        last_px="10" if filled else "",
    )


class House:
    """Doors on a thread of their own. The floor behind them fills every order at once."""

    def __init__(self, profiles: tuple[SessionProfile, ...], limits: DoorLimits) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.asked: list[Request] = []
        self.acceptor: Acceptor
        self.failures: list[str] = []
        self._fails = False
        self._clients: list[Client] = []
        self._sessions = {one.client: Session(one, MemoryStore()) for one in profiles}
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(
            lambda _, context: self.failures.append(str(context["exception"]))
        )
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = self._run(self._open(limits))

    def client(self, name: str = "CLIENT1", venue: str = "XSIM") -> "Client":
        """A connection; it is closed with the house."""
        self._clients.append(Client(self.port, name, venue))
        return self._clients[-1]

    def session(self, client: str) -> Session:
        return self._sessions[client]

    def say(self, report: Report) -> None:
        """Something unsolicited; leaves with the next turn. To be called by `do`."""
        self.session(report.client).say(report, instant())
        self._loop.call_soon(self.acceptor.turn)

    def do(self, call: Callable[[], object]) -> object:
        """Call it on the loop."""

        async def done() -> object:
            return call()

        return self._run(done())

    def settle(self) -> None:
        """Let the turns that are due be over."""
        for _ in range(3):
            self.do(lambda: None)

    def wait_until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.do(holds):
            assert time.monotonic() < deadline, "it never happened"

    def asked_by(self, client: str) -> list[Request]:
        return [request for request in self.asked if request.client == client]

    def refusals(self) -> list[object]:
        self.settle()
        return [fields["reason"] for name, fields in self.events if name == "connection_refused"]

    def connections(self) -> int:
        """That are counted at the door."""
        return self.acceptor.connections

    def fail_from_now_on(self) -> None:
        """Every turn raises."""
        self._fails = True

    def close_soon(self) -> None:
        asyncio.run_coroutine_threadsafe(self.acceptor.close("the test is over"), self._loop)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._run(self.acceptor.close("the test is over", 0.5))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)

    async def _open(self, limits: DoorLimits) -> int:
        self.acceptor = Acceptor(
            clock=instant,
            on_turn=self._turn,
            on_event=lambda name, fields: self.events.append((name, fields)),
        )
        sessions = list(self._sessions.values())
        return await self.acceptor.open(sessions, host="127.0.0.1", port=0, limits=limits)

    def _turn(self, asked: list[Asked], now: Instant) -> None:
        if self._fails:
            raise OSError("the disk is full")
        for one in asked:
            self.asked.append(one.request)
            if isinstance(one.request, NewOrder):
                order = one.request
                for filled in (False, True):
                    report = report_on(
                        order.cl_ord_id, order.client, shares=int(order.quantity), filled=filled
                    )
                    one.session.say(report, now)


@contextmanager
def doors(*profiles: SessionProfile, limits: DoorLimits | None = None) -> Iterator[House]:
    house = House(profiles, limits or DoorLimits())
    try:
        yield house
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

    @staticmethod
    def stamp() -> str:
        """SendingTime for now."""
        return stamped(datetime.now(UTC))

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
