"""QuickFIX's own initiator as a client program: logs on, sends orders, prints what it was told.

    python sim_fix_initiator.py PORT BEGIN_STRING STORE ORDERS EXPECTED

Prints one JSON line: the reports (MsgSeqNum, PossDup, ExecID, ClOrdID), the ExecutionReports that
its dictionary refused, and its next expected MsgSeqNum. Its file store lets it go on another time.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

import quickfix as fix

PATIENCE_SECONDS = 20


class Client(fix.Application):
    def __init__(self, expected: int) -> None:
        super().__init__()
        self.expected = expected
        self.reports = []
        self.rejects = []
        self.logged_on = threading.Event()
        self.done = threading.Event()
        self.gone = threading.Event()

    def onCreate(self, session_id):  # noqa: N802
        """Nothing to prepare."""

    def onLogon(self, session_id):  # noqa: N802
        self.logged_on.set()
        if not self.expected:
            self.done.set()

    def onLogout(self, session_id):  # noqa: N802
        self.gone.set()

    def toAdmin(self, message, session_id):  # noqa: N802
        if message.getHeader().getField(35) == "3":
            self.rejects.append(message.toString().replace("\x01", "|"))

    def toApp(self, message, session_id):  # noqa: N802
        """Nothing to add."""

    def fromAdmin(self, message, session_id):  # noqa: N802
        """Nothing to look at."""

    def fromApp(self, message, session_id):  # noqa: N802
        header = message.getHeader()
        duplicate = header.isSetField(43) and header.getField(43) == "Y"
        number = int(header.getField(34))
        self.reports.append((number, duplicate, message.getField(17), message.getField(11)))
        if len(self.reports) == self.expected:
            self.done.set()


def settings_text(port: str, begin_string: str, store: str) -> str:
    share = Path(sys.prefix) / "share" / "quickfix"
    lines = [
        "[DEFAULT]", "ConnectionType=initiator", "NonStopSession=Y", "HeartBtInt=30",
        "ReconnectInterval=1", "SocketNodelay=Y", f"FileStorePath={store}", "UseDataDictionary=Y",
        "[SESSION]", f"BeginString={begin_string}", "SenderCompID=CLIENT1", "TargetCompID=XSIM",
        "SocketConnectHost=127.0.0.1", f"SocketConnectPort={port}",
    ]  # fmt: skip
    if begin_string == "FIX.4.4":
        lines.append(f"DataDictionary={share}/FIX44.xml")
    else:
        lines += [
            "DefaultApplVerID=FIX.5.0SP2",
            f"TransportDataDictionary={share}/FIXT11.xml",
            f"AppDataDictionary={share}/FIX50SP2.xml",
        ]
    return "\n".join(lines) + "\n"


def order(cl_ord_id: str) -> fix.Message:
    message = fix.Message()
    message.getHeader().setField(35, "D")
    for tag, value in (
        (11, cl_ord_id), (55, "AAPL"), (54, "1"), (38, "100"), (40, "2"), (44, "10"),
        (60, "20221130-14:30:00.000"),
    ):  # fmt: skip
        message.setField(tag, value)
    return message


def main() -> None:
    port, begin_string, store, orders, expected = sys.argv[1:]
    client = Client(int(expected))
    settings = fix.SessionSettings()
    settings.setFromString(settings_text(port, begin_string, store))
    initiator = fix.SocketInitiator(client, fix.FileStoreFactory(settings), settings)
    initiator.start()
    assert client.logged_on.wait(PATIENCE_SECONDS), "no logon"
    session_id = fix.SessionID(begin_string, "CLIENT1", "XSIM")
    session = fix.Session.lookupSession(session_id)
    for number in range(int(orders)):
        fix.Session.sendToTarget(order(f"Q{number}-{time.time_ns()}"), session_id)
    assert client.done.wait(PATIENCE_SECONDS), f"only {len(client.reports)} reports"
    session.logout("done")
    client.gone.wait(PATIENCE_SECONDS)
    told = {
        "reports": client.reports,
        "rejects": client.rejects,
        "next": session.getExpectedTargetNum(),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)  # The engine's threads do not outlive it that way.


if __name__ == "__main__":
    main()
