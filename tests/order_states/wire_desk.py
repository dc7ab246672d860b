"""Our side of the wire for whole scenarios: vault, OMS, gateway, and simulated venues.

One process plays all scenarios at once. One that leaves an order in doubt has a venue of its own:
a doubt shuts the gate of its venue until two persons have settled it.
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import structlog

from domain.lots import TaxLot
from domain.orders import Alarm, CancelReject, ExecutionReport, Order
from domain.runs import Run, RunStatus, TriggerKind
from domain.splits import Split
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from gateway.wiretext import SOH, value_of
from ledger import postings
from oms import splits
from oms.booking import Booking
from tests.gateway.desk import RealClock, open_vault
from tests.gateway.venue import until
from tests.oms_orders.desk import NOW, RUN, SOURCE, custody, snapshot
from tests.simulator.conftest import VenueProcess
from vault.store import SqlVault

EXEC_INST = {"E.1.e": "Z", "K.1.a": "J", "K.1.b": "K"}
HELD_OF_EACH_LOT = 25_000
PRICES = """\
symbol,security_id,price,tick,lot_size,average_daily_volume
AAPL,US0378331005,100.00,0.01,1,2000000
"""
PROGRAM = """\
seed = 7
state_dir = "state"
[clock]
start = "2022-11-30T15:00:00Z"
"""
VENUE = """\
[[venue]]
name = "{name}"
port = 0
prices = "prices.csv"
levels = 0
scenario_pace = 0.002
scenario_night = 0
[[venue.session]]
client = "TRIMTAB"
begin_string = "{begin_string}"
"""


@dataclass(frozen=True, slots=True)
class Booked:
    """One message of a venue's, and what stood when it was booked."""

    message: ExecutionReport | CancelReject
    order: Order | None
    alarms: tuple[Alarm, ...]


class WatchedBooking(Booking):
    """The real booking, whose results the plays wait for; by symbol."""

    def __init__(self) -> None:
        super().__init__()
        self.booked: defaultdict[str, list[Booked]] = defaultdict(list)

    def apply(self, uow, message, at):
        alarms = super().apply(uow, message, at)
        order = uow.orders.get(message.cl_ord_id) if message.cl_ord_id else None
        if order is None and message.orig_cl_ord_id:
            order = uow.orders.get(message.orig_cl_ord_id)
        symbol = order.intent.symbol if order is not None else message.symbol
        self.booked[symbol].append(Booked(message, order, alarms))
        return alarms


@dataclass(slots=True)
class Desk:
    """What a play needs."""

    vault: SqlVault
    gateway: Gateway
    booking: WatchedBooking
    program: VenueProcess
    begin_string: str
    venues: Sequence[str]
    held: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    _said: dict[str, list[str]] = field(default_factory=dict)

    def send_beneath(self, venue: str, text: str) -> None:
        """A message that our gateway would never send: a fault between it and the venue."""
        assert self.gateway._core.engine.send(self.session(venue), text)

    def session(self, venue: str) -> str:
        return f"{self.begin_string}:TRIMTAB->{venue}"

    def rest(self) -> None:
        """All is played: keep what the venues said, as it stood on the wire, and the balances.

        Whoever writes waits for the inbox, which may not have committed its last messages.
        """
        with self.vault.write() as view:
            self.held = view.ledger.balances()
            for venue in self.venues:
                taken = view.inbox.after(self.session(venue), 0, 0, 100_000)
                self._said[venue] = [one.raw for one in taken]

    def said(self, venue: str) -> list[str]:
        """Every message of the venue's."""
        return self._said[venue]


@contextmanager
def open_desk(
    directory: Path,
    begin_string: str,
    venues: Sequence[str],
    accounts: Sequence[str],
    lots: Sequence[TaxLot],
) -> Iterator[Desk]:
    """Everything started, logged on and with its books opened; stopped at the end."""
    program = _venues(directory, begin_string, venues)
    vault = open_vault(directory)
    open_books(vault, accounts, lots)
    booking = WatchedBooking()
    gateway = Gateway(
        vault, booking, RealClock(), _settings(directory, program, begin_string, venues), _log()
    )
    instruct(gateway)
    gateway.start()
    try:
        until(lambda: all(one.gate_open for one in gateway.sessions()), "the gates")
        yield Desk(vault, gateway, booking, program, begin_string, venues)
    finally:
        gateway.stop()
        vault.close()
        assert program.stop() == 0


def instruct(gateway: Gateway) -> None:
    """Orders of three scenarios carry an ExecInst (18), which our OMS has no wish for."""
    engine = gateway._core.engine
    send = engine.send

    def sent(session: str, text: str) -> bool:
        scenario = (value_of(text, 55) or "").removesuffix(".TEST").split("/")[0]
        told = EXEC_INST.get(scenario) if value_of(text, 35) == "D" else None
        if told is not None:
            text = text.replace(f"{SOH}21=", f"{SOH}18={told}{SOH}21=")
        return send(session, text)

    engine.send = sent


def open_books(vault: SqlVault, accounts: Sequence[str], lots: Sequence[TaxLot]) -> None:
    """Each account with a million dollars and its lots, at one custodian; and the run."""
    book = snapshot(lots=lots, cash=dict.fromkeys(accounts, "1000000"), accounts=accounts)
    with vault.write() as uow:
        run = Run(
            run_id=RUN,
            trigger="manual",
            kind=TriggerKind.MANUAL,
            due=NOW,
            why="every scenario",
            account_ids=(),
            status=RunStatus.RUNNING,
            started_at=NOW,
            snapshot_id=uow.snapshots.put(book, NOW),
        )
        uow.runs.add(run)
        for position in custody(book):
            uow.ledger.append(postings.opening(replace(position, as_of=date(2022, 11, 29)), NOW))


def book_split(desk: Desk, security_id: str, new: int) -> None:
    """What two persons do when a security is split `new` for one overnight."""
    split = Split(security_id=security_id, day=date(2022, 12, 1), new=new, old=1)
    with desk.vault.write() as uow:
        splits.propose(uow, split, security_id, why="the company's notice", by="anna", at=NOW)
        splits.second(uow, security_id, split.day, by="ben", at=NOW)


def two_lots(account: str, security_id: str) -> tuple[TaxLot, TaxLot]:
    """An old cheap lot and a younger dear one, so that the order of relief shows."""
    return tuple(
        TaxLot(
            lot_id=f"{account}:{number}",
            account_id=account,
            security_id=security_id,
            quantity=Decimal(HELD_OF_EACH_LOT),
            basis=HELD_OF_EACH_LOT * Decimal(price),
            acquired=date(2019 + number, 3, 2),
            source=SOURCE,
        )
        for number, price in ((1, "40"), (2, "93.5"))
    )


def _venues(directory: Path, begin_string: str, venues: Sequence[str]) -> VenueProcess:
    (directory / "prices.csv").write_text(PRICES)
    tables = (VENUE.format(name=name, begin_string=begin_string) for name in venues)
    (directory / "venues.toml").write_text(PROGRAM + "".join(tables))
    return VenueProcess(directory / "venues.toml").start()


def _settings(directory: Path, program: VenueProcess, begin_string: str, venues: Sequence[str]):
    path = directory / "fix.cfg"
    addresses = {name: ("127.0.0.1", program.port(name)) for name in venues}
    sessions = write_session_config(
        path, addresses, store=directory / "fix", begin_string=begin_string
    )
    tables = {name: {"session": sessions[name], "throttle": 1000} for name in venues}
    return load_settings(path, tables, {})


def _log():
    return structlog.wrap_logger(structlog.PrintLogger(io.StringIO()))
