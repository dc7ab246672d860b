"""How the optimizer's time grows with names, lots, factors and accounts, as a plot.

    python -m benchmarks.optimizer_growth docs/pictures/optimizer-growth.svg

The solid line is ours, arrays to certified targets in one process; the dotted one is PIQP called
direct on the same accounts, where it is worth waiting for. CPU time, medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.optimizer_instance import Instance
from benchmarks.optimizer_workload import accounts_of, market_of
from optimizer.batch import targets
from optimizer.fast.accounts import Accounts
from optimizer.values import Market

NAMES = (30, 100, 300, 1000, 3000)
LOTS = (1, 3, 10, 30)
FACTORS = (5, 20, 60, 120, 240)
ACCOUNTS = (10, 30, 100, 300, 1000)
USUAL_NAMES, USUAL_ACCOUNTS, PEER_ACCOUNTS = 500, 40, 3
Series = tuple[list[float], list[float]]


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.optimizer_growth", description=__doc__
    )
    parser.add_argument("file", type=Path, help="the picture to write")
    file = parser.parse_args().file
    usual = market_of(USUAL_NAMES)
    panels = {
        "names": _panel(NAMES, lambda n: _both(market_of(n), USUAL_ACCOUNTS)),
        "most lots a name": _panel(LOTS, lambda n: _both(usual, USUAL_ACCOUNTS, lots=n)),
        "factors": _panel(FACTORS, lambda n: _both(market_of(USUAL_NAMES, n), USUAL_ACCOUNTS)),
    }
    per_batch = [_ours(usual, accounts_of(usual, 0, n)) * n / 1e3 for n in ACCOUNTS]
    _draw(panels, per_batch, file)


def _panel(sizes: tuple[int, ...], measured: Callable[[int], tuple[float, float]]) -> Series:
    pairs = [measured(size) for size in sizes]
    return [ours for ours, _ in pairs], [peer for _, peer in pairs]


def _both(market: Market, count: int, lots: int = 3) -> tuple[float, float]:
    accounts = accounts_of(market, 0, count, lots)
    return _ours(market, accounts), _piqp(market, accounts)


def _ours(market: Market, accounts: Accounts) -> float:
    """CPU milliseconds an account, arrays to certified targets; the better of two runs."""
    times = []
    for _ in range(2):
        began = time.process_time()
        found = targets(market, accounts)
        times.append(time.process_time() - began)
        assert set(np.unique(found.path)) == {"fast"}, found.why
    return min(times) / len(accounts) * 1e3


def _piqp(market: Market, accounts: Accounts) -> float:
    from benchmarks.optimizer_solvers import Direct

    method, times = Direct("PIQP, sparse"), []
    for at in range(PEER_ACCOUNTS):
        instance = Instance.of(market, accounts, at)
        began = time.process_time()
        method.trades(instance)
        times.append(time.process_time() - began)
    return statistics.median(times) * 1e3


def _draw(panels: dict[str, Series], per_batch: list[float], file: Path) -> None:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": "optimizer-growth", "svg.fonttype": "none"}
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), constrained_layout=True)
    sizes = {"names": NAMES, "most lots a name": LOTS, "factors": FACTORS}
    for axis, (what, (ours, peer)) in zip(axes.flat, panels.items(), strict=False):
        axis.loglog(sizes[what], ours, "o-", color="tab:blue", label="Trimtab, fast path")
        axis.loglog(sizes[what], peer, "s:", color="tab:gray", label="PIQP, direct")
        axis.set(xlabel=what, ylabel="ms an account")
    last = axes.flat[3]
    last.loglog(ACCOUNTS, per_batch, "o-", color="tab:blue", label="Trimtab, fast path")
    last.set(xlabel="accounts", ylabel="seconds a batch, one core")
    for axis in axes.flat:
        axis.grid(visible=True, which="both", alpha=0.25)
    axes.flat[0].legend(frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
