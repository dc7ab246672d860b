"""The peer: a QuickFIX acceptor in Python that answers every order with two reports, and no more.

    python -m benchmarks.venues_bare_acceptor STORE [--fields] [--dictionary]

STORE is `memory` or a directory. No book, no checks, no log: what the engine alone costs. Reports
are built as whole texts, which is the engine's fastest way from Python; `--fields` sets them one by
one, as most programs do. Prints its port when it listens; ends with its parent's signal.
"""

# ruff: noqa: N802, ARG002  The engine's names and arguments.
import argparse
import itertools
import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import quickfix as fix

VENUE, CLIENT = "XSIM", "CLIENT1"


class Answers(fix.Application):  # type: ignore[misc]  # quickfix is untyped.
    """New, and Filled."""

    def __init__(self, *, fields: bool) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self._answer = self._by_fields if fields else self._by_text

    def onCreate(self, session_id: Any) -> None:
        """Nothing to prepare."""

    def onLogon(self, session_id: Any) -> None:
        self._session = fix.SessionID("FIX.4.4", VENUE, CLIENT)

    def onLogout(self, session_id: Any) -> None:
        """Nothing to clear."""

    def toAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing to add."""

    def toApp(self, message: Any, session_id: Any) -> None:
        """Nothing to add."""

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing to look at."""

    def fromApp(self, message: Any, session_id: Any) -> None:
        names = {tag: message.getField(tag) for tag in (11, 54, 55, 38)}
        number = next(self._numbers)
        self._answer(names, ("0", "0", "0", names[38]), number)
        self._answer(names, ("F", "2", names[38], "0"), number)

    def _by_text(self, names: dict[int, str], state: tuple[str, ...], number: int) -> None:
        pairs = (*names.items(), *_state(state, number))
        body = "\x01".join([f"{tag}={value}" for tag, value in pairs])
        text = f"8=FIX.4.4\x019=0\x0135=8\x01{body}\x0110=000\x01"
        fix.Session.sendToTarget(fix.Message(text, False), self._session)

    def _by_fields(self, names: dict[int, str], state: tuple[str, ...], number: int) -> None:
        report = fix.Message()
        report.getHeader().setField(35, "8")
        for tag, value in (*names.items(), *_state(state, number)):
            report.setField(tag, value)
        fix.Session.sendToTarget(report, self._session)


def _state(state: tuple[str, ...], number: int) -> tuple[tuple[int, str], ...]:
    exec_type, ord_status, filled, left = state
    now = datetime.now(UTC)
    trade = ((32, filled), (31, "148.00"), (12, "0.35"), (13, "3")) if exec_type == "F" else ()
    return (
        (37, f"O{number}"),
        (17, f"E{number}{exec_type}"),
        (150, exec_type),
        (39, ord_status),
        (40, "2"),
        (44, "148.00"),
        (59, "0"),
        *trade,
        (151, left),
        (14, filled),
        (6, "148" if exec_type == "F" else "0"),
        (75, f"{now:%Y%m%d}"),
        (60, f"{now:%Y%m%d-%H:%M:%S}.{now.microsecond // 1000:03d}"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--fields", action="store_true")
    parser.add_argument("--dictionary", action="store_true")
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = fix.SessionSettings()
    settings.setFromString(_settings(port, options))
    stores = (
        fix.MemoryStoreFactory() if options.store == "memory" else fix.FileStoreFactory(settings)
    )
    acceptor = fix.SocketAcceptor(Answers(fields=options.fields), stores, settings)
    acceptor.start()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    stopped.wait()
    os._exit(0)  # Its `stop` crashes now and then.


def _settings(port: int, options: argparse.Namespace) -> str:
    dictionary = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
    checked = [f"DataDictionary={dictionary}"] if options.dictionary else []
    lines = [
        "[DEFAULT]", "ConnectionType=acceptor", "NonStopSession=Y", "SocketNodelay=Y",
        f"UseDataDictionary={'Y' if options.dictionary else 'N'}", *checked,
        f"FileStorePath={options.store}", "ResetOnLogon=Y",
        "[SESSION]", "BeginString=FIX.4.4", f"SenderCompID={VENUE}", f"TargetCompID={CLIENT}",
        f"SocketAcceptPort={port}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
