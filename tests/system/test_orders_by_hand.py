"""Orders by hand, typed as a person types them, against real venues."""

import json
import time
from decimal import Decimal

import pytest

from domain.errors import ExitCode
from domain.orders import OrdStatus, TimeInForce
from domain.runs import RunStatus
from oms.under_way import LONG_LOOK
from tests.system.desk import ACCOUNTS, CLERK, FREE, OFFICER, Desk

pytestmark = pytest.mark.integration

FIRST, SECOND = ACCOUNTS
BLOCK = ("--account", f"{FIRST}=30", "--account", f"{SECOND}=20")
BY_NAME = "8812-1477"  # Its mandate relieves lots by name: three shares of the younger one,
LOT = "SUMMIT:8812-1477:US3696043013:2"  # and 58 of an older one.
OF_A_LOT = ("--account", f"{BY_NAME}=2", "--lot", LOT)
WHO = ("--by", CLERK, "--why", "the client called")


def test_a_block_is_checked_approved_sent_divided_and_explained_like_any_other(book, tmp_path):
    edits = {**FREE, "max_notional": "max_notional = 1000"}
    with Desk(book, tmp_path / "desk", edits=edits) as desk:
        desk.open_venues()
        desk.serve()

        told = desk.trimtab("order", "new", "sell", "KO", *BLOCK, "--market", *WHO).stdout
        run = told.split()[1].rstrip(":")
        of_the_same = desk.trimtab("approve", run, *WHO, code=ExitCode.BAD_DATA).stderr
        assert desk.api.run(run).orders == ()
        desk.trimtab("approve", run, "--by", OFFICER, "--why", "seen")
        desk.until_run(run, RunStatus.DONE)
        by_lot = desk.trimtab("order", "new", "sell", "GE", *OF_A_LOT, "--market", *WHO).stdout
        sold = by_lot.split()[1].rstrip(":")
        desk.until_run(sold, RunStatus.DONE)

        assert "it waits for a second person, because $" in told
        assert "ask a second person" in of_the_same
        (order,) = desk.stored(run).orders
        assert order.status is OrdStatus.FILLED
        explained = desk.trimtab("explain", order.intent.cl_ord_id).stdout
        assert f"{CLERK} ordered it by hand: the client called" in explained
        assert "rule by hand: its terms were given by hand" in explained
        assert f"{FIRST} was to have 30 shares, got 30" in explained
        assert "What was ordered by hand" in desk.trimtab("explain", FIRST).stdout
        (by_name,) = desk.stored(sold).orders
        assert (
            f"relieved 2 of lot {LOT} " in desk.trimtab("explain", by_name.intent.cl_ord_id).stdout
        )
        left = desk.trimtab("lots", "--account", BY_NAME, "--symbol", "GE").stdout
        assert [line.split()[3] for line in left.splitlines() if LOT in line] == ["1"]
        stored, _ = desk.end_well(run, sold)
        assert stored.unexplained() == ()
        assert stored.checks
        assert stored.summary.tracking_error_before > 0


def test_an_order_that_waits_for_its_price_outlives_a_kill_and_holds_up_nobody_else(book, tmp_path):
    """It works on while another account is rebalanced; its own account is left alone meanwhile."""
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        desk.quote("YSIM", "GE", "60.00")
        desk.open_venues()
        desk.serve()
        _refuse_what_cannot_be(desk)

        waiting, its_run = _sold(desk, 10, "--limit", "68.00")
        _raise(desk, waiting)
        desk.until_run(desk.rebalance(SECOND), RunStatus.DONE)
        desk.kill(desk.service)
        desk.serve()
        desk.until(lambda: desk.api.order(waiting).order.status == "new", "at work")
        assert desk.api.order(waiting).order.order_qty == 15
        alone = desk.rebalance(FIRST)
        desk.until_run(alone, RunStatus.DONE)
        resting, run = _sold(desk, 11, "--limit", "68.50", "--until", "2022-12-05")
        desk.trimtab("cancel", waiting, *WHO)
        desk.until(lambda: desk.api.order(waiting).order.status == "canceled", "canceled")
        closing = time.monotonic()
        desk.until_run(its_run, RunStatus.DONE)

        assert time.monotonic() - closing < LONG_LOOK.total_seconds() / 3
        assert [one["chain"][0] for one in desk.venue_orders()].count(waiting) == 1
        assert f"{FIRST} has order {waiting} of run" in desk.trimtab("runs", alone).stdout
        desk.until_run(run, RunStatus.DONE)
        intent = desk.stored(run).orders[0].intent
        assert (intent.cl_ord_id, intent.limit_price) == (resting, Decimal("68.5"))
        assert intent.time_in_force is TimeInForce.GTD
        desk.stop_all()
        desk.verify()


def _sold(desk: Desk, shares: int, *terms: str) -> tuple[str, str]:
    """The ClOrdID and the run of a sale that the venue has."""
    told = desk.trimtab(
        "order", "new", "sell", "GE", "--account", f"{FIRST}={shares}", "--json", *terms, *WHO
    ).stdout
    detail = json.loads(told)
    (order,) = detail["orders"]
    assert order["status"] == "new"
    return order["cl_ord_id"], detail["run"]["run_id"]


def _raise(desk: Desk, name: str) -> None:
    """From 10 shares to 15, by two persons."""
    more = ("replace", name, "--quantity", "15")
    alone = desk.trimtab(*more, *WHO, code=ExitCode.BAD_DATA).stderr
    told = desk.trimtab(*more, "--raise", *WHO).stdout
    desk.trimtab("replace", name, "--agree", "--by", OFFICER)
    desk.until(lambda: desk.api.order(name).order.order_qty == 15, "raised")

    assert "15 is more than the 10 that were approved" in alone
    assert f"15 instead of 10 GE of {name}: 15 for {FIRST}" in told
    life = desk.trimtab("order", name).stdout
    assert f"{CLERK}, seconded by {OFFICER}" in life
    assert "sell 10 GE limit 68" in life


def _refuse_what_cannot_be(desk: Desk) -> None:
    """Every reason is said at once, and no run is left behind; a rule says what would pass."""
    bad = ("--limit", "64.005", "--venue", "NOWHERE", "--tif", "gtd")
    parts = ("--account", f"{FIRST}=9999999", "--account", "nobody=1")
    order = ("order", "new")

    said = desk.trimtab(*order, "sell", "BBY", *parts, *bad, *WHO, code=ExitCode.BAD_DATA).stderr
    misspelt = (*order, "buy", "BBI", "--account", f"{FIRST}=1", *WHO)
    unknown = desk.trimtab(*misspelt, code=ExitCode.BAD_DATA).stderr
    assert desk.api.runs(10) == ()
    too_much = desk.trimtab(*order, "buy", "KO", "--account", f"{FIRST}=100000", *WHO).stdout

    assert f"{FIRST} holds 589 BBY: it cannot sell 9999999" in said
    assert "there is no account 'nobody'" in said
    assert "--limit 64.005 is not a multiple of BBY's tick of 0.01" in said
    assert "there is no venue 'NOWHERE'; known: XSIM, YSIM" in said
    assert "--tif gtd needs its last day" in said
    assert "did you mean BBY?" in unknown
    assert "507 of KO would pass" in too_much
    assert "a hard breach is let through by nobody" in too_much
