"""The counterparty of all: a QuickFIX acceptor that answers each order with New and Fill.

    python -m benchmarks.gateway_acceptor STORE STAMPS [--leave open | silent]

With `--leave open` orders are accepted and stay open, with `silent` nothing is said of them.
Questions are answered, of filled orders about the last ten thousand: a client on a loaded machine
asks about an order whose fill it has not taken in. No book and no checks; file store, no log. It
notes in STAMPS for each order when it had it and when it sent the fill, by the clock that all
processes of a machine share.
Reports are built as whole texts, the engine's fastest way from Python. Prints its port when it
listens; ends at SIGTERM.
"""

# ruff: noqa: N802, ARG002  The engine's names and arguments.
import argparse
import itertools
import os
import signal
import socket
import sys
import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import quickfix as fix

VENUE, CLIENT = "XSIM", "TRIMTAB"
_TAGS = (11, 55, 54, 38)
_BUFFER_BYTES = 1 << 20
_REMEMBERED = 10_000


class Answers(fix.Application):  # type: ignore[misc]  # quickfix is untyped.
    """New, and Filled at the order's own price."""

    def __init__(self, stamps: Path, leave: str) -> None:
        super().__init__()
        self._leave = leave
        self._open: dict[str, str] = {}  # What is said of an order that is asked about.
        self._filled: OrderedDict[str, str] = (
            OrderedDict()
        )  # The same, of the last that were filled.
        self._numbers = itertools.count(1)
        self._session = fix.SessionID("FIX.4.4", VENUE, CLIENT)
        self._file = stamps.open("w", buffering=_BUFFER_BYTES)

    def finish(self) -> None:
        """What was noted is on file."""
        self._file.flush()

    def onCreate(self, session_id: Any) -> None:
        """Nothing to prepare."""

    def onLogon(self, session_id: Any) -> None:
        """Nothing to say."""

    def onLogout(self, session_id: Any) -> None:
        """Nothing to clear."""

    def toAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing to add."""

    def toApp(self, message: Any, session_id: Any) -> None:
        """Nothing to add."""

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing to look at."""

    def fromApp(self, message: Any, session_id: Any) -> None:
        kind = message.getHeader().getField(35)
        if kind == "H":
            name = message.getField(11)
            stands = self._open.get(name) or self._filled.get(name) or _unknown(message)
            self._say(f"{stands}\x0117={next(self._numbers)}Q")
        elif kind == "AF":
            self._tell_all(message.getField(584))
        elif self._leave:
            self._keep(message)
        else:
            self._fill(message)

    def _keep(self, message: Any) -> None:
        order = {tag: message.getField(tag) for tag in _TAGS}
        number, now = next(self._numbers), datetime.now(UTC)
        head = "\x01".join([f"{tag}={value}" for tag, value in order.items()])
        stands = (
            f"39=0\x0144={message.getField(44)}\x01151={order[38]}\x0114=0\x016=0\x01"
            f"75={now:%Y%m%d}\x0160={now:%Y%m%d-%H:%M:%S.%f}\x0137=O{number}"
        )
        self._open[order[11]] = f"{head}\x01150=I\x01{stands}"
        if self._leave == "open":
            self._say(f"{head}\x01150=0\x01{stands}\x0117=E{number}N")

    def _tell_all(self, request: str) -> None:
        count = len(self._open)
        for number, text in enumerate(self._open.values(), start=1):
            last = "\x01912=Y" if number == count else ""
            asked = f"584={request}\x01911={count}{last}\x0117={next(self._numbers)}M"
            self._say(f"{text}\x01{asked}")

    def _fill(self, message: Any) -> None:
        had = time.monotonic_ns()
        order = {tag: message.getField(tag) for tag in _TAGS}
        price = message.getField(44)
        number = next(self._numbers)
        now = datetime.now(UTC)
        head = "\x01".join([f"{tag}={value}" for tag, value in order.items()])
        tail = f"75={now:%Y%m%d}\x0160={now:%Y%m%d-%H:%M:%S.%f}"
        quantity = order[38]
        self._say(
            f"{head}\x0137=O{number}\x0117=E{number}N\x01150=0\x0139=0\x01"
            f"44={price}\x01151={quantity}\x0114=0\x016=0\x01{tail}"
        )
        self._file.write(f"{order[11]} {had} {time.monotonic_ns()}\n")  # Before anybody has it.
        stands = (
            f"39=2\x0144={price}\x01151=0\x0114={quantity}\x016={price}\x0137=O{number}\x01{tail}"
        )
        self._say(
            f"{head}\x01150=F\x0132={quantity}\x0131={price}\x0112=0.35\x0113=3\x01"
            f"17=E{number}F\x01{stands}"
        )
        self._filled[order[11]] = f"{head}\x01150=I\x01{stands}"
        if len(self._filled) > _REMEMBERED:
            self._filled.popitem(last=False)

    def _say(self, body: str) -> None:
        text = f"8=FIX.4.4\x019=0\x0135=8\x01{body}\x0110=000\x01"
        fix.Session.sendToTarget(fix.Message(text, False), self._session)


def _unknown(message: Any) -> str:
    """It never came, or was filled long ago: OrdRejReason 5."""
    named = "\x01".join([f"{tag}={message.getField(tag)}" for tag in (11, 55, 54)])
    return (
        f"{named}\x0137=NONE\x01150=I\x0139=8\x01103=5\x0138=0\x01151=0\x0114=0\x016=0\x01"
        "58=Unknown order"
    )


def main() -> None:
    """Listen until told to stop."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("stamps", type=Path)
    parser.add_argument("--leave", default="", choices=("open", "silent"))
    options = parser.parse_args()
    port = free_port()
    settings = fix.SessionSettings()
    settings.setFromString(_settings(port, options.store))
    stores = fix.FileStoreFactory(settings)
    answers = Answers(options.stamps, options.leave)
    acceptor = fix.SocketAcceptor(answers, stores, settings)
    acceptor.start()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    stopped.wait()
    answers.finish()
    os._exit(0)  # Its `stop` crashes now and then.


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settings(port: int, store: Path) -> str:
    lines = [
        "[DEFAULT]", "ConnectionType=acceptor", "NonStopSession=Y", "SocketNodelay=Y",
        "UseDataDictionary=N", f"FileStorePath={store}", "TimestampPrecision=6",
        "[SESSION]", "BeginString=FIX.4.4", f"SenderCompID={VENUE}", f"TargetCompID={CLIENT}",
        f"SocketAcceptPort={port}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
