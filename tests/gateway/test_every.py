"""A step is taken again and again until somebody stops it, or it says that it is of no use."""

import subprocess
import sys
import threading

import pytest

from gateway.every import Every

_PATIENCE_SECONDS = 30


def test_the_step_is_taken_until_it_is_stopped() -> None:
    taken = threading.Semaphore(0)
    every = Every("a step", 0.001, taken.release)

    every.start()
    for _ in range(3):
        assert taken.acquire(timeout=_PATIENCE_SECONDS)
    every.stop()

    assert "a step" not in {thread.name for thread in threading.enumerate()}


def test_a_step_that_is_of_no_use_is_the_last() -> None:
    taken = []

    def step() -> bool:
        taken.append(1)
        return len(taken) < 2

    every = Every("a step", 0.001, step)
    every.start()
    every._thread.join(_PATIENCE_SECONDS)

    assert taken == [1, 1]
    every.stop()


def test_stopping_waits_for_the_step_that_is_under_way() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def step() -> None:
        begun.set()
        may_end.wait(_PATIENCE_SECONDS)
        ended.set()

    every = Every("a step", 0.001, step)
    every.start()
    assert begun.wait(_PATIENCE_SECONDS)
    stopping = threading.Thread(target=every.stop)
    stopping.start()

    may_end.set()
    stopping.join(_PATIENCE_SECONDS)
    assert ended.is_set()


def test_what_never_started_may_be_stopped() -> None:
    Every("a step", 0.001, lambda: pytest.fail("a step was taken")).stop()


def test_a_process_ends_without_waiting_for_the_next_step() -> None:
    code = "from gateway.every import Every; Every('a step', 3600, lambda: None).start()"

    subprocess.run([sys.executable, "-c", code], check=True, timeout=_PATIENCE_SECONDS)
