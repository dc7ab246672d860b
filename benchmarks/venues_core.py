"""The matching core alone, against libraries and a bound, on one stream, side by side.

An engine's figure is the median of rounds over the same operations, each round on new books; the
engines take turns. A slow one plays the beginning of the stream only, as many operations as it
was given seconds for. `trades_agree`: it traded as many shares as our book does on what it played.
"""

import gc
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

from benchmarks.venues_bound import Bound, NoCompilerError
from benchmarks.venues_peers import PEERS, Engine, Ours, version
from benchmarks.venues_stream import CANCEL, NEW, Operation, Stream

Row = dict[str, Any]
_OURS = "Trimtab's book (Python)"
_TRIAL = 500  # Operations by which an engine's pace is judged.
_SECONDS = 2.0  # Of each engine's round, at most.
_STEPS = 10  # Lines of the memory table.


def rows(orders: int, rounds: int) -> Iterator[Row]:
    """Every engine on a stream of so many operations."""
    operations = list(Stream().take(orders))
    makers: dict[str, Callable[[], Engine]] = {_OURS: Ours}
    skipped: dict[str, str] = {}
    for name, (kind, make) in PEERS.items():
        try:
            method = f"{name} {version(name)} ({kind})"
        except PackageNotFoundError:
            skipped[f"{name} ({kind})"] = "not installed; see the extra bench in setup.cfg"
        else:
            makers[method] = make
    for name, contest in _contests(makers, operations, rounds).items():
        yield _row(name, contest)
    for name, why in skipped.items():
        yield {"method": name, "skipped": why}
    yield _bound(operations, rounds)


def memory(orders: int) -> Iterator[Row]:
    """What the process holds while one stream of so many operations goes through our books."""
    stream, began = Stream(), time.perf_counter()
    step = max(1, orders // _STEPS)
    for done in range(0, orders, step):
        for _ in stream.take(min(step, orders - done)):
            pass
        yield {
            "method": "memory of the matching core",
            "operations": min(done + step, orders),
            "resident_megabytes": round(_resident_bytes() / 1e6, 1),
            "orders_waiting": stream.waiting,
            "seconds": round(time.perf_counter() - began, 1),
        }


class _Contest:
    """One engine and ours on the same operations, turn by turn."""

    def __init__(self, make: Callable[[], Engine], operations: Sequence[Operation]) -> None:
        self.operations = operations[: _affordable(make, operations)]
        self.seconds: list[float] = []
        self.our_seconds: list[float] = []
        self.agrees = True
        self._make = make

    def round(self) -> None:
        seconds, traded = _play(self._make(), self.operations)
        ours = (seconds, traded) if self._make is Ours else _play(Ours(), self.operations)
        self.add(seconds, ours[0], agrees=traded == ours[1])

    def add(self, seconds: float, our_seconds: float, *, agrees: bool) -> None:
        self.seconds.append(seconds)
        self.our_seconds.append(our_seconds)
        self.agrees = self.agrees and agrees


def _contests(
    makers: dict[str, Callable[[], Engine]], operations: Sequence[Operation], rounds: int
) -> dict[str, _Contest]:
    contests = {name: _Contest(make, operations) for name, make in makers.items()}
    for _ in range(rounds):
        for contest in contests.values():
            contest.round()
    return contests


def _row(name: str, contest: _Contest) -> Row:
    count, seconds = len(contest.operations), statistics.median(contest.seconds)
    return {
        "method": name,
        "orders_per_second": round(count / seconds),
        "us_per_order": round(seconds / count * 1e6, 3),
        "relative_to_ours": round(statistics.median(contest.our_seconds) / seconds, 3),
        "operations": count,
        "trades_agree": contest.agrees,
    }


def _affordable(make: Callable[[], Engine], operations: Sequence[Operation]) -> int:
    """The operations that an engine gets through in its seconds; more books make it no faster."""
    length = min(_TRIAL, len(operations))
    while length < len(operations):
        spent, _ = _play(make(), operations[:length])
        if spent > _SECONDS / 4:
            return length
        length = min(2 * length, len(operations))
    return length


def _play(engine: Engine, operations: Sequence[Operation]) -> tuple[float, int]:
    """Processor seconds, and the shares that traded."""
    new, cancel, replace = engine.new, engine.cancel, engine.replace
    traded = 0
    gc.collect()
    began = time.process_time()
    for what, symbol, number, buys, quantity, price in operations:
        if what == NEW:
            traded += new(symbol, number, buys, quantity, price)
        elif what == CANCEL:
            cancel(symbol, number)
        else:
            traded += replace(symbol, number, buys, quantity, price)
    return time.process_time() - began, traded


def _bound(operations: Sequence[Operation], rounds: int) -> Row:
    name = "bound: plain C, one call for the stream, no trade told"
    try:
        bound = Bound()
    except NoCompilerError as error:
        return {"method": name, "skipped": str(error)}
    contest = _Contest(Ours, operations)
    for _ in range(rounds):
        seconds, traded = bound.measure(operations)
        our_seconds, our_traded = _play(Ours(), operations)
        contest.add(seconds, our_seconds, agrees=traded == our_traded)
    return _row(name, contest)


def _resident_bytes() -> int:
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
