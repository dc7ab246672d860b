"""Ours under load: the service's order path in a process of its own, everything durable.

    python -m benchmarks.gateway_ours DIRECTORY PORT STAMPS --orders N (--window W | --rate R)

What the service does for each order, with the service's own parts: limits, intent, outbox row,
audit entry and the mark before sending in one commit; QuickFIX with its file store; each
report kept, booked, posted to the ledger and closed out in one commit; the audit head anchored
after each; the log on file. An order is done when the commit of its fill has returned.
At the end the books are folded again from the facts, and the audit chain is walked.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from benchmarks import gateway_desk
from benchmarks.gateway_acceptor import CLIENT
from benchmarks.gateway_load import Load, load_arguments
from benchmarks.gateway_postgres import fresh_database
from console.clocks import SystemClock
from console.log import configure_logging
from console.pace import favour_the_wire
from domain.audit import AuditEntry
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import GatewaySettings, load_settings
from oms import wire_risk
from oms.booking import Booking
from oms.entering import enter
from vault import SqlVault, migrate
from vault.export import verify_audit
from vault.rebuild import check_projections

_EVERYTHING = 1_000_000  # Messages a second: no throttle.


class Done(Protocol):
    """Who wants to know of fills that are booked."""

    def all_done(self, names: list[str]) -> None: ...


class Desk:
    """A vault with an open book, and a gateway that is logged on."""

    def __init__(self, directory: Path, url: str, port: int, done: Done) -> None:
        """`done` is told of each commit that booked fills."""
        self._done = done
        self._clock = SystemClock()
        migrate.upgrade(url)
        self.vault = SqlVault(
            url,
            clock=self._clock,
            holder="benchmark",
            anchor_path=directory / "anchor",
            on_committed=self._committed,
        )
        self._facts = wire_risk.price_facts(gateway_desk.open_books(self.vault, self._clock.now()))
        log = structlog.get_logger("gateway")
        self.gateway = Gateway(
            self.vault, Booking(), self._clock, settings_of(directory, port), log
        )

    def send(self, names: Sequence[str]) -> None:
        """Commit these orders, as a wave is."""
        now = self._clock.now()
        with self.vault.join() as uow:
            wanted = gateway_desk.intents(names, now)
            going = enter(uow, wanted, gateway_desk.LIMITS, self._facts, now)
        assert len(going.intents) == len(names), going.stopped
        self.gateway.wake()

    def _committed(self, entries: Sequence[AuditEntry]) -> None:
        if names := [one.subject for one in entries if one.kind == "execution_booked"]:
            self._done.all_done(names)


def settings_of(directory: Path, port: int) -> GatewaySettings:
    """One venue, without a throttle."""
    path = directory / "fix.cfg"
    sessions = write_session_config(
        path, {gateway_desk.VENUE: ("127.0.0.1", port)}, store=directory / "fix", client=CLIENT
    )
    table = {"session": sessions[gateway_desk.VENUE], "throttle": _EVERYTHING}
    return load_settings(path, {gateway_desk.VENUE: table}, {})


def main() -> None:
    """Start, load, look whether all is as it should be, tell."""
    options = _options()
    options.directory.mkdir(exist_ok=True)
    configure_logging(options.directory / "log.jsonl")
    load = Load(options)
    url = f"sqlite:///{options.directory}/trimtab.db"
    if options.url:
        url = fresh_database(options.url)
    desk = Desk(options.directory, url, options.port, load)
    desk.gateway.start()
    favour_the_wire()
    load.run(desk.send)
    desk.gateway.stop()
    found = json.loads(load.summary()) | soundness(desk.vault)
    desk.vault.close()
    sys.stdout.write(json.dumps(found) + "\n")


def soundness(vault: SqlVault) -> dict[str, object]:
    """What is wrong afterwards; nothing, else the figures are worth nothing."""
    with vault.read() as view:
        day = datetime.now(UTC).date()
        executions = len(view.orders.executions(day, gateway_desk.VENUE))
    return {
        "executions": executions,
        "differences": len(check_projections(vault)),
        "audit": verify_audit(vault) is None,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("port", type=int)
    load_arguments(parser)
    parser.add_argument(
        "--url", default="", help="a PostgreSQL server; SQLite in DIRECTORY without it"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
