"""Rounds: one client against one counterparty, each a process with a store of its own.

The counterparty of ours and of the Python pair is the same program; that of the C++ pair is in C++.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_PATIENCE_SECONDS = 300
_MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round showed. Times are milliseconds, in ascending order."""

    said: Mapping[str, Any]  # The client's own figures.
    to_wire: Sequence[float]  # From the instant an order was due until the counterparty had it.
    to_ledger: Sequence[float]  # From the fill's sending until the client was done with it.


@dataclass(frozen=True, slots=True)
class Method:
    """A client and its counterparty, as commands; `url` is ours alone."""

    name: str
    client: Sequence[str]
    counterparty: Sequence[str] = ("-m", "benchmarks.gateway_acceptor")
    url: str = ""

    def round(self, orders: int, *load: str) -> Round:
        """Run it once with this load."""
        with tempfile.TemporaryDirectory(prefix="gateway-") as folder:
            place = Path(folder)
            theirs, ours = place / "counterparty.txt", place / "client.txt"
            with counterparty(self.counterparty, place / "counterparty", theirs) as port:
                words = [*self.client, str(place / "client"), port, str(ours)]
                said = run([*words, "--orders", str(orders), *load, *_url(self.url)])
            return Round(said=said, **_latencies(ours, theirs))


def _url(url: str) -> tuple[str, ...]:
    return ("--url", url) if url else ()


@contextmanager
def counterparty(words: Sequence[str], store: Path, stamps: Path) -> Iterator[str]:
    """Start it and give its port; when the block ends it has noted everything and is gone."""
    store.mkdir()
    command = [sys.executable, *words, str(store), str(stamps)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def run(words: Sequence[str], *, patience_seconds: float = _PATIENCE_SECONDS) -> Mapping[str, Any]:
    """What a client says at its end."""
    done = subprocess.run(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=patience_seconds,
    )
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _latencies(ours: Path, theirs: Path) -> dict[str, list[float]]:
    noted = _pairs(theirs)
    to_wire, to_ledger = [], []
    for name, (due, done) in _pairs(ours).items():
        had, said = noted[name]
        to_wire.append((had - due) / _MILLION)
        to_ledger.append((done - said) / _MILLION)
    return {"to_wire": sorted(to_wire), "to_ledger": sorted(to_ledger)}


def _pairs(path: Path) -> dict[str, tuple[int, int]]:
    rows = (line.split() for line in path.read_text().splitlines())
    return {name: (int(first), int(second)) for name, first, second in rows}
