"""Whole days with routing rules: what is left goes to the next choice at a real venue, once."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from console.stored_run import StoredRun
from domain.orders import OrdStatus, TimeInForce
from domain.runs import RunStatus
from oms.generations import root_of
from tests.system.desk import ACCOUNTS, FREE, THIN, Desk

pytestmark = pytest.mark.integration

ACCOUNT = ACCOUNTS[1]
CHOICES = """choices = [
    { type = "limit", collar_bps = 2, time_in_force = "ioc" },
    { type = "limit", collar_bps = 20, patience_seconds = 1 },
    { type = "limit" },
]"""
RULES = {**FREE, "choices": CHOICES, "notional_from": "notional_from = 1"}
IN_PARTS = """notional_from = 1
slices = 2
start = "14:45:08"
end = "14:45:12"
"""
SECOND_PART = datetime(2022, 11, 30, 19, 45, 10, tzinfo=UTC)
SLICED = {**RULES, "notional_from": IN_PARTS}


def test_the_rest_of_an_ioc_goes_to_the_next_choice_once_though_the_service_is_killed(
    book, tmp_path
):
    with Desk(book, tmp_path / "desk", edits=RULES, level_share=THIN) as desk:
        desk.open_venues()
        desk.serve()
        run = desk.rebalance(ACCOUNT)
        desk.until_sent()
        desk.sleep(0.4)
        desk.kill(desk.service)
        desk.serve()
        desk.until_run(run, RunStatus.DONE)

        stored = ended(desk, run)
        followers = [o for o in stored.orders if o.intent.routed and o.intent.routed.follows]
        assert followers
        last = followers[-1].intent
        told = desk.trimtab("order", last.cl_ord_id).stdout
        assert f"with the rest of {last.routed.follows}" in told
        assert "shortfall" in told
        assert "rule size: it is worth $" in desk.trimtab("explain", last.cl_ord_id).stdout
        first = [o for o in stored.orders if o.intent.time_in_force is TimeInForce.IOC]
        sent = {order.status for order in first if not order.accidental}
        assert sent <= {OrdStatus.FILLED, *ENDS}


def test_orders_in_parts_go_out_at_their_times(book, tmp_path):
    """The service's clock starts at 14:45 in New York; parts are due at 8 and 10 seconds."""
    with Desk(book, tmp_path / "desk", edits=SLICED) as desk:
        desk.open_venues()
        desk.serve()

        run = desk.rebalance(ACCOUNT)
        detail = desk.until_run(run, RunStatus.DONE)

        assert detail.breaks == ()
        stored = ended(desk, run)
        parts = [order for order in stored.orders if "-S2" in order.intent.cl_ord_id]
        assert parts
        assert min(order.intent.arrived_at for order in parts) >= SECOND_PART


ENDS = (OrdStatus.CANCELED, OrdStatus.EXPIRED)


def ended(desk: Desk, run: str) -> StoredRun:
    """Everybody agrees, and no family did more than its block was to do."""
    at_venues = {order["chain"][0] for order in desk.venue_orders()}
    rows = desk.close_the_day()
    stored = desk.stored(run)
    desk.stop_all()
    desk.verify()
    sent = {o.intent.cl_ord_id for o in stored.orders if o.status is not OrdStatus.UNSENT}
    assert at_venues == sent
    assert len({(row["venue"], row["exec_id"]) for row in rows}) == len(rows) > 0
    done: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for order in stored.orders:
        intent = order.intent
        done[root_of(intent.cl_ord_id), intent.symbol, intent.side] += order.cum_qty
    wanted: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in stored.recommendations:
        wanted[one.symbol, one.side] += one.quantity
    for (_, symbol, side), quantity in done.items():
        assert quantity <= wanted[symbol, side]
    return stored
