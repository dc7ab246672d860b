"""The simulated venues, side by side with what else there is, in one run.

    python -m benchmarks.venues --json
    python -m benchmarks.venues --orders 10000000 --json     # the memory of the matching core

The matching core alone, on a seeded stream of 60 % new, 30 % cancel and 10 % replace over 100
symbols, against matching libraries from PyPI and a bound in C; then where an order's time goes
inside a venue; then over FIX, against a bare QuickFIX acceptor that answers without matching.
Medians of rounds in which the methods take turns.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from benchmarks import machine, venues_core, venues_over_fix, venues_split

Row = dict[str, Any]
_PARTS = ("core", "split", "fix")
_FEW = 1_000_000  # From here on a run shows memory, not speed.


def main() -> None:
    """Parse, run, print."""
    options = _options()
    machine.tell("venues", _rows(options), line=_line, as_json=options.json)


def _rows(options: argparse.Namespace) -> Iterator[Row]:
    if options.orders >= _FEW:
        yield from venues_core.memory(options.orders)
        return
    parts = options.only or _PARTS
    if "core" in parts:
        yield from _named("core", venues_core.rows(options.orders, options.rounds))
    if "split" in parts:
        yield from _named("split", venues_split.rows(options.fix_orders, options.rounds))
    if "fix" in parts:
        yield from _named("fix", venues_over_fix.rows(options.fix_orders, options.rounds))


def _named(part: str, rows: Iterator[Row]) -> Iterator[Row]:
    return ({"part": part} | row for row in rows)


def _line(row: Row) -> str:
    figures = ", ".join(f"{key} {value}" for key, value in row.items() if key != "method")
    return f"{row['method']}: {figures}"


def _options() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--orders", type=int, default=100_000, help="operations of the stream")
    parser.add_argument("--fix-orders", type=int, default=4000, help="orders of a round over FIX")
    parser.add_argument("--rounds", type=int, default=5, help="rounds whose median is taken")
    parser.add_argument("--only", action="append", choices=_PARTS, help="one part; repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    main()
