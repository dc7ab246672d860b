"""Runs that wait for a person, and answers that come at once."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from domain.codec import encode
from domain.orders import Side
from domain.runs import Run, RunStatus, Step, TriggerKind
from oms.approval import ApprovalPolicy
from oms.basket import settle
from oms.blocks import BlockSettings
from scheduler import decisions
from scheduler.run import Desk, Runner
from tests.oms_orders.desk import AAPL, NOW, SetClock, recommendation
from vault.store import SqlVault

RUN = Run(
    run_id=UUID(int=7),
    trigger="month-end",
    kind=TriggerKind.CALENDAR,
    due=NOW,
    why="it was due",
    account_ids=(),
    status=RunStatus.RUNNING,
    started_at=NOW,
)
BASKET = settle("snapshot", (recommendation("A1", AAPL, Side.BUY, 10),), ())
DESK = Desk(
    rules=(),
    policy=ApprovalPolicy(max_orders=1, max_notional=Decimal(1)),
    blocks=BlockSettings(limit_collar=Decimal("0.01")),
)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class WatchedVault(SqlVault):
    """Something happens after each commit, before whoever wrote goes on."""

    def watch(self, after) -> None:
        self.after = after

    @contextmanager
    def write(self):
        with super().write() as uow:
            yield uow
        after, self.after = getattr(self, "after", None), None
        if after is not None:
            after()


@pytest.fixture
def vault(new_sqlite_url, tmp_path):
    store = WatchedVault(
        new_sqlite_url(), clock=RealClock(), holder="test", anchor_path=tmp_path / "anchor"
    )
    with store.write() as uow:
        uow.runs.add(RUN)
        uow.runs.save_step(RUN.run_id, Step.RECOMMEND, "[]", NOW)
        uow.runs.save_step(RUN.run_id, Step.CHECK, encode(BASKET), NOW)
    yield store
    store.close()


def runner(vault) -> Runner:
    return Runner(vault=vault, clock=SetClock(), optimizer=None, desk=DESK, releaser=None)


def status(vault) -> RunStatus:
    with vault.read() as view:
        return view.runs.get(RUN.run_id).status


def approve(vault) -> None:
    with vault.write() as uow:
        run = uow.runs.get(RUN.run_id)
        decisions.approve(uow, run, by="olga", why="looked", overrides={}, at=NOW)


def test_a_request_and_the_waiting_for_its_answer_are_one_fact(vault):
    seen = []
    vault.watch(lambda: seen.append(status(vault)))

    assert runner(vault)._approve(RUN, BASKET) is None

    assert seen == [RunStatus.AWAITING_APPROVAL]


def test_an_answer_of_the_very_next_moment_is_not_overwritten(vault):
    """Else a kill would leave a run that was decided and waits for ever."""
    vault.watch(lambda: approve(vault))

    assert runner(vault)._approve(RUN, BASKET) is None

    assert status(vault) is RunStatus.RUNNING
    assert runner(vault)._approve(RUN, BASKET).by == "olga"


def test_a_run_that_is_walked_again_still_waits_and_asks_nobody_twice(vault):
    runner(vault)._approve(RUN, BASKET)
    with vault.write() as uow:
        uow.runs.update(replace(RUN, status=RunStatus.RUNNING), NOW)

    assert runner(vault)._approve(RUN, BASKET) is None

    assert status(vault) is RunStatus.AWAITING_APPROVAL
    with vault.read() as view:
        assert len(view.approvals.pending()) == 1
        kinds = [entry.kind for entry in view.audit.entries()]
    assert kinds.count("approval_requested") == 1
