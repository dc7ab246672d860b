"""A batch that is cut off goes on from what it had answered, with the same answers."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

import optimizer
from domain.proposals import Outcome
from domain.runs import Run, RunStatus, Step, TriggerKind
from oms.compliance.load import load_pack
from oms.compliance.rules import Rule
from scheduler import work
from scheduler.parts import KEEP_EVERY, Parts
from scheduler.pool import OptimizerPool
from tests.optimizer.book import account, book_of
from vault.store import SqlVault

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RUN = Run(
    run_id=UUID(int=9),
    trigger="by hand",
    kind=TriggerKind.MANUAL,
    due=NOON,
    why="it was asked for",
    account_ids=(),
    status=RunStatus.RUNNING,
    started_at=NOON,
)
SNAPSHOT = book_of(
    account("A1", "H1"), account("A2", "H1"), account("B1", "H2"), account("LATE", "H3")
)


@dataclass
class SteppingClock:
    """Every look at it is `step` later."""

    step: timedelta
    at: datetime = NOON

    def now(self) -> datetime:
        self.at += self.step
        return self.at


def cut_off_at_late(market, households):
    """The service ends while it computes the last household."""
    if any("LATE" in household.account_ids for household in households):
        raise MemoryError("cut off")
    return work.optimise(market, households)


def only_late(market, households):
    """Whoever is answered already must not be asked for again."""
    assert {account_id for one in households for account_id in one.account_ids} == {"LATE"}
    return work.optimise(market, households)


def failing(market, households):
    """One account of a household could not be computed."""
    answers = work.optimise(market, households)
    return tuple(
        replace(one, outcome=Outcome.FAILED) if one.account_id == "A2" else one for one in answers
    )


@pytest.fixture
def vault(new_sqlite_url, tmp_path):
    store = SqlVault(
        new_sqlite_url(),
        clock=SteppingClock(timedelta()),
        holder="test",
        anchor_path=tmp_path / "anchor",
    )
    with store.write() as uow:
        uow.runs.add(RUN)
    yield store
    store.close()


def optimise(vault, job, step=KEEP_EVERY, rules: tuple[Rule, ...] = ()):
    parts = Parts(vault, SteppingClock(step), RUN.run_id)
    with OptimizerPool(1, job=job, rules=rules) as pool:
        return pool.optimise(SNAPSHOT, answered=parts)


def kept(vault) -> int:
    with vault.read() as view:
        return len(view.runs.parts(RUN.run_id, Step.OPTIMISE))


def test_what_was_answered_before_a_crash_is_not_computed_again(vault):
    with pytest.raises(MemoryError):
        optimise(vault, cut_off_at_late)
    assert kept(vault) == 2

    answers = optimise(vault, only_late)

    assert answers == optimizer.propose_batch(*optimizer.assemble(SNAPSHOT))


def test_a_batch_of_seconds_keeps_nothing_by_the_way(vault):
    optimise(vault, work.optimise, step=timedelta())

    assert kept(vault) == 0


def test_a_household_of_which_one_account_failed_is_computed_again_whole(vault):
    optimise(vault, failing)

    answers = optimise(vault, work.optimise)

    assert answers == optimizer.propose_batch(*optimizer.assemble(SNAPSHOT))


def test_answers_under_other_rules_are_not_taken(vault):
    optimise(vault, work.optimise)

    with pytest.raises(AssertionError):
        optimise(vault, only_late, rules=load_pack("us-adviser")[:1])


def test_a_part_is_not_the_steps_result(vault):
    optimise(vault, work.optimise)

    with vault.read() as view:
        assert view.runs.step(RUN.run_id, Step.OPTIMISE) is None
