"""Limits and lists while the service runs: timed through the whole process, and over a kill."""

import json
from datetime import datetime, timedelta

import pytest

from console.opening import open_vault
from domain.errors import ExitCode
from domain.orders import CancelRequest, Order, OrdStatus, Side
from domain.runs import RunStatus
from tests.system.desk import ACCOUNTS, FREE, OFFICER, Desk

pytestmark = pytest.mark.integration

SECOND = timedelta(seconds=1)


def logged(desk: Desk, event: str, **fields: str) -> list[datetime]:
    """When the service said so."""
    lines = map(json.loads, desk.config.files.log.read_text("utf-8").splitlines())
    return [
        datetime.fromisoformat(line["ts"])
        for line in lines
        if line["event"] == event and fields.items() <= line.items()
    ]


def order_of(desk: Desk, run: str, symbol: str) -> Order:
    (order,) = [order for order in desk.stored(run).orders if order.intent.symbol == symbol]
    return order


def cancels(desk: Desk, name: str) -> tuple[CancelRequest, ...]:
    """What was asked of the venue about an order, answered or not."""
    with open_vault(desk.config) as vault, vault.read() as view:
        return tuple(e for e in view.orders.events(name) if isinstance(e, CancelRequest))


def cancel_of(desk: Desk, run: str, symbol: str) -> tuple[CancelRequest, datetime, datetime]:
    """The cancel of the run's one order in a name, when it was committed, and when it left."""
    name = order_of(desk, run, symbol).intent.cl_ord_id
    desk.until(lambda: cancels(desk, name), "asked")
    (wish,) = cancels(desk, name)
    desk.until(lambda: logged(desk, "fix.out", msg_type="F", order=wish.cl_ord_id), "sent")
    (committed,) = logged(desk, "cancel_requested", order=name)
    (left,) = logged(desk, "fix.out", msg_type="F", order=wish.cl_ord_id)
    return wish, committed, left


def test_a_name_that_is_restricted_now_or_by_the_clock_is_off_the_market_in_a_second(
    book, tmp_path
):
    """Two sells wait: one is restricted by a file that comes in, one from an instant on."""
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        for symbol in ("WMT", "HD"):
            desk.quote("XSIM", symbol, "30.00")
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        for symbol in ("WMT", "HD"):
            desk.until(lambda symbol=symbol: desk.orders_in(symbol, "new"), f"{symbol} at work")

        instant = desk.api.health().now + 3 * SECOND
        path = tmp_path / "restricted.csv"
        path.write_text(
            "symbol,reason,effective_from\nWMT,adviser to a bidder,2022-11-30\n"
            f"HD,embargo,{instant.isoformat()}\n",
            "utf-8",
        )
        (line,) = desk.api.ingest([path], OFFICER, replace=True)
        assert line.outcome == "accepted", line
        at_once, _, left_at_once = cancel_of(desk, run, "WMT")
        later, committed, left_later = cancel_of(desk, run, "HD")

        assert at_once.why == "restricted: adviser to a bidder"
        assert left_at_once - logged(desk, "files_ingested")[-1] < SECOND
        assert later.why == "restricted: embargo"
        waited = later.requested_at - instant
        assert timedelta(0) <= waited
        assert waited + (left_later - committed) < SECOND
        desk.until_run(run, RunStatus.DONE)
        orders = {o.intent.symbol: o for o in desk.stored(run).orders}
        assert {orders[name].status for name in ("WMT", "HD")} == {OrdStatus.CANCELED}


def test_what_counts_against_a_limit_counts_after_a_kill(book, tmp_path):
    """The first run's orders fill the day of its account; the second run finds nothing left."""
    edits = {**FREE, "daily_account": "daily_account = 500_000"}
    with Desk(book, tmp_path / "desk", edits=edits) as desk:
        desk.open_venues()
        desk.serve()
        first = desk.rebalance(ACCOUNTS[0])
        desk.until_run(first, RunStatus.DONE)
        desk.kill(desk.service)
        desk.serve()

        second = desk.rebalance(ACCOUNTS[0])
        desk.until_run(second, RunStatus.DONE)

        entered = sum(
            part.quantity * order.intent.limit_price
            for run in (first, second)
            for order in desk.stored(run).orders
            for part in order.intent.allocations
        )
        assert 0 < entered <= 500_000
        whys = [found.message for found in desk.stored(first).breaks + desk.stored(second).breaks]
        assert any("has entered" in why and "500,000.00 are allowed" in why for why in whys), whys


def test_a_halt_of_a_strategy_takes_back_its_blocks_and_the_others_trade_on(book, tmp_path):
    """A block of two models waits; one of them is halted, and nothing of it goes out any more."""
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        desk.quote("XSIM", "WMT", "30.00")
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        desk.until(lambda: desk.orders_in("WMT", "new"), "at work")
        parts = order_of(desk, run, "WMT").intent.allocations
        models = {part.account_id: part.strategy for part in parts}
        assert len(set(models.values())) == 2, models
        halted = models[ACCOUNTS[1]]

        desk.trimtab("halt", "strategy", halted, "--by", "Rosa", "--why", "odd model")
        desk.until_run(run, RunStatus.DONE)
        alone = desk.trimtab(
            "resume", "strategy", halted, "--by", "Rosa", "--why", "fine", code=ExitCode.BAD_DATA
        )
        desk.trimtab("resume", "strategy", halted, "--by", "Paul", "--why", "the model is right")

        assert "ask a second person" in alone.stderr
        wmt = order_of(desk, run, "WMT")
        assert wmt.status is OrdStatus.CANCELED
        [wish] = cancels(desk, wmt.intent.cl_ord_id)
        assert wish.why.startswith(f"halt of strategy {halted} by Rosa: odd model; 1 other")
        buys = [o.intent for o in desk.stored(run).orders if o.intent.side is Side.BUY]
        assert {part.strategy for buy in buys for part in buy.allocations} == {
            models[ACCOUNTS[0]]
        }, "the wave after the halt"
        stopped = [b.message for b in desk.stored(run).breaks if b.kind == "order_not_released"]
        assert any(f"strategy {halted} was halted by Rosa" in why for why in stopped), stopped
