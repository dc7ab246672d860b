"""The worker processes: the same answers as without them, and a death hurts nobody else."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import optimizer
from domain.errors import UnknownNameError
from domain.proposals import Outcome
from domain.snapshot import Finding
from scheduler import work
from scheduler.pool import OptimizerPool
from tests.optimizer.book import account, book_of

SNAPSHOT = book_of(
    account("A1", "H1"),
    account("A2", "H1"),
    account("B1", "H2"),
    account("KILLER", "H3"),
    account("Q1", "H4"),
)
PYTHONPATH = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
QUARANTINE = Finding(check="doubled_account", account_id="Q1", message="twice", source=None)
SNAPSHOT = replace(SNAPSHOT, findings=(QUARANTINE,))


def dies_on_killer(market, households):
    """A worker that a certain account kills, every time."""
    if any("KILLER" in household.account_ids for household in households):
        os._exit(9)
    return work.optimise(market, households)


@pytest.fixture(scope="module")
def pool():
    with OptimizerPool(2) as workers:
        yield workers


def test_workers_answer_what_one_process_answers_to_the_last_digit(pool):
    steps = []

    answers = pool.optimise(SNAPSHOT, progress=lambda done, of: steps.append((done, of)))

    assert answers == optimizer.propose_batch(*optimizer.assemble(SNAPSHOT))
    assert [answer.account_id for answer in answers] == ["A1", "A2", "B1", "KILLER"]
    assert steps[0] == (0, 4)
    assert steps[-1] == (4, 4)
    assert steps == sorted(steps)


def test_only_the_accounts_that_were_asked_for_are_answered(pool):
    answers = pool.optimise(SNAPSHOT, ("B1",))

    assert [answer.account_id for answer in answers] == ["B1"]


def test_an_unknown_account_is_refused_by_name(pool):
    with pytest.raises(UnknownNameError, match="account NOBODY is not in the snapshot"):
        pool.optimise(SNAPSHOT, ("NOBODY",))


def test_an_account_that_kills_its_worker_fails_alone():
    with OptimizerPool(1, job=dies_on_killer) as pool:
        answers = pool.optimise(SNAPSHOT)

    outcomes = {answer.account_id: answer.outcome for answer in answers}
    assert outcomes.pop("KILLER") is Outcome.FAILED
    assert set(outcomes) == {"A1", "A2", "B1"}
    assert Outcome.FAILED not in outcomes.values()
    assert all("died twice" in a.message for a in answers if a.outcome is Outcome.FAILED)


def test_accounts_that_a_run_has_no_time_for_are_failed_and_say_so():
    """The run's end is a time of the machine's monotonic clock, the same in every process."""
    prepared = work.prepare(SNAPSHOT, ())

    late = work.optimise(prepared.market, prepared.households, ends=time.monotonic())
    slow = work.optimise(prepared.market, prepared.households, seconds_per_account=0.0)

    assert {answer.outcome for answer in late} == {Outcome.FAILED}
    assert all("the deadline passed before its turn; run it again" in a.message for a in late)
    assert all(any("Stopped at its deadline" in n for n in a.notes) for a in slow if a.trades)


def test_workers_that_died_while_idle_are_replaced():
    """Also for the measure at the run's end, which must not fail a run that has traded."""
    with OptimizerPool(1) as pool:
        expected = pool.tracking_errors(SNAPSHOT)
        (worker,) = pool._workers.pids
        os.kill(worker, signal.SIGKILL)

        assert pool.tracking_errors(SNAPSHOT) == expected


PARENT = """\
import sys, time
from scheduler.pool import OptimizerPool

if __name__ == "__main__":
    pool = OptimizerPool(2)
    pool.warm_up()
    print(*pool._workers.pids, flush=True)
    time.sleep(60)
"""


def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    """Nobody tells them: they see it themselves, also before their first job."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=PYTHONPATH
    ) as parent:
        assert parent.stdout is not None
        workers = [Path(f"/proc/{pid}") for pid in parent.stdout.readline().split()]
        assert len(workers) == 2

        parent.kill()

    deadline = time.monotonic() + 20
    while any(worker.exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
