"""Runs that wait for a person: for an answer, or for another try after a failure."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from domain.codec import encode
from domain.orders import Side
from domain.runs import Run, RunStatus, Step, TriggerKind
from oms.approval import ApprovalPolicy
from oms.basket import settle
from oms.blocks import BlockSettings
from oms.compliance.sweep.portfolios import check_portfolios
from oms.release import Releaser
from oms.release_settings import ReleaseSettings
from scheduler import decisions
from scheduler.desk import Desk
from scheduler.record import RunRecord
from scheduler.run import Runner
from tests.oms_orders.desk import AAPL, LIMITS, NOW, SetClock, SilentWire, recommendation
from tests.plain_routing import without_rules
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
    routing=without_rules(Decimal("0.01")),
    venues=frozenset({"XSIM", "YSIM"}),
)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class WatchedVault(SqlVault):
    """Something happens after each commit, before whoever wrote goes on."""

    def watch(self, after) -> None:
        self.after = after

    @contextmanager
    def write(self, *, takes_along=False):
        with super().write(takes_along=takes_along) as uow:
            yield uow
        after, self.after = getattr(self, "after", None), None
        if after is not None:
            after()

    def join(self):
        return self.write()


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


def test_a_run_that_is_picked_up_does_not_tell_the_log_again(vault):
    said = []

    for _ in range(2):
        RunRecord(vault, SetClock()).once(RUN, Step.VERIFY, str, lambda: "found", say=said.append)

    assert said == ["found"]


class IllOnce:
    """An optimizer without memory the first time, and without a trade afterwards."""

    def __init__(self) -> None:
        self.asked = 0

    def optimise(self, _snapshot, _accounts, _progress, _answered):
        self.asked += 1
        if self.asked == 1:
            raise MemoryError("no memory")
        return ()

    def tracking_errors(self, _snapshot):
        return {}

    check_portfolios = staticmethod(check_portfolios)


def test_a_run_that_failed_goes_on_from_there_when_a_person_says_so(vault):
    other, clock = replace(RUN, run_id=UUID(int=8)), SetClock()
    with vault.write() as uow:
        uow.runs.add(other)
    settings = ReleaseSettings(wave_timeout=timedelta(seconds=1))
    releaser = Releaser(vault, SilentWire(), clock, settings, LIMITS)
    walked = Runner(vault=vault, clock=clock, optimizer=IllOnce(), desk=DESK, releaser=releaser)
    with pytest.raises(MemoryError):
        walked.walk(other.run_id)
    failed = found(vault, other)

    with vault.write() as uow:
        decisions.retry(uow, failed, by="olga", at=NOW)
    again = found(vault, other)

    assert (failed.status, failed.error) == (RunStatus.FAILED, "MemoryError: no memory")
    assert (again.status, again.error) == (RunStatus.RUNNING, None)
    done = walked.walk(other.run_id)
    assert (done.status, done.snapshot_id) == (RunStatus.DONE, failed.snapshot_id)
    with vault.read() as view:
        (entry,) = [one for one in view.audit.entries() if one.kind == "run_retried"]
    assert (entry.actor, entry.body) == ("olga", '{"error":"MemoryError: no memory"}')


@pytest.mark.parametrize("state", [s for s in RunStatus if s is not RunStatus.FAILED])
def test_only_a_failed_run_is_tried_again(vault, state):
    with vault.write() as uow, pytest.raises(decisions.NotFailedError, match="only a failed run"):
        decisions.retry(uow, replace(RUN, status=state), by="olga", at=NOW)


def found(vault, run) -> Run:
    with vault.read() as view:
        return view.runs.get(run.run_id)
