"""The gateway, the OMS's booking and the venue program together, each as it is."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from domain.copies import CopyCount
from domain.orders import OrdStatus, Side
from gateway.copy_marks import copied
from gateway.service import Gateway
from gateway.wiretext import value_of
from ledger.positions import is_balanced
from oms.booking import Booking
from tests.gateway.desk import RealClock, cancel, order_of, place
from tests.gateway.drop_copy import COPIES, ORDERS, settings_with_copy
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, DAY, RUN, intent, open_books, snapshot
from tests.simulator.conftest import VenueProcess

pytestmark = pytest.mark.integration

PRICES = """\
symbol,security_id,price,tick,lot_size,average_daily_volume
AAPL,US0378331005,148.00,0.01,1,2000000
"""
CONFIG = """\
seed = 7
state_dir = "state"
[clock]
start = "2022-11-30T20:44:50Z"
[[venue]]
name = "XSIM"
port = 0
clients = ["TRIMTAB"]
prices = "prices.csv"
fee_per_share = 0.003
level_share = 0.0005
replenish_interval = 0.05
[[venue.session]]
client = "TRIMTABDC"
kind = "drop_copy"
of = ["TRIMTAB"]
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "prices.csv").write_text(PRICES)
    (tmp_path / "venues.toml").write_text(CONFIG)
    process = VenueProcess(tmp_path / "venues.toml").start()
    yield process
    assert process.stop() == 0


def test_after_a_restart_one_question_tells_of_every_resting_order(wired, program):
    settings = settings_with_copy(wired.directory, program.port(), program.port(), mass_status=True)
    open_books(wired.vault, snapshot(cash={"A1": "900000"}))
    names = ["AAAA-0011", "AAAA-0012"]
    before = Gateway(wired.vault, Booking(), RealClock(), settings, wired.log)
    before.start()
    try:
        for name in names:
            place(wired.vault, intent(name, Side.BUY, AAPL, {"A1": 50}, limit="120"))
        before.wake()
        for name in names:
            until(lambda name=name: order_of(wired.vault, name).status is OrdStatus.NEW)
    finally:
        before.stop()

    after = Gateway(wired.vault, Booking(), RealClock(), settings, wired.log)
    after.start()
    try:
        until(lambda: after.sessions()[0].gate_open, "the gate")
        for name in names:
            cancel(wired.vault, name)
        after.wake()
        for name in names:
            until(lambda name=name: order_of(wired.vault, name).is_closed, "the cancel")
    finally:
        after.stop()

    [asked] = [e for e in wired.events if e["event"] == "mass_status_asked"]
    with wired.vault.read() as view:
        taken = view.inbox.after(ORDERS, 0, 0, 1000)
    assert asked["open_orders"] == 2
    assert [value_of(one.raw, 912) for one in taken if value_of(one.raw, 584)] == ["N", "Y"]
    assert wired.quarantined() == ()
    assert wired.alarms("unknown_order") == []


def copy_of_last(vault) -> bool:
    """Whether the drop copy has told of the cancel, which came after every fill."""
    with vault.read() as view:
        taken = view.inbox.after(COPIES, 0, 0, 10_000)
    return any("\x0111=AAAA-0002-C\x01" in one.raw and "\x0139=4" in one.raw for one in taken)


def test_what_the_venue_says_it_did_is_what_we_booked(wired, program):
    """A buy that fills in parts, a sell that crosses, and one canceled: to the last cent."""
    settings = settings_with_copy(wired.directory, program.port(), program.port())
    gateway = Gateway(wired.vault, Booking(), RealClock(), settings, wired.log)
    open_books(wired.vault, snapshot(cash={"A1": "900000", "A2": "900000"}))
    began = RealClock().now()
    gateway.start()
    try:
        buy = intent("AAAA-0001", Side.BUY, AAPL, {"A1": 2500, "A2": 1000}, limit="151")
        patient = intent("AAAA-0002", Side.BUY, AAPL, {"A1": 50}, limit="120")
        for order in (buy, patient):
            place(wired.vault, order)
        gateway.wake()
        until(lambda: order_of(wired.vault, "AAAA-0001").is_closed, "the fills")
        until(lambda: order_of(wired.vault, "AAAA-0002").status is OrdStatus.NEW, "the rest")
        cancel(wired.vault, "AAAA-0002")
        gateway.wake()
        until(lambda: order_of(wired.vault, "AAAA-0002").is_closed, "the cancel")
        until(lambda: copy_of_last(wired.vault), "the copy of the last fill")
    finally:
        gateway.stop()

    bought = order_of(wired.vault, "AAAA-0001")
    status, answer = program.ask("POST", "/venues/XSIM/end-of-day")
    assert status == 200, answer
    path = next(Path(value) for value in answer.values() if str(value).endswith(".csv"))
    rows = [
        row
        for row in csv.DictReader(path.read_text().splitlines())
        if row["trade_date"] != "TRAILER"
    ]
    with wired.vault.read() as uow:
        transactions = uow.ledger.of_run(RUN)
        executions = uow.orders.executions(DAY, "XSIM")
        balances = uow.ledger.balances()
        told, breaks = copied(uow, COPIES), uow.findings.breaks()
        copies = gateway.copied(uow, executions, began)
    assert bought.status is OrdStatus.FILLED
    assert order_of(wired.vault, "AAAA-0002").status is OrdStatus.CANCELED
    assert len(rows) > 1
    assert {row["exec_id"] for row in rows} == {report.exec_id for report in executions}
    assert sum(Decimal(row["last_qty"]) * Decimal(row["last_px"]) for row in rows) == bought.gross
    assert sum(Decimal(row["fee"]) for row in rows) == bought.commission
    assert is_balanced(transactions)
    assert balances["client:A1", AAPL] == 2500
    assert balances["client:A2", AAPL] == 1000
    assert told == {DAY: len(executions)}
    assert copies == CopyCount(due=len(executions), told=len(executions))
    assert breaks == ()
    assert wired.quarantined() == ()
    assert wired.alarms("message_odd") == []
