"""A desk for whole days: the venues and the service as processes of their own, on a folder.

Everything that a test starts is killed at the latest when its desk is closed, and
it is an error when a process is left behind.
"""

import csv
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from console.config import load_config
from console.demo.folder import VENUES, prepare
from console.demo.processes import Process, start_service, start_venues
from console.initialise import bundled
from console.opening import open_service, open_vault
from console.service_port import OrderLine, OrderQuery, RunDetail
from console.stored_run import StoredRun
from domain.orders import Order, OrdStatus
from domain.postings import TransactionKind
from domain.runs import RunStatus
from gateway.session_file import write_session_config

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02
CLERK, OFFICER = "Karl Clerk", "Olga Officer"
# Two accounts whose trades are clean, taxable and exempt, half a dozen names each way.
ACCOUNTS = ("8695-2920", "00452320")
ALL = OrderQuery(limit=10_000)
# Clean runs of any size are released by the policy.
FREE = {"max_orders": "max_orders = 500", "max_notional": "max_notional = 900_000_000"}
THIN = "0.00001"  # Share of the daily volume on each level of a book: fills take seconds.
THINNER = "0.000002"
ENDED = (RunStatus.DONE, RunStatus.FAILED, RunStatus.REJECTED)
# An hour before the sample's month-end trigger is due; runs are started by hand.
QUIET = "2022-11-30T19:45:00Z"


def make_template(directory: Path) -> None:
    """The bundled book, taken in: what each test's folder is copied from."""
    folder = prepare(directory)
    with open_service(folder.config, write=True) as service:
        service.ingest(book_files(), CLERK, replace=False)


def book_files() -> tuple[Path, ...]:
    """The bundled book of business."""
    return bundled("book"), bundled("custodians")


class Desk:
    """One folder with its venues and its service. Use it as a context."""

    def __init__(
        self,
        template: Path,
        directory: Path,
        *,
        edits: dict[str, str] | None = None,
        start: str = QUIET,
        replenish_seconds: float = 0.02,
        level_share: str = "0.00005",
    ) -> None:
        """`edits` changes whole lines of trimtab.toml, named by their key."""
        shutil.copytree(template, directory, copy_function=shutil.copy2)
        self.directory = directory
        usual = {"start": f"start = {start}", "workers": "workers = 1"}
        self._write_config({**usual, **(edits or {})})
        self._write_doors(start, replenish_seconds, level_share)
        self.config = load_config(directory / "trimtab.toml", {})
        self._started: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._started:
            process.stop()
        self.require_no_survivors()

    def require_no_survivors(self) -> None:
        """Everything has ended that belongs to a process that was started here."""
        self.require_no_survivors_of(*self._started)

    def require_no_survivors_of(self, *processes: Process) -> None:
        """Each was the leader of a session of its own, which nobody has left."""
        sessions = {process.pid for process in processes}
        deadline = time.monotonic() + 10
        while left := processes_of(sessions):
            assert time.monotonic() < deadline, left
            time.sleep(POLL_SECONDS)

    # The configuration

    def set_clock(self, start: str) -> None:
        """What time it is when the service is started next."""
        self._write_config({"start": f"start = {start}"})

    def _write_config(self, lines: dict[str, str]) -> None:
        path = self.directory / "trimtab.toml"
        text = path.read_text("utf-8").splitlines()
        for key, line in lines.items():
            (place,) = [i for i, old in enumerate(text) if old.startswith(f"{key} =")]
            text[place] = line
        path.write_text("\n".join(text) + "\n", "utf-8")

    def _write_doors(self, start: str, replenish_seconds: float, level_share: str) -> None:
        """Ports of this test's own: sessions.cfg for us, venues.toml for the simulator."""
        ports = dict(zip(VENUES, free_ports(len(VENUES)), strict=True))
        write_session_config(
            self.directory / "sessions.cfg",
            {name: ("127.0.0.1", port) for name, port in ports.items()},
            store=self.directory / "state" / "fix",
            reconnect_seconds=1,
        )
        lines = [
            "seed = 20221130",
            'state_dir = "venues"',
            'log_file = "log/venues.jsonl"',
            "[clock]",
            f'start = "{start}"',
        ]
        for name, port in ports.items():
            lines += [
                "[[venue]]",
                f'name = "{name}"',
                f"port = {port}",
                'clients = ["TRIMTAB"]',
                f'prices = "prices_{name}.csv"',
                "fee_per_share = 0.003",
                f"replenish_interval = {replenish_seconds}",
                f"level_share = {level_share}",
            ]
        (self.directory / "venues.toml").write_text("\n".join(lines) + "\n", "utf-8")

    def quote(self, venue: str, symbol: str, price: str) -> None:
        """Before the venues open: they trade a name so far away that our limit waits."""
        path = self.directory / f"prices_{venue}.csv"
        rows = [line.split(",") for line in path.read_text("utf-8").splitlines()]
        (row,) = [row for row in rows if row[0] == symbol]
        row[rows[0].index("price")] = price
        path.write_text("".join(",".join(row) + "\n" for row in rows), "utf-8")

    # Processes

    def open_venues(self) -> None:
        """Start `python -m simulator`."""
        self.venues = start_venues(
            self.directory / "venues.toml", self.directory / "log" / "venues.stderr"
        )
        self._started.append(self.venues.process)

    def serve(self) -> None:
        """Start `trimtab serve`."""
        self.service, self.api = start_service(
            self.config, self.directory / "log" / "service.stderr"
        )
        self._started.append(self.service)

    @staticmethod
    def kill(process: Process) -> None:
        """As the kernel kills: no farewell."""
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

    def terminate(self) -> None:
        """SIGTERM to the service, which ends in order."""
        os.kill(self.service.pid, signal.SIGTERM)
        assert self.service.wait() == 0, self.log_tail()

    def stop_all(self) -> None:
        """In order, as an operator would; both say that all is well."""
        self.api.stop(CLERK)
        assert self.service.wait() == 0, self.log_tail()
        os.kill(self.venues.process.pid, signal.SIGTERM)
        assert self.venues.process.wait() == 0

    def trimtab(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """One command, as a person types it."""
        done = subprocess.run(
            [sys.executable, "-m", "console.main", "--config", self.config.path, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    # The run

    def rebalance(self, *accounts: str) -> str:
        """Fire the month-end trigger by hand; the run's id."""
        return self.api.trigger("month-end", accounts or ACCOUNTS, CLERK).run_id.hex

    def until(self, condition: Callable[[], object], what: str) -> object:
        """Wait until it holds; what it gave."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not {what} in time\n{self.log_tail()}"
            time.sleep(POLL_SECONDS)
        return found

    def is_watching(self, trigger: str) -> bool:
        """Whether the service has looked at the trigger's schedule."""
        with open_vault(self.config) as vault, vault.read() as view:
            return view.triggers.last_due(trigger) is not None

    def orders_in(self, symbol: str, status: str) -> list[OrderLine]:
        """The orders of one name that stand like this."""
        query = OrderQuery(symbol=symbol, limit=100)
        return [order for order in self.api.orders(query) if order.status == status]

    @staticmethod
    def sleep(seconds: float) -> None:
        """Let things go on: whatever is then under way, the test must hold."""
        time.sleep(seconds)

    def sent_to(self, venue: str, run: str) -> set[str]:
        """ClOrdIDs of a run that were handed to a venue's session, by the database."""
        orders = self.stored(run).orders
        return {o.intent.cl_ord_id for o in orders if o.sent and o.intent.venue == venue}

    def until_run(self, run: str, *awaited: RunStatus) -> RunDetail:
        """Wait until the run stands there, or has ended."""

        def look() -> RunDetail | None:
            detail = self.api.run(run)
            return detail if detail.run.status in (*awaited, *ENDED) else None

        found = self.until(look, f"run {[status.value for status in awaited]}")
        assert isinstance(found, RunDetail)
        assert found.run.status in awaited, (found.run, self.log_tail())
        return found

    def until_sent(self) -> None:
        """Wait until a venue has answered a first order."""
        self.until(lambda: any(o.status != "intended" for o in self.api.orders(ALL)), "sent")

    def until_filling(self) -> None:
        """Wait until a first order has a fill, and some are still open."""

        def is_filling() -> bool:
            orders = self.api.orders(ALL)
            is_open = any(o.leaves_qty > 0 for o in orders)
            return any(o.cum_qty > 0 for o in orders) and is_open

        self.until(is_filling, "filling")

    def log_tail(self) -> str:
        """The last of what everybody said, for a test that fails."""
        said = [self.config.files.log, *sorted((self.directory / "log").glob("*.stderr"))]
        return "\n".join(
            f"== {path.name}\n" + "\n".join(path.read_text("utf-8").splitlines()[-25:])
            for path in said
            if path.exists()
        )

    # Witnesses

    def venue_orders(self) -> list[dict[str, object]]:
        """Every order that the venues have, by their own word."""
        found: list[dict[str, object]] = []
        for venue in VENUES:
            with urllib.request.urlopen(f"{self.venues.control}/venues/{venue}/orders") as answer:
                found += json.load(answer)["orders"]
        return found

    def close_the_day(self) -> list[dict[str, str]]:
        """The venues' end-of-day files, each reconciled without a break; their rows."""
        rows: list[dict[str, str]] = []
        for venue in VENUES:
            path = self.venues.end_of_day(venue)
            assert self.api.reconcile(path) == ()
            with path.open(newline="") as file:
                rows += [row for row in csv.DictReader(file) if row["trade_date"] != "TRAILER"]
        return rows

    def stored(self, run: str) -> StoredRun:
        """Everything of a run, read from the database beside whoever writes."""
        with open_service(self.config, write=False) as service:
            return service.stored(run)

    def verify(self) -> None:
        """The books balance, every projection is its fold, and the audit trail holds."""
        with open_service(self.config, write=False) as service:
            books, audit = service.books_verify(), service.audit_verify()
        assert books.balanced, books.message
        assert audit.verified, audit.message

    def end_well(self, *runs: str, breaks: tuple[str, ...] = ()) -> tuple[StoredRun, ...]:
        """The day's end: everything happened once, everybody agrees; `breaks` are their kinds."""
        found = [self.until_run(run, RunStatus.DONE) for run in runs]
        assert {one.kind for detail in found for one in detail.breaks} == set(breaks), found
        assert self.api.health().in_doubt == 0
        at_venues = self.venue_orders()
        rows = self.close_the_day()
        stored = tuple(self.stored(run) for run in runs)
        self.stop_all()
        self.verify()
        _everything_once(stored, at_venues, rows)
        return stored


def _everything_once(
    runs: tuple[StoredRun, ...], at_venues: list[dict[str, object]], rows: list[dict[str, str]]
) -> None:
    """Our orders are at the venues, each once; what they executed is booked, each once."""
    sent = [o.intent.cl_ord_id for run in runs for o in run.orders if not _never_left(o)]
    assert sorted(order["chain"][0] for order in at_venues) == sorted(sent)
    theirs = sorted((row["venue"], row["exec_id"]) for row in rows)
    executions = [report for run in runs for report in run.executions]
    assert sorted((report.venue, report.exec_id) for report in executions) == theirs
    assert len(set(theirs)) == len(theirs) > 0
    fills = [t for run in runs for t in run.transactions if t.kind is TransactionKind.FILL]
    assert sorted(t.exec_id for t in fills) == sorted(exec_id for _, exec_id in theirs)
    for run in runs:
        meant = Counter((o.intent.symbol, o.intent.side) for o in run.orders if o.cum_qty)
        assert set(meant.values()) <= {1}, "one intent traded twice"


def _never_left(order: Order) -> bool:
    return order.status is OrdStatus.UNSENT


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, and that no connection is given meanwhile."""
    found: list[int] = []
    for port in random.sample(range(10_000, 20_000), 1_000):
        with suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            break
    return found


def processes_of(sessions: set[int]) -> list[str]:
    """Command lines of the living processes that belong to one of these sessions."""
    return [name for name, session, _ in _processes() if session in sessions]


def processes_that_inherited(setting: str) -> list[str]:
    """Command lines of the living processes with this NAME=VALUE in their environment."""
    return [name for name, _, settings in _processes() if setting.encode() in settings]


def _processes() -> Iterator[tuple[str, int, list[bytes]]]:
    """Command line, session and environment of every process that we may look at."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            settings = (path / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        state, session = fields[0], int(fields[3])
        if state != "Z":
            yield f"{path.name} {words}", session, settings
