"""How the time of asking the rules grows with accounts, holdings and rules, as a plot.

    python -m benchmarks.compliance_growth docs/pictures/compliance-growth.svg

Above, many accounts: swept in arrays, and with that what is not clearly kept asked exactly (fewer
holdings are larger ones, which break more limits). Below, one proposal of 40 trades, asked
exactly. Time of one process, the better of two runs.
"""

import argparse
from pathlib import Path

from benchmarks.compliance import SEED, proposal, shard

ACCOUNTS = (1_000, 3_000, 10_000, 30_000)
HOLDINGS = (20, 30, 60, 120, 240)
RULES = (6, 12, 25, 50, 100)
USUAL = (5_000, 60, 50)  # Accounts, holdings, rules where they are not what grows.
TRADES = 40
Pair = tuple[float, float]


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compliance_growth", description=__doc__
    )
    parser.add_argument("file", type=Path, help="the picture to write")
    file = parser.parse_args().file
    accounts, holdings, rules = USUAL
    many = {
        "accounts": (ACCOUNTS, [_many(n, holdings, rules) for n in ACCOUNTS]),
        "holdings an account": (HOLDINGS, [_many(accounts, n, rules) for n in HOLDINGS]),
        "rules": (RULES, [_many(accounts, holdings, n) for n in RULES]),
    }
    one = {
        "holdings": (HOLDINGS, [_one(n, rules) for n in HOLDINGS]),
        "rules": (RULES, [_one(holdings, n) for n in RULES]),
    }
    _draw(many, one, file)


def _many(accounts: int, holdings: int, rules: int) -> Pair:
    """Seconds for all accounts: the sweep, and with what was asked exactly."""
    runs = [shard((accounts, holdings, rules, SEED)) for _ in range(2)]
    swept = min(run["sweep_s"] for run in runs)
    return swept, swept + min(run["exact_s"] for run in runs)


def _one(holdings: int, rules: int) -> float:
    """Milliseconds for one proposal."""
    runs = [proposal(holdings, TRADES, rules) for _ in range(2)]
    return min(float(str(run["median_ms"])) for run in runs)


def _draw(
    many: dict[str, tuple[tuple[int, ...], list[Pair]]],
    one: dict[str, tuple[tuple[int, ...], list[float]]],
    file: Path,
) -> None:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": "compliance-growth", "svg.fonttype": "none"}
    figure, axes = plt.subplots(2, 3, figsize=(9, 5.6), constrained_layout=True)
    for axis, (what, (sizes, times)) in zip(axes[0], many.items(), strict=True):
        axis.plot(sizes, [whole for _, whole in times], "o-", color="tab:blue", label="both")
        axis.plot(sizes, [swept for swept, _ in times], "s:", color="tab:gray", label="the sweep")
        axis.set(xlabel=what, ylabel="seconds, all accounts", xlim=0, ylim=0)
    for axis, (what, (sizes, times)) in zip(axes[1], one.items(), strict=False):
        axis.plot(sizes, times, "o-", color="tab:orange")
        axis.set(xlabel=what, ylabel="ms, one proposal", xlim=0, ylim=0)
    for axis in axes.flat:
        axis.grid(visible=True, alpha=0.25)
    axes[0][0].legend(frameon=False)
    axes[1][2].axis("off")
    accounts, holdings, rules = USUAL
    axes[1][2].text(
        0, 0.5, f"Where it is not what grows:\n{accounts:,} accounts\n{holdings} holdings\n"
        f"{rules} rules\n{TRADES} trades in the proposal", va="center",
    )  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
