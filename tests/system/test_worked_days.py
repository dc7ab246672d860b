"""A whole day at a broker: routed to its algorithms, worked on both exchanges, and reconciled."""

import csv

import pytest

from domain.orders import Side, Strategy
from domain.runs import RunStatus
from tests.system.desk import ACCOUNTS, FREE, Desk, free_ports

pytestmark = pytest.mark.integration

ACCOUNT = ACCOUNTS[1]
# The broker works an order for `horizon` seconds where nobody says until when.
BROKER = """
[[venue]]
name = "BROK"
kind = "broker"
port = {port}
works_on = ["XSIM", "YSIM"]
slice_interval = 1
horizon = 3
fee_per_share = 0.005
clients = ["TRIMTAB"]
"""
SESSION = """
[SESSION]
TargetCompID=BROK
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
"""
PROFILE = """
[venues.BROK]
session = "FIX.4.4:TRIMTAB->BROK"
account = "4711"
kinds = ["limit"]
times = ["day"]
day_roll = "17:00 America/New_York"
[venues.BROK.strategies]
TWAP = "1000"
VWAP = {{ value = "1", parameters = "group" }}
[venues.BROK.tags.new]
9001 = "{{run}}"

[[route]]
name = "sales"
sides = ["sell"]
choices = [{{ venue = "BROK", collar_bps = 100, algo = "twap" }}]

[[route]]
name = "purchases"
sides = ["buy"]
choices = [{{ venue = "BROK", collar_bps = 100, algo = "vwap" }}]
"""


class BrokeredDesk(Desk):
    """The usual desk, and a broker that works on both of its exchanges."""

    def _write_doors(self, *arguments: object) -> None:
        super()._write_doors(*arguments)
        [port] = free_ports(1)
        for name, text in (
            ("venues.toml", BROKER),
            ("sessions.cfg", SESSION),
            ("trimtab.toml", PROFILE),
        ):
            with (self.directory / name).open("a", encoding="utf-8") as file:
                file.write(text.format(port=port))


def test_a_run_is_worked_by_a_brokers_algorithms_to_the_last_cent(book, tmp_path):
    with BrokeredDesk(book, tmp_path / "desk", edits=FREE) as desk:
        desk.open_venues()
        desk.serve()

        run = desk.rebalance(ACCOUNT)
        detail = desk.until_run(run, RunStatus.DONE)

        path = desk.venues.end_of_day("BROK")
        assert (detail.breaks, desk.api.reconcile(path)) == ((), ())
        told_by_broker = csv.DictReader(path.read_text("utf-8").splitlines())
        rows = [row for row in told_by_broker if row["trade_date"] != "TRAILER"]
        stored = desk.stored(run)
        told = desk.trimtab("order", stored.orders[0].intent.cl_ord_id).stdout
        desk.stop_all()
        desk.verify()

    wanted = {Side.SELL: Strategy.TWAP, Side.BUY: Strategy.VWAP}
    assert {order.intent.side for order in stored.orders} == set(wanted)
    for order in stored.orders:
        assert (order.intent.venue, order.intent.algo.strategy) == (
            "BROK",
            wanted[order.intent.side],
        )
        assert len(order.fills) > 1, "it was worked in slices"
    assert {row["exec_id"] for row in rows} == {one.exec_id for one in stored.executions}
    assert "for the day by TWAP on BROK" in told
    assert "rule sales" in told
