"""Restarts: from the start of a process to reconciled, with many open orders at the venue.

Acknowledged orders need no question; of silent ones each is asked about, or all at once where the
broker knows OrderMassStatusRequest.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.gateway_postgres import NoServerError, fresh_database, postgres
from benchmarks.gateway_rounds import Row, counterparty, run

_PROGRAM = "benchmarks.gateway_reopen"
_CASES = (
    ("all acknowledged", "open", ()),
    ("all in doubt, each asked about", "silent", ()),
    ("all in doubt, asked at once", "silent", ("--mass-status",)),
)


def rows(orders: int, databases: Sequence[str]) -> Iterator[Row]:
    """One for each database and way in which orders may stand."""
    if "sqlite" in databases:
        yield from _rows(orders, "ours on SQLite", lambda: "")
    if "postgres" in databases:
        try:
            with postgres() as server:
                yield from _rows(orders, "ours on PostgreSQL", partial(fresh_database, server))
        except NoServerError as error:
            yield {"part": "restart", "method": "ours on PostgreSQL", "missing": str(error)}


def _rows(orders: int, method: str, new_url: Callable[[], str]) -> Iterator[Row]:
    for name, leave, asking in _CASES:
        with tempfile.TemporaryDirectory(prefix="restart-") as folder:
            place = Path(folder)
            words = ("-m", "benchmarks.gateway_acceptor", "--leave", leave)
            with counterparty(words, place / "theirs", place / "stamps") as port:
                ours = [str(place / "ours"), port, f"--url={new_url()}"]
                before = [sys.executable, "-m", _PROGRAM, "send", *ours, "--orders", str(orders)]
                subprocess.run(before, check=True)
                said = run(["-m", _PROGRAM, "take-over", *ours, *asking])
        yield {"part": "restart", "method": f"{method}, {name}", **said}
