"""Venues over FIX: orders a second with two reports each, ours against a bare QuickFIX acceptor.

One client for all: a raw socket, orders encoded beforehand, a window of orders under way, reports
counted. Ours matches: each second order trades with the one before, so that there are two reports
an order too. Rounds alternate between the venues; figures are medians. The processor time of the
venue's process is the steadier figure on a machine that has other work.
"""

import json
import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.fix.codec import encode

Row = dict[str, Any]
_WINDOW = 200  # Orders under way.
_REPORT = b"\x0135=8\x01"
_PATIENCE_SECONDS = 60
_TICKS = os.sysconf("SC_CLK_TCK")
_PRICES = "symbol,security_id,price,tick,lot_size,average_daily_volume\n"
_SYMBOLS = 100
_CONFIG = """\
state_dir = "venues"
durable = {durable}
[[venue]]
name = "XSIM"
clients = ["CLIENT1"]
prices = "prices.csv"
levels = 0
fee_per_share = 0.0035
reset_on_logon = true
"""


class Venue:
    """A venue's process and one session on it."""

    def __init__(self, name: str, process: "subprocess.Popen[str]", port: int) -> None:
        self.name = name
        self.rounds: list[tuple[float, float]] = []  # Seconds of the clock, of the processor.
        self.waits: list[float] = []  # Seconds for a buyer and a seller alone.
        self._process = process
        self._port = port
        self._orders = 0

    def round(self, orders: int) -> None:
        """So many orders, and their reports."""
        with self._session() as client:
            texts = self._encoded(orders, 2)
            spent, began = self._spent(), time.perf_counter()
            client.pump(texts)
            self.rounds.append((time.perf_counter() - began, self._spent() - spent))

    def pair_by_pair(self, pairs: int) -> None:
        """The next buyer and seller only when all is said about the last."""
        with self._session() as client:
            texts = self._encoded(2 * pairs, 2)
            for first in range(0, 2 * pairs, 2):
                began = time.perf_counter()
                client.pump(texts[first : first + 2])
                self.waits.append(time.perf_counter() - began)

    def row(self, orders: int) -> Row:
        seconds = statistics.median(clock for clock, _ in self.rounds)
        spent = statistics.median(processor for _, processor in self.rounds)
        return {
            "method": self.name,
            "orders_per_second": round(orders / seconds),
            "cpu_us_per_order": round(spent / orders * 1e6, 1),
            "p50_us_pair": round(statistics.median(self.waits) * 1e6),
            "resident_mb": self._resident_mb(),
        }

    @contextmanager
    def _session(self) -> Iterator["Client"]:
        client = Client(self._port)
        try:
            client.send("A", 1, "98=0\x01108=30\x01141=Y\x01")
            client.wait(b"\x0135=A\x01", 1)
            yield client
            client.send("5", client.number + 1, "")
            client.wait(b"\x0135=5\x01", 1)
        finally:
            client.close()

    def _encoded(self, orders: int, first: int) -> list[bytes]:
        texts = []
        for number in range(first, first + orders):
            self._orders += 1
            symbol = f"S{(self._orders - 1) // 2 % _SYMBOLS:02d}"
            side = 1 + self._orders % 2
            body = (
                f"11=B{self._orders}\x0121=1\x0155={symbol}\x0154={side}\x0138=100\x0140=2\x01"
                f"44=148.00\x0159=0\x0160={_stamp()}\x01"
            )
            texts.append(message("D", number, body))
        return texts

    def _spent(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


class Client:
    """A raw socket that counts what comes."""

    def __init__(self, port: int) -> None:
        self.number = 1
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def send(self, kind: str, number: int, body: str) -> None:
        self._socket.sendall(message(kind, number, body))

    def pump(self, texts: Sequence[bytes]) -> None:
        """Send all, never more than the window ahead; two reports come for each."""
        self.number += len(texts)
        sent = seen = 0
        while seen < 2 * len(texts):
            ahead = sent - seen // 2
            if sent < len(texts) and ahead < _WINDOW:
                upto = min(len(texts), sent + _WINDOW - ahead)
                self._socket.sendall(b"".join(texts[sent:upto]))
                sent = upto
            seen += self._count(_REPORT)

    def wait(self, mark: bytes, times: int) -> None:
        seen = 0
        while seen < times:
            seen += self._count(mark)

    def close(self) -> None:
        self._socket.close()

    def _count(self, mark: bytes) -> int:
        if not select.select([self._socket], [], [], _PATIENCE_SECONDS)[0]:
            raise TimeoutError("the venue says nothing any more")
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the venue hung up")
        data = self._rest + data
        self._rest = data[-len(mark) + 1 :]
        return data.count(mark)


def message(kind: str, number: int, body: str) -> bytes:
    head = f"35={kind}\x0134={number}\x0149=CLIENT1\x0152={_stamp()}\x0156=XSIM\x01"
    return encode("FIX.4.4", head + body)


def rows(orders: int, rounds: int) -> Iterator[Row]:
    """Every venue, side by side."""
    with ExitStack() as stack:
        venues = [
            *(stack.enter_context(ours(durable=durable)) for durable in (False, True)),
            *(
                stack.enter_context(bare(store, *arguments))
                for store, *arguments in (
                    ("memory",),
                    ("memory", "--fields"),
                    ("memory", "--dictionary"),
                    ("file", "--dictionary"),
                )
            ),
        ]
        for one in venues:
            one.round(orders // 10)  # Warm.
            one.rounds.clear()
        for _ in range(rounds):
            for one in venues:
                one.round(orders)
        for one in venues:
            one.pair_by_pair(300)
        yield from (one.row(orders) for one in venues)


@contextmanager
def ours(*, durable: bool) -> Iterator[Venue]:
    """The venues' program with one exchange of a hundred symbols."""
    with tempfile.TemporaryDirectory(prefix="venues-") as directory:
        names = [f"S{number:02d}" for number in range(_SYMBOLS)]
        prices = "".join(f"{name},ID-{name},148.00,0.01,1,1000000\n" for name in names)
        Path(directory, "prices.csv").write_text(_PRICES + prices)
        config = Path(directory, "venues.toml")
        config.write_text(_CONFIG.format(durable=str(durable).lower()))
        command = [sys.executable, "-m", "simulator", "--config", str(config)]
        kept = "journal on disk before each answer" if durable else "journal not synced"
        with _process(command) as (process, ready):
            port = json.loads(ready)["venues"]["XSIM"]["port"]
            yield Venue(f"ours: sessions, matching, {kept}", process, port)


@contextmanager
def bare(store: str, *arguments: str) -> Iterator[Venue]:
    """QuickFIX's acceptor."""
    with tempfile.TemporaryDirectory(prefix="bare-") as directory:
        place = directory if store == "file" else store
        command = [sys.executable, "-m", "benchmarks.venues_bare_acceptor", place, *arguments]
        words = [f"{store} store", *(argument.removeprefix("--") for argument in arguments)]
        with _process(command) as (process, ready):
            yield Venue(f"bare QuickFIX acceptor, {', '.join(words)}", process, int(ready))


@contextmanager
def _process(command: list[str]) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _stamp() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H:%M:%S}.{now.microsecond // 1000:03d}"
