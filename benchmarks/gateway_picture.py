"""Latency by load, or memory by minute, as a plot of what `benchmarks.gateway --json` printed.

    python -m benchmarks.gateway_picture FIGURES.json docs/pictures/gateway-latency.svg
    python -m benchmarks.gateway_picture --part memory FIGURES.json docs/pictures/gateway-memory.svg

Latency: left from the instant an order is due until the counterparty has it, right from the
counterparty's fill until it is in the ledger (of a bare pair: seen). Solid p99, dotted p50.
Memory: what is resident, and what C and C++ have in use, with and without the engine's index.
"""

import argparse
import json
from pathlib import Path
from typing import Any

_PANELS = {"to_wire": "due to wire", "to_ledger": "fill to ledger"}
_COLOURS = ("tab:blue", "tab:green", "tab:gray", "tab:brown")
_INDEX_BYTES = 64  # Of the engine's file store, for each message that was sent.


def main() -> None:
    """Read and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", type=Path, help="the JSON object that the benchmark printed")
    parser.add_argument("file", type=Path, help="the picture to write")
    parser.add_argument("--part", default="latency", choices=("latency", "memory"))
    options = parser.parse_args()
    found = json.loads(options.figures.read_text())
    rows = [row for row in found["rows"] if row.get("part") == options.part]
    plt = _pyplot(f"gateway-{options.part}")
    figure = _latency(plt, rows) if options.part == "latency" else _memory(plt, rows[0])
    options.file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.file, metadata={"Date": None})


def _pyplot(salt: str) -> Any:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": salt, "svg.fonttype": "none"}
    return plt


def _latency(plt: Any, rows: list[dict[str, Any]]) -> Any:
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True, sharey=True)
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for axis, (key, words) in zip(axes, _PANELS.items(), strict=True):
        for method, colour in zip(methods, _COLOURS, strict=False):
            own = [row for row in rows if row["method"] == method]
            rates = [row["orders_per_second_due"] for row in own]
            p99 = [row[f"{key}_p99_ms"] for row in own]
            p50 = [row[f"{key}_p50_ms"] for row in own]
            axis.loglog(rates, p99, "o-", color=colour, label=method)
            axis.loglog(rates, p50, "s:", color=colour)
        axis.set(xlabel="orders due a second", ylabel="milliseconds", title=words)
        axis.grid(visible=True, which="both", alpha=0.25)
    axes[0].legend(frameon=False)
    return figure


def _memory(plt: Any, row: dict[str, Any]) -> Any:
    figure, axis = plt.subplots(figsize=(6, 3.6), constrained_layout=True)
    minutes = range(1, len(row["orders"]) + 1)
    axis.plot(minutes, row["resident_mb"], "-", color=_COLOURS[0], label="resident")
    if None not in row["heap_mb"]:
        index = [orders * _INDEX_BYTES / 1e6 for orders in row["orders"]]
        rest = [heap - own for heap, own in zip(row["heap_mb"], index, strict=True)]
        axis.plot(minutes, row["heap_mb"], "-", color=_COLOURS[1], label="in use by C and C++")
        axis.plot(
            minutes, rest, ":", color=_COLOURS[1], label="the same, without the engine's index"
        )
    axis.set(xlabel="minutes", ylabel="megabytes", ylim=(0, None))
    axis.set_title(f"{row['orders_per_second_due']} orders a second")
    axis.grid(visible=True, alpha=0.25)
    axis.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
