"""Memory under a steady load: what the service holds, minute by minute.

    python -m benchmarks.gateway_steady DIRECTORY PORT --minutes M --rate R

Orders are due at a fixed rate, each is filled, booked and given to its account; nothing of them is
kept here but their count. Prints what is held at the end of each minute, one line a minute on
stderr, and how it grew from the end of the first quarter on, when every cache is full.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.gateway_memory import Held, held
from benchmarks.gateway_ours import Desk
from benchmarks.gateway_rounds import Row, counterparty, run
from console.heap import heap_trimmer
from console.log import configure_logging
from console.pace import favour_the_wire

_TICK_SECONDS = 0.05
_END_SECONDS = 120.0
_MILLION = 1e6


class Count:
    """How many orders are done."""

    def __init__(self) -> None:
        self.orders = 0
        self._changed = threading.Condition()

    def all_done(self, names: Sequence[str]) -> None:
        """The fills of these are booked."""
        with self._changed:
            self.orders += len(names)
            self._changed.notify_all()

    def wait(self, orders: int) -> None:
        """Until so many are done."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.orders >= orders, _END_SECONDS):
                raise TimeoutError(f"{self.orders} of {orders} orders were done")


def rows(minutes: int, rate: int) -> Iterator[Row]:
    """One row: the minutes of one run."""
    with tempfile.TemporaryDirectory(prefix="steady-") as folder:
        place = Path(folder)
        words = ("-m", "benchmarks.gateway_acceptor")
        with counterparty(words, place / "theirs", place / "stamps") as port:
            ours = ["-m", "benchmarks.gateway_steady", str(place / "ours"), port]
            load = ["--minutes", str(minutes), "--rate", str(rate)]
            said = run([*ours, *load], patience_seconds=60 * minutes + 300)
    yield {"part": "memory", "method": "ours on SQLite", "orders_per_second_due": rate, **said}


def main() -> None:
    """Load, and look once a minute."""
    options = _options()
    options.directory.mkdir()
    configure_logging(options.directory / "log.jsonl")
    count = Count()
    url = f"sqlite:///{options.directory}/trimtab.db"
    desk = Desk(options.directory, url, options.port, count)
    desk.gateway.start()
    favour_the_wire()
    trimmer = heap_trimmer()
    trimmer.start()
    looks: list[Held] = []
    sent, began = 0, time.monotonic()
    for minute in range(1, options.minutes + 1):
        sent = _minute(desk, began, 60.0 * minute, options.rate, sent)
        looks.append(held(sent))
        sys.stderr.write(json.dumps(asdict(looks[-1])) + "\n")
    count.wait(sent)
    trimmer.stop()
    desk.gateway.stop()
    desk.vault.close()
    sys.stdout.write(json.dumps(told(looks)) + "\n")


def told(looks: Sequence[Held]) -> Row:
    """The minutes as columns, and the growth from the end of the first quarter to the last."""
    minutes = [asdict(one) for one in looks]
    columns = {name: [minute[name] for minute in minutes] for name in minutes[0]}
    return {**columns, "growth": _growth(looks[(len(looks) - 1) // 4], looks[-1])}


def _growth(first: Held, last: Held) -> Row:
    """Megabytes, and bytes and objects for each order."""
    orders = max(last.orders - first.orders, 1)
    found: Row = {
        "orders": last.orders - first.orders,
        "resident_mb": round(last.resident_mb - first.resident_mb, 1),
        "objects_per_order": round((last.objects - first.objects) / orders, 3),
    }
    if first.heap_mb is not None and last.heap_mb is not None:
        found["heap_bytes_per_order"] = round((last.heap_mb - first.heap_mb) * _MILLION / orders, 1)
    return found


def _minute(desk: Desk, began: float, until: float, rate: int, sent: int) -> int:
    """Send what is due until then; how many were sent altogether."""
    while (elapsed := time.monotonic() - began) < until:
        due = int(elapsed * rate)
        if due > sent:
            desk.send([f"B{number:07d}" for number in range(sent, due)])
            sent = due
        time.sleep(_TICK_SECONDS)
    return sent


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rate", type=int, default=100)
    return parser.parse_args()


if __name__ == "__main__":
    main()
