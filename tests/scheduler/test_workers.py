"""Worker processes: answers, errors and deaths come back from the right job."""

import os
import time
from pathlib import Path

import pytest

from scheduler.workers import WorkerDiedError, Workers

SOON = 30  # Seconds in which a hang shows.
MORE_THAN_A_PIPE_HOLDS = b"x" * 10_000_000


def nothing():
    """A first act that does nothing."""


def divide(number, *, by):
    return number / by


def wait_for(path, others):
    """Ends when as many processes are here at once."""
    (path / str(os.getpid())).touch()
    deadline = time.monotonic() + SOON
    while len([*path.iterdir()]) < others:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return os.getpid()


@pytest.fixture
def workers():
    two = Workers(2, nothing)
    yield two
    two.close()


def test_answers_belong_to_their_jobs(workers):
    futures = [workers.submit(divide, number, by=2) for number in range(20)]

    assert [future.result(SOON) for future in futures] == [number / 2 for number in range(20)]


def test_every_worker_works_at_once(workers, tmp_path):
    futures = [workers.submit(wait_for, tmp_path, 2) for _ in range(2)]

    assert {future.result(SOON) for future in futures} == set(workers.pids)


def test_what_a_job_raises_is_raised_here_and_tells_where(workers):
    future = workers.submit(divide, 1, by=0)

    with pytest.raises(ZeroDivisionError) as raised:
        future.result(SOON)

    assert "return number / by" in raised.value.__notes__[0]
    assert workers.submit(divide, 1, by=1).result(SOON) == 1


def test_a_death_takes_its_own_job_only(workers):
    dying = workers.submit(os._exit, 7)
    others = [workers.submit(divide, 6, by=2) for _ in range(20)]

    with pytest.raises(WorkerDiedError, match="ended with 7"):
        dying.result(SOON)
    assert [future.result(SOON) for future in others] == [3] * 20


def test_a_death_while_a_large_job_is_written_does_not_hang():
    """ProcessPoolExecutor does in Python 3.11.2: python/cpython#94777."""
    one = Workers(1, os.abort)

    with pytest.raises(WorkerDiedError):
        one.submit(len, MORE_THAN_A_PIPE_HOLDS).result(SOON)

    one.close()


def test_large_jobs_and_answers_pass(workers):
    assert workers.submit(bytes, MORE_THAN_A_PIPE_HOLDS).result(SOON) == MORE_THAN_A_PIPE_HOLDS


def test_no_semaphore_is_needed(monkeypatch):
    """Where /dev/shm is missing none can be made."""
    monkeypatch.setattr("_multiprocessing.SemLock", None)
    one = Workers(1, nothing)

    assert one.submit(divide, 1, by=1).result(SOON) == 1

    one.close()


def test_closed_workers_are_gone():
    two = Workers(2, nothing)
    pids = two.pids
    two.close()

    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
