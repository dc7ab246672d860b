"""Latency by load, as a plot, from what `python -m benchmarks.gateway --json` printed.

    python -m benchmarks.gateway_picture FIGURES.json docs/pictures/gateway-latency.svg

Left from the instant an order is due until the counterparty has it, right from the counterparty's
fill until it is in the ledger (of a bare pair: seen). Solid p99, dotted p50.
"""

import argparse
import json
from pathlib import Path
from typing import Any

_PANELS = {"to_wire": "due to wire", "to_ledger": "fill to ledger"}
_COLOURS = ("tab:blue", "tab:green", "tab:gray", "tab:brown")


def main() -> None:
    """Read and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", type=Path, help="the JSON object that the benchmark printed")
    parser.add_argument("file", type=Path, help="the picture to write")
    options = parser.parse_args()
    found = json.loads(options.figures.read_text())
    rows = [row for row in found["rows"] if row.get("part") == "latency"]
    _draw(rows, options.file)


def _draw(rows: list[dict[str, Any]], file: Path) -> None:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": "gateway-latency", "svg.fonttype": "none"}
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
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
