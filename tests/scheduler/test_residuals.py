"""Residuals: what a run leaves undone is looked at again on the next session, exactly once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.errors import NotDueError
from domain.orders import Routed, Side, TimeInForce
from domain.runs import Kill, Run, RunStatus
from oms.approval import ApprovalPolicy
from oms.blocks import BlockSettings
from oms.release import Release, Releaser
from oms.routing import Attempt, Route, as_it_is
from scheduler import residuals
from scheduler.desk import Desk
from scheduler.residuals import ResidualPolicy, accounts_left, follow_up, next_session
from scheduler.run import Runner
from scheduler.triggers import CalendarSchedule, Day
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    KO,
    LIMITS,
    NOW,
    RUN,
    SetClock,
    intent,
    lot,
    open_books,
    snapshot,
)
from tests.oms_orders.test_next_choice import Street
from tests.oms_orders.test_release import SETTINGS, fills_everything, keeps_silent
from tests.plain_routing import without_rules

HOUR_BEFORE = CalendarSchedule(calendar="XNYS", day=Day.EVERY_BUSINESS_DAY, minutes_before_close=60)
POLICY = ResidualPolicy(schedule=HOUR_BEFORE)
BOOK = snapshot((lot("A1", AAPL, 100, "9000"), lot("A2", AAPL, 50, "5000")), {"A3": "9000"})
SELL = intent("R-0001", Side.SELL, AAPL, {"A1": 60, "A2": 40})
BUY = intent("R-0002", Side.BUY, KO, {"A3": 100})


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


def released(vault, answer, *routes: Route) -> Release:
    open_books(vault, BOOK)
    street = Street(vault, answer)
    clock = SetClock(step=timedelta(seconds=0.5))
    return Releaser(vault, street, clock, SETTINGS, LIMITS).release(RUN, routes, BOOK)


def left(vault, release: Release, *routes: Route) -> tuple[str, ...]:
    with vault.read() as view:
        return accounts_left(view, routes, view.orders.of_run(RUN), release)


def test_what_was_done_leaves_nobody(vault):
    routes = (as_it_is(SELL), as_it_is(BUY))

    assert left(vault, released(vault, fills_everything, *routes), *routes) == ()


def test_accounts_whose_part_was_not_filled_are_left(vault):
    """Of 100 one share is filled: it is A1's, by the larger remainder, and both have a rest."""

    def fills_some(street, order) -> None:
        if order.intent.side is Side.BUY:
            fills_everything(street, order)
        else:
            street.fill(order.intent.cl_ord_id, 1, "148")

    routes = (as_it_is(SELL), as_it_is(BUY))

    assert left(vault, released(vault, fills_some, *routes), *routes) == ("A1", "A2")


def test_an_account_whose_purchase_was_cut_for_want_of_cash_is_left(vault):
    dear = as_it_is(intent("R-0002", Side.BUY, KO, {"A3": 1000}))

    assert left(vault, released(vault, fills_everything, dear), dear) == ("A3",)


def test_what_was_stopped_or_rests_at_its_venue_is_not_left(vault):
    lasting = replace(BUY, time_in_force=TimeInForce.GTC, routed=Routed(rule="it", why="a test"))
    routes = (as_it_is(SELL), Route(attempts=(Attempt(intent=lasting, rests=True),)))
    with vault.write() as uow:
        uow.kills.set(Kill(scope="account", name="A1", by="Rosa", why="drill", set_at=NOW))

    def fills_sells(street, order) -> None:
        if order.intent.side is Side.SELL:
            fills_everything(street, order)

    assert left(vault, released(vault, fills_sells, *routes), *routes) == ()


def test_the_next_session_is_after_weekends_and_holidays():
    thanksgiving_eve = datetime(2022, 11, 23, 20, 45, tzinfo=UTC)
    friday = datetime(2022, 12, 2, 20, 45, tzinfo=UTC)

    assert next_session(HOUR_BEFORE, thanksgiving_eve) == datetime(2022, 11, 25, 17, tzinfo=UTC)
    assert next_session(HOUR_BEFORE, friday) == datetime(2022, 12, 5, 20, tzinfo=UTC)


def test_the_run_for_what_is_left_is_made_once(vault):
    open_books(vault, BOOK)
    with vault.write() as uow:
        run = uow.runs.get(RUN)
        made = follow_up(uow, run, ("A1", "A2"), POLICY, NOW)
        again = follow_up(uow, run, ("A1", "A2"), POLICY, NOW)

    assert again is None
    assert made is not None
    assert made.due == datetime(2022, 12, 1, 20, tzinfo=UTC)
    assert made.account_ids == ("A1", "A2")
    assert made.why == f"run {RUN.hex} of manual left something of 2 accounts undone"
    with vault.read() as view:
        assert view.runs.with_status(RunStatus.RUNNING)[-1] == made
        assert view.triggers.last_due(f"{residuals.TRIGGER} of {RUN.hex}") == made.due


@pytest.mark.parametrize(("policy", "accounts"), [(ResidualPolicy(), ("A1",)), (POLICY, ())])
def test_residuals_are_left_where_there_are_none_or_that_is_the_policy(vault, policy, accounts):
    open_books(vault, BOOK)
    with vault.write() as uow:
        assert follow_up(uow, uow.runs.get(RUN), accounts, policy, NOW) is None


def test_a_run_that_was_made_ahead_of_its_time_waits_for_it(vault):
    open_books(vault, BOOK)
    with vault.write() as uow:
        made = follow_up(uow, uow.runs.get(RUN), ("A1",), POLICY, NOW)
    assert isinstance(made, Run)
    clock = SetClock()
    street = Street(vault, keeps_silent)
    desk = Desk(
        rules=(),
        policy=ApprovalPolicy(max_orders=1, max_notional=Decimal(1)),
        blocks=BlockSettings(limit_collar=Decimal("0.01")),
        routing=without_rules(Decimal("0.01")),
        venues=frozenset({"XSIM", "YSIM"}),
    )
    runner = Runner(
        vault=vault,
        clock=clock,
        optimizer=None,
        desk=desk,
        releaser=Releaser(vault, street, clock, SETTINGS, LIMITS),
    )

    with pytest.raises(NotDueError) as waits:
        runner.walk(made.run_id)

    assert waits.value.at == made.due
    with vault.read() as view:
        assert view.runs.get(made.run_id).status is RunStatus.RUNNING
