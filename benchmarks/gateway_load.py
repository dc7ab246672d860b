"""The load: so many orders, either as fast as a window allows or at a fixed rate, come what may.

At a rate the load is open: order n is due at `start + n / rate` whatever became of the orders
before it, and its latency counts from that instant, so that a stall is felt by everything that was
due meanwhile (no coordinated omission). The first orders only warm up and are not counted.
"""

import argparse
import json
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

_GROUP = 100  # Orders handed over at once, at most, while a window is open.
_PATIENCE_SECONDS = 120.0
_SECOND = 1_000_000_000


def load_arguments(parser: argparse.ArgumentParser) -> None:
    """What every client is told of the load."""
    parser.add_argument("stamps", type=Path)
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--warm", type=int, default=200)
    parser.add_argument("--window", type=int, default=0, help="orders under way")
    parser.add_argument("--rate", type=int, default=0, help="orders a second")


class Load:
    """Names the orders, says when each goes, and notes when each was done."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._changed = threading.Condition()
        self._due: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._began = self._processor_began = 0.0
        self._seconds = self._processor_seconds = 0.0

    def run(self, send: Callable[[list[str]], None]) -> None:
        """Warm up, then the load proper; returns when all is done, and has noted it."""
        options = self._options
        self._by_window("W", options.warm, min(_GROUP, options.warm), send)
        self._due.clear()
        self._done.clear()
        began, spent = time.perf_counter(), time.process_time()
        if options.rate:
            self._by_rate("B", options.orders, options.rate, send)
        else:
            self._by_window("B", options.orders, options.window, send)
        self._seconds = time.perf_counter() - began
        self._processor_seconds = time.process_time() - spent
        with options.stamps.open("w") as file:
            for name, due in self._due.items():
                file.write(f"{name} {due} {self._done[name]}\n")

    def done(self, name: str) -> None:
        """The fill of this order has arrived; called on any thread."""
        self.all_done([name])

    def all_done(self, names: list[str]) -> None:
        """The fills of these orders have arrived."""
        now = time.monotonic_ns()
        with self._changed:
            for name in names:
                self._done.setdefault(name, now)
            self._changed.notify()

    def summary(self) -> str:
        """One JSON object."""
        orders = self._options.orders
        return json.dumps(
            {
                "orders": orders,
                "orders_per_second": round(orders / self._seconds, 1),
                "cpu_us_per_order": round(self._processor_seconds / orders * 1e6, 1),
                "resident_mb": resident_mb(),
            }
        )

    def _by_window(
        self, prefix: str, orders: int, window: int, send: Callable[[list[str]], None]
    ) -> None:
        sent = 0
        while sent < orders:
            group = min(_GROUP, orders - sent)
            needed = sent + group - window  # Done by then, so that a group fits in the window.
            with self._changed:
                self._wait(partial(self._are_done, needed))
            upto = sent + group
            self._hand_over(prefix, range(sent, upto), [time.monotonic_ns()] * (upto - sent), send)
            sent = upto
        with self._changed:
            self._wait(partial(self._are_done, orders))

    def _by_rate(
        self, prefix: str, orders: int, rate: int, send: Callable[[list[str]], None]
    ) -> None:
        start = time.monotonic_ns() + _SECOND // 10
        dues = [start + number * _SECOND // rate for number in range(orders)]
        sent = 0
        while sent < orders:
            now = time.monotonic_ns()
            if dues[sent] > now:
                time.sleep((dues[sent] - now) / _SECOND)
                continue
            upto = sent + 1
            while upto < orders and dues[upto] <= now:
                upto += 1
            self._hand_over(prefix, range(sent, upto), dues[sent:upto], send)
            sent = upto
        with self._changed:
            self._wait(partial(self._are_done, orders))

    def _are_done(self, orders: int) -> bool:
        return len(self._done) >= orders

    def _hand_over(
        self, prefix: str, numbers: range, dues: list[int], send: Callable[[list[str]], None]
    ) -> None:
        names = [f"{prefix}{number:07d}" for number in numbers]
        self._due.update(zip(names, dues, strict=True))
        send(names)

    def _wait(self, condition: Callable[[], bool]) -> None:
        if not self._changed.wait_for(condition, _PATIENCE_SECONDS):
            raise TimeoutError(f"{len(self._done)} of {len(self._due)} orders were done")


def resident_mb() -> float:
    """Resident memory of this process, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
