"""The gateway: what durability, limits and a ledger cost beside a bare QuickFIX pair, in one run.

    python -m benchmarks.gateway --json
    python -m benchmarks.gateway --only throughput --database sqlite
    python -m benchmarks.gateway --only memory --minutes 60

Ours is the service's own path with everything durable (benchmarks/gateway_ours.py), on SQLite and
on PostgreSQL; the bare pairs, in Python and in C++, send the same messages over the same engine
and file store and keep nothing else. Throughput: orders a second with two reports each, with a
window of orders under way. Latency: an open loop at fixed rates, from the instant an order was
due. Restart: from the start of a process until the gate is open, with many open orders. Rounds
alternate between the methods; figures are medians of rounds.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import gateway_restart, gateway_steady, machine
from benchmarks.gateway_cpp import NoPairError, compile_pair
from benchmarks.gateway_postgres import NoServerError, postgres
from benchmarks.gateway_rounds import Method, Round, Row

_PARTS = ("throughput", "latency", "restart", "memory")
_DATABASES = ("sqlite", "postgres")
_OURS = ("-m", "benchmarks.gateway_ours")


def main() -> None:
    """Parse, run, print."""
    options = _options()
    machine.tell("gateway", _rows(options), line=_line, as_json=options.json)


def _rows(options: argparse.Namespace) -> Iterator[Row]:
    parts = options.only or _PARTS[:3]  # Memory takes an hour.
    if "throughput" in parts or "latency" in parts:
        yield from _side_by_side(options, parts)
    if "restart" in parts:
        yield from gateway_restart.rows(options.open_orders, options.database or _DATABASES)
    if "memory" in parts:
        yield from gateway_steady.rows(options.minutes, options.steady_rate)


def _side_by_side(options: argparse.Namespace, parts: Sequence[str]) -> Iterator[Row]:
    with ExitStack() as stack:
        methods, missing = _methods(options, stack)
        yield from missing
        if "throughput" in parts:
            yield from _throughput(methods, options)
        if "latency" in parts:
            yield from _latency(methods, options)


def _methods(
    options: argparse.Namespace, stack: ExitStack
) -> tuple[Sequence[Method], Sequence[Row]]:
    """The methods that can run here, and a row for each that cannot."""
    found: list[Method] = []
    missing: list[Row] = []
    wanted = options.database or _DATABASES
    if "sqlite" in wanted:
        found.append(Method("ours on SQLite", _OURS))
    if "postgres" in wanted:
        try:
            found.append(Method("ours on PostgreSQL", _OURS, url=stack.enter_context(postgres())))
        except NoServerError as error:
            missing.append({"method": "ours on PostgreSQL", "missing": str(error)})
    found.append(Method("bare pair in Python", ("-m", "benchmarks.gateway_bare")))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pair-")))
    try:
        words = ("-m", "benchmarks.gateway_cpp", str(compile_pair(options.quickfix_source, folder)))
        found.append(Method("bare pair in C++", (*words, "load"), (*words, "accept")))
    except NoPairError as error:
        missing.append({"method": "bare pair in C++", "missing": str(error)})
    return found, missing


def _throughput(methods: Sequence[Method], options: argparse.Namespace) -> Iterator[Row]:
    rounds: dict[str, list[Round]] = {method.name: [] for method in methods}
    for _ in range(options.rounds):
        for method in methods:
            rounds[method.name].append(
                method.round(options.orders, "--window", str(options.window))
            )
    bare = _median(rounds["bare pair in Python"], "orders_per_second")
    for name, found in rounds.items():
        speed = _median(found, "orders_per_second")
        yield {
            "part": "throughput",
            "method": name,
            "orders_per_second": round(speed),
            "of_the_python_pair": round(speed / bare, 3),
            "cpu_us_per_order": round(_median(found, "cpu_us_per_order"), 1),
            "resident_mb": _median(found, "resident_mb"),
            **_soundness(found),
        }


def _latency(methods: Sequence[Method], options: argparse.Namespace) -> Iterator[Row]:
    for rate in options.rates:
        for method in methods:
            orders = round(rate * options.seconds)
            found = [
                method.round(orders, "--rate", str(rate)) for _ in range(options.latency_rounds)
            ]
            yield {
                "part": "latency",
                "method": method.name,
                "orders_per_second_due": rate,
                "to_wire_p50_ms": _percentile([one.to_wire for one in found], 0.50),
                "to_wire_p99_ms": _percentile([one.to_wire for one in found], 0.99),
                "to_ledger_p50_ms": _percentile([one.to_ledger for one in found], 0.50),
                "to_ledger_p99_ms": _percentile([one.to_ledger for one in found], 0.99),
                **_soundness(found),
            }


def _soundness(rounds: Sequence[Round]) -> Row:
    """What the books said after ours; a fast wrong book is worth nothing."""
    if "differences" not in rounds[0].said:
        return {}
    return {
        "differences": sum(one.said["differences"] for one in rounds),
        "audit_holds": all(one.said["audit"] for one in rounds),
    }


def _median(rounds: Sequence[Round], key: str) -> float:
    return statistics.median(float(one.said[key]) for one in rounds)


def _percentile(rounds: Sequence[Sequence[float]], share: float) -> float:
    """The median over rounds of a percentile within each."""
    return round(statistics.median(times[int(share * len(times))] for times in rounds), 2)


def _line(row: Row) -> str:
    figures = ", ".join(f"{key} {value}" for key, value in row.items() if key != "method")
    return f"{row['method']}: {figures}"


def _options() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--json", action="store_true", help="print one JSON object")
    add("--orders", type=int, default=5000, help="orders of a round of throughput")
    add("--window", type=int, default=1000, help="orders under way, at most")
    add("--rounds", type=int, default=3, help="rounds whose median is taken")
    add("--rates", type=int, nargs="+", default=[200, 500, 1000], help="orders due a second")
    add("--seconds", type=float, default=5, help="how long each rate lasts")
    add("--latency-rounds", type=int, default=3, help="rounds of each rate")
    add("--open-orders", type=int, default=10_000, help="open orders at a restart")
    add("--minutes", type=int, default=60, help="how long memory is watched")
    add("--steady-rate", type=int, default=100, help="orders a second meanwhile")
    add("--only", action="append", choices=_PARTS, help="one part; repeatable")
    add("--database", action="append", choices=_DATABASES, help="one of them; repeatable")
    add("--quickfix-source", type=Path, help="an unpacked source distribution, for the C++ pair")
    return parser.parse_args()


if __name__ == "__main__":
    main()
