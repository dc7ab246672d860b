"""The kill switch: how long until the last open order is cancelled on the wire.

    python -m benchmarks.kill --json
    python -m benchmarks.kill --orders 500 --trials 10 --throttle 100

Each trial puts so many limit orders to work at an exchange of the bundled simulator, a process
of its own, and halts the firm. Everything is durable: SQLite with synchronous=FULL, QuickFIX's
file store, the log on file. Times are those of one process: when the halt was asked for, when the
commit of the switch returned, and when QuickFIX had written each cancel to its socket. A trial
fails when an order leaves after that commit, or when an order is left without its cancel.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from benchmarks import gateway_desk, machine
from console.clocks import SystemClock
from console.demo.processes import start_venues
from console.log import configure_logging
from console.pace import favour_the_wire
from domain.orders import OrdStatus, Side
from domain.runs import Kill
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from oms import wire_risk
from oms.booking import Booking
from oms.entering import enter
from oms.halt import halt
from vault import SqlVault, migrate

_VENUE = gateway_desk.VENUE
_PATIENCE_SECONDS = 60.0
_PRICES = "symbol,security_id,price,tick,lot_size,average_daily_volume\n"
_CONFIG = """
seed = 1
state_dir = "venues"
[[venue]]
name = "XSIM"
port = 0
clients = ["TRIMTAB"]
prices = "prices.csv"
levels = 0
"""
Row = dict[str, Any]


class Wire:
    """When each message left, by its MsgType: what the gateway's log says of the engine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: list[tuple[str, float]] = []

    def note(self, _logger: object, _method: str, event: Row) -> Row:
        """A processor of structlog."""
        if event["event"] == "fix.out":
            with self._lock:
                self._sent.append((event["msg_type"], time.perf_counter()))
        return event

    def forget(self) -> None:
        with self._lock:
            self._sent.clear()

    def times(self, kind: str) -> list[float]:
        with self._lock:
            return [at for sent, at in self._sent if sent == kind]


class Desk:
    """A vault with an open book, and a gateway that is logged on to the venue."""

    def __init__(self, directory: Path, port: int, throttle: int) -> None:
        url = f"sqlite:///{directory}/trimtab.db"
        migrate.upgrade(url)
        self._clock = SystemClock()
        self.vault = SqlVault(
            url, clock=self._clock, holder="benchmark", anchor_path=directory / "anchor"
        )
        self._facts = wire_risk.price_facts(gateway_desk.open_books(self.vault, self._clock.now()))
        self.wire = Wire()
        configured = structlog.get_config()
        processors = [self.wire.note, *configured["processors"]]
        noting = structlog.wrap_logger(configured["logger_factory"]("gateway"), processors)
        path = directory / "fix.cfg"
        sessions = write_session_config(
            path, {_VENUE: ("127.0.0.1", port)}, store=directory / "fix"
        )
        table = {"session": sessions[_VENUE], "throttle": throttle}
        settings = load_settings(path, {_VENUE: table}, {})
        self.gateway = Gateway(self.vault, Booking(), self._clock, settings, noting)
        self._number = 0

    def put_to_work(self, count: int) -> None:
        """Buys far below what the exchange quotes: each waits there."""
        names = [f"K{self._number + 2 * one + 1}" for one in range(count)]
        self._number += 2 * count
        now = self._clock.now()
        wanted = [replace(one, side=Side.BUY) for one in gateway_desk.intents(names, now)]
        with self.vault.write() as uow:
            going = enter(uow, wanted, gateway_desk.LIMITS, self._facts, now)
        assert len(going.intents) == count, going.stopped
        self.gateway.wake()
        _until(lambda: self._standing(OrdStatus.NEW) == count, "the orders at work")

    def kill(self, count: int) -> tuple[float, ...]:
        """Halt the firm: milliseconds to the commit, and from there to first and last cancel."""
        kill = Kill(scope="firm", name="", by="Ann", why="drill", set_at=self._clock.now())
        self.wire.forget()
        committed: list[float] = []

        @contextmanager
        def setting(one: Kill) -> Iterator[None]:
            with self.gateway.setting(one):
                yield
            committed.append(time.perf_counter())

        asked = time.perf_counter()
        taken = halt(self.vault, kill, wake=self.gateway.wake, setting=setting)
        assert len(taken) == count
        _until(lambda: len(self.wire.times("F")) == count, "the cancels")
        cancels = self.wire.times("F")
        assert not self.wire.times("D"), "an order left after the kill"
        _until(lambda: self._standing() == 0, "the end of the orders")
        instants = (committed[0] - asked, min(cancels) - committed[0], max(cancels) - committed[0])
        return tuple(1000 * seconds for seconds in instants)

    def lift(self) -> None:
        """Trade again."""
        with self.vault.write() as uow:
            assert uow.kills.lift("firm", "", "Ben", self._clock.now())

    def _standing(self, *status: OrdStatus) -> int:
        with self.vault.read() as view:
            return sum(not status or one.status in status for one in view.orders.open())


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


def measure(options: argparse.Namespace) -> Row:
    """All trials, and what they took."""
    with tempfile.TemporaryDirectory(prefix="kill-") as name, ExitStack() as stack:
        directory = Path(name)
        configure_logging(directory / "log.jsonl")
        desk = Desk(directory, _venue(directory, stack), options.throttle)
        stack.callback(desk.vault.close)
        stack.callback(desk.gateway.stop)
        desk.gateway.start()
        favour_the_wire()
        trials = [_trial(desk, options.orders) for _ in range(options.trials + 1)][1:]
    names = ("asked_to_commit", "commit_to_first_cancel", "commit_to_last_cancel")
    spans = {
        name: sorted(span) for name, span in zip(names, zip(*trials, strict=True), strict=True)
    }
    return {
        f"{name}_{word}_ms": round(span[int(share * len(span))], 1)
        for name, span in spans.items()
        for word, share in (("p50", 0.5), ("p99", 0.99))
    }


def _trial(desk: Desk, orders: int) -> tuple[float, ...]:
    desk.put_to_work(orders)
    found = desk.kill(orders)
    desk.lift()
    return found


def _venue(directory: Path, stack: ExitStack) -> int:
    """Start the simulator; its port."""
    symbols = zip(gateway_desk.SECURITIES, range(gateway_desk.NAMES), strict=True)
    rows = "".join(f"S{number:02d},{name},148.00,0.01,1,1000000\n" for name, number in symbols)
    (directory / "prices.csv").write_text(_PRICES + rows, "utf-8")
    (directory / "venues.toml").write_text(_CONFIG, "utf-8")
    venues = start_venues(directory / "venues.toml", directory / "venues.stderr")
    stack.callback(venues.process.stop)
    return venues.ports[_VENUE]


def main() -> None:
    """Measure, and print."""
    options = _options()
    facts = {"machine": machine.described(), "load_before": machine.load()}
    row = {"orders": options.orders, "trials": options.trials, "throttle": options.throttle}
    row |= measure(options)
    if options.json:
        text = json.dumps({**facts, "load_after": machine.load(), "rows": [row]})
    else:
        text = ", ".join(f"{key} {value}" for key, value in row.items())
    sys.stdout.write(f"{text}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--orders", type=int, default=100, help="open orders at each kill")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--throttle", type=int, default=1000, help="messages a second")
    return parser.parse_args()


if __name__ == "__main__":
    main()
