"""The peer: a bare QuickFIX initiator in Python that sends orders and counts fills.

    python -m benchmarks.gateway_bare STORE PORT STAMPS --orders N (--window W | --rate R)

The same orders over the same file store, and nothing else: no limits, no database, no ledger, no
log. Texts are built whole, the engine's fastest way from Python. STAMPS takes for each order when
it was due and when its fill was seen.
"""

# ruff: noqa: N802, ARG002  The engine's names and arguments.
import argparse
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import quickfix as fix

from benchmarks.gateway_acceptor import CLIENT, VENUE
from benchmarks.gateway_load import Load, load_arguments

_LOGON_SECONDS = 20.0


class Counts(fix.Application):  # type: ignore[misc]  # quickfix is untyped.
    """Tells the load of each fill."""

    def __init__(self, load: Load) -> None:
        super().__init__()
        self.ready = threading.Event()
        self._load = load

    def onCreate(self, session_id: Any) -> None:
        """Nothing to prepare."""

    def onLogon(self, session_id: Any) -> None:
        self.ready.set()

    def onLogout(self, session_id: Any) -> None:
        """Nothing to clear."""

    def toAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing to add."""

    def toApp(self, message: Any, session_id: Any) -> None:
        """Nothing to add."""

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing to look at."""

    def fromApp(self, message: Any, session_id: Any) -> None:
        if message.getField(150) == "F":
            self._load.done(message.getField(11))


def main() -> None:
    """Send, count, note."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("port", type=int)
    load_arguments(parser)
    options = parser.parse_args()
    load = Load(options)
    settings = fix.SessionSettings()
    settings.setFromString(_settings(options.port, options.store))
    stores = fix.FileStoreFactory(settings)
    counts = Counts(load)
    initiator = fix.SocketInitiator(counts, stores, settings)
    initiator.start()
    if not counts.ready.wait(_LOGON_SECONDS):
        raise TimeoutError("no logon")
    identity = fix.SessionID("FIX.4.4", CLIENT, VENUE)
    load.run(lambda names: _send(names, identity))
    sys.stdout.write(load.summary() + "\n")
    sys.stdout.flush()
    os._exit(0)  # Its `stop` crashes now and then.


def _send(names: list[str], identity: Any) -> None:
    for name in names:
        now = datetime.now(UTC)
        text = (
            f"8=FIX.4.4\x019=0\x0135=D\x0111={name}\x01583=0\x011=TRIMTAB\x0121=1\x0155=S00\x01"
            f"48=US0000000002\x0122=4\x0154=1\x0160={now:%Y%m%d-%H:%M:%S.%f}\x0138=100\x0140=2\x01"
            "44=148.00\x0159=0\x0110=000\x01"
        )
        fix.Session.sendToTarget(fix.Message(text, False), identity)


def _settings(port: int, store: Path) -> str:
    lines = [
        "[DEFAULT]", "ConnectionType=initiator", "NonStopSession=Y", "SocketNodelay=Y",
        "UseDataDictionary=N", f"FileStorePath={store}", "HeartBtInt=30", "ReconnectInterval=1",
        "TimestampPrecision=6",
        "[SESSION]", "BeginString=FIX.4.4", f"SenderCompID={CLIENT}", f"TargetCompID={VENUE}",
        "SocketConnectHost=127.0.0.1", f"SocketConnectPort={port}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
