"""The optimizer against what else there is, on one workload, side by side in one run.

    python -m benchmarks.optimizer --names 500 --accounts 1000 --json

Ours twice: the hot loop (one process, arrays to certified targets), and end to end (batches sent
to worker processes, answers sent back). Peers answer the first accounts until `--seconds` are over.
Times are CPU milliseconds an account but for end to end, which is the clock's. Gaps are relative to
the certified optimum; a peer that cannot express a term is judged with it, and the term is named.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.optimizer_instance import Instance, judge
from benchmarks.optimizer_workload import accounts_of, market_of
from optimizer.batch import targets
from optimizer.fast.accounts import Accounts, Targets
from optimizer.values import Market

Row = dict[str, Any]
BATCH = 500  # Accounts sent to a worker at a time.
SMALLEST_OBJECTIVE = 1e-4  # As in the certificate.


def main() -> None:
    """Parse, run, print."""
    options = _options()
    before, began = machine.load(), time.perf_counter()
    rows = list(_rows(options))
    found = {
        "benchmark": "optimizer",
        "machine": machine.described(),
        "load_before": before,
        "load_after": machine.load(),
        "seconds": round(time.perf_counter() - began, 1),
        "rows": rows,
    }
    if options.json:
        json.dump(found, sys.stdout, indent=1)
        print()
        return
    print(
        f"{'method':36} {'names':>6} {'accounts':>8} {'ms/account':>10} {'gap':>9} {'violation':>9}"
    )
    for row in rows:
        if "skipped" in row:
            print(f"{row['method']:36} {row['names']:6} skipped: {row['skipped']}")
            continue
        figures = f"{row['ms_per_account']:10.3f} {row['max_gap']:9.1e} {row['max_violation']:9.1e}"
        print(f"{row['method']:36} {row['names']:6} {row['accounts']:8} {figures} {row['missing']}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizer", description=__doc__)
    parser.add_argument("--names", type=int, nargs="+", default=[30, 100, 500], metavar="N")
    parser.add_argument("--accounts", type=int, default=1000, metavar="M")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="W")
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="how long each peer may take at each size"
    )
    parser.add_argument(
        "--peers",
        choices=("all", "solvers", "none"),
        default="all",
        help="libraries take minutes an account at thousands of names",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def _rows(options: argparse.Namespace) -> Iterator[Row]:
    for names in options.names:
        market = market_of(names)
        batches = [
            accounts_of(market, first, min(BATCH, options.accounts - first))
            for first in range(0, options.accounts, BATCH)
        ]
        best, row = hot_loop(market, batches[0])
        yield row
        yield end_to_end(market, batches, options.workers)
        if options.peers != "none":
            for name, make in _peers(market, libraries=options.peers == "all"):
                yield peer_row(
                    name,
                    make,
                    market=market,
                    accounts=batches[0],
                    best=best,
                    budget=options.seconds,
                )


def hot_loop(market: Market, accounts: Accounts) -> tuple[Targets, Row]:
    """One process, arrays to certified targets."""
    targets(market, accounts.part(0, min(5, len(accounts))))  # Loads what is loaded once.
    began = time.process_time()
    found = targets(market, accounts)
    seconds = time.process_time() - began
    return found, _own("ours, hot loop", market, seconds, [found])


def end_to_end(market: Market, batches: list[Accounts], workers: int) -> Row:
    """Worker processes are sent the market once and batches as arrays; the clock's time."""
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_begin, initargs=(market,)
    ) as pool:
        list(pool.map(_answer, [batches[0].part(0, 1)] * workers * 2))  # Started and warm.
        began = time.perf_counter()
        found = list(pool.map(_answer, batches))
        seconds = time.perf_counter() - began
    row = _own(f"ours, end to end, {workers} workers", market, seconds, found)
    return {**row, "seconds": round(seconds, 2)}


_market: list[Market] = []  # A worker's; sent once.


def _begin(market: Market) -> None:
    _market.append(market)


def _answer(accounts: Accounts) -> Targets:
    return targets(_market[0], accounts)


def _own(method: str, market: Market, seconds: float, found: list[Targets]) -> Row:
    joined = Targets.joined(found)
    answered = joined.path != ""
    return {
        "method": method,
        "names": len(market.d),
        "accounts": len(joined.path),
        "ms_per_account": seconds / len(joined.path) * 1e3,
        "max_gap": float(joined.gap[answered].max()),
        "max_violation": float(joined.violation[answered].max()),
        "objective": float(np.median(joined.objective[answered])),
        "optimum": float(np.median(joined.objective[answered])),
        "missing": "",
        "paths": {str(path): int(count) for path, count in _counted(joined.path)},
    }


def _counted(paths: np.ndarray) -> Iterator[tuple[str, int]]:
    names, counts = np.unique(paths, return_counts=True)
    yield from ((str(name) or "unanswered", int(n)) for name, n in zip(names, counts, strict=True))


def _peers(market: Market, *, libraries: bool) -> Iterator[tuple[str, Callable[[], Any]]]:
    from benchmarks import optimizer_solvers as solvers
    from benchmarks.optimizer_libraries import LIBRARIES

    yield "cvxpy afresh, Clarabel", lambda: solvers.CvxpyAfresh(market, "CLARABEL")
    yield "cvxpy afresh, default", lambda: solvers.CvxpyAfresh(market, None)
    yield solvers.CvxpyCompiled.name, lambda: solvers.CvxpyCompiled(market)
    for solver in ("PIQP, sparse", "PIQP, dense", "Clarabel"):
        yield f"direct {solver}", lambda solver=solver: solvers.Direct(solver)
    for library in LIBRARIES if libraries else ():
        yield library.name, lambda library=library: library(market)


def peer_row(
    name: str,
    make: Callable[[], Any],
    *,
    market: Market,
    accounts: Accounts,
    best: Targets,
    budget: float,
) -> Row:
    """A row of medians over the accounts that fit into the budget; or why there is none."""
    try:
        method = make()
        times, judged = _answered(method, market, accounts, budget)
    except ImportError as error:
        return {"method": name, "names": len(market.d), "skipped": f"not installed ({error.name})"}
    except Exception as error:  # noqa: BLE001 - a peer that breaks is a finding, not the end
        return {
            "method": name,
            "names": len(market.d),
            "skipped": f"{type(error).__name__}: {error}",
        }
    objectives = [one.objective for one in judged]
    gaps = [
        (objective - optimum) / max(abs(optimum), SMALLEST_OBJECTIVE)
        for objective, optimum in zip(objectives, best.objective, strict=False)
    ]
    return {
        "method": name,
        "names": len(market.d),
        "accounts": len(times),
        "ms_per_account": statistics.median(times) * 1e3,
        "max_gap": max(gaps, key=abs),
        "max_violation": max(one.violation for one in judged),
        "objective": statistics.median(objectives),
        "optimum": float(np.median(best.objective[: len(objectives)])),
        "missing": f"without {method.missing}" if method.missing else "",
    }


def _answered(
    method: Any, market: Market, accounts: Accounts, budget: float
) -> tuple[list[float], list[Any]]:
    """CPU seconds and judgements, account by account; the first is answered twice, to warm up."""
    from benchmarks.optimizer_libraries import quietly

    times, judged = [], []
    quietly(method, Instance.of(market, accounts, 0))
    ends = time.perf_counter() + budget
    for at in range(len(accounts)):
        instance = Instance.of(market, accounts, at)
        began = time.process_time()
        trades = quietly(method, instance)
        times.append(time.process_time() - began)
        judged.append(judge(instance, trades))
        if time.perf_counter() > ends:
            break
    return times, judged


if __name__ == "__main__":
    main()
