"""The walker: runs that wait for a time let others pass, and are walked again when it has come."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from console.run_walker import RunWalker
from domain.errors import NotDueError

FIRST, SECOND = UUID(int=1), UUID(int=2)


class SystemTime:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Waits:
    """A runner whose first run is due a little later, once."""

    def __init__(self) -> None:
        self.walked: list[UUID] = []
        self.done = threading.Event()

    def walk(self, run_id: UUID) -> None:
        self.walked.append(run_id)
        if self.walked == [FIRST]:
            raise NotDueError("its next part is due later", datetime.now(UTC) + WAIT)
        if len(self.walked) == 3:
            self.done.set()


WAIT = timedelta(seconds=0.2)


def test_a_run_that_waits_for_a_time_lets_the_others_pass_and_comes_back():
    runner = Waits()
    walker = RunWalker(runner, SystemTime(), lambda _order: True)
    walker.hand_over(FIRST)
    walker.hand_over(SECOND)

    walker.start()

    assert runner.done.wait(10)
    walker.stop()
    assert runner.walked == [FIRST, SECOND, FIRST]


def test_a_walker_stops_though_a_run_is_due_later():
    runner = Waits()
    walker = RunWalker(runner, SystemTime(), lambda _order: True)
    walker.hand_over(FIRST)
    walker.start()

    walker.stop()

    assert runner.walked in ([], [FIRST])


class WaitsForItsOrders:
    """A runner whose run is due in an hour, or when one of its orders has ended."""

    def __init__(self, *orders: str) -> None:
        self.open, self.walked = set(orders), []
        self.waits, self.done = threading.Event(), threading.Event()

    def walk(self, run_id: UUID) -> None:
        self.walked.append(run_id)
        if self.open:
            self.waits.set()
            raise NotDueError("works on", datetime.now(UTC) + HOUR, frozenset(self.open))
        self.done.set()


HOUR = timedelta(hours=1)


@pytest.fixture
def waiting():
    """A walker, and its runner, whose run waits for two orders."""
    runner = WaitsForItsOrders("O-1", "O-2")
    walker = RunWalker(runner, SystemTime(), lambda order: order in runner.open)
    walker.hand_over(FIRST)
    walker.start()
    assert runner.waits.wait(10)
    yield walker, runner
    walker.stop()


def test_a_run_goes_on_when_the_last_order_that_it_waits_for_has_ended(waiting):
    walker, runner = waiting
    runner.waits.clear()

    runner.open.remove("O-1")
    walker.heard(["O-1", "X-1"])
    assert runner.waits.wait(10)
    runner.open.clear()
    walker.heard(["O-2"])

    assert runner.done.wait(10)
    assert runner.walked == [FIRST] * 3
    assert walker._later == []


def test_what_happens_to_an_order_that_stays_open_wakes_nobody(waiting):
    walker, runner = waiting
    walker.heard(["O-1", "O-2", "X-1"])

    walker.hand_over(SECOND)
    walker.stop()

    assert runner.walked[:1] == [FIRST]
    assert runner.walked.count(FIRST) == 1


def test_an_order_that_ended_while_its_run_began_to_wait_is_not_missed():
    """Nobody listened for it when it was told."""
    runner = WaitsForItsOrders("O-1")

    def gone(_order: str) -> bool:
        runner.open.clear()
        return False

    walker = RunWalker(runner, SystemTime(), gone)
    walker.hand_over(FIRST)
    walker.start()

    assert runner.done.wait(10)
    walker.stop()
    assert runner.walked == [FIRST, FIRST]
