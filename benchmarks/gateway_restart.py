"""Restarts: from the start of a process to reconciled, with many open orders at the venue.

Acknowledged orders need no question; of silent ones each is asked about, or all at once where the
broker knows OrderMassStatusRequest.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gateway_rounds import Row, counterparty, run

_PROGRAM = "benchmarks.gateway_reopen"
_CASES = (
    ("all acknowledged", "open", ()),
    ("all in doubt, each asked about", "silent", ()),
    ("all in doubt, asked at once", "silent", ("--mass-status",)),
)


def rows(orders: int) -> Iterator[Row]:
    """One for each way in which orders may stand."""
    for name, leave, asking in _CASES:
        with tempfile.TemporaryDirectory(prefix="restart-") as folder:
            place = Path(folder)
            words = ("-m", "benchmarks.gateway_acceptor", "--leave", leave)
            with counterparty(words, place / "theirs", place / "stamps") as port:
                ours = [str(place / "ours"), port]
                before = [sys.executable, "-m", _PROGRAM, *ours, "send", "--orders", str(orders)]
                subprocess.run(before, check=True)
                said = run(["-m", _PROGRAM, *ours, "take-over", *asking])
        yield {"part": "restart", "method": f"ours on SQLite, {name}", **said}
