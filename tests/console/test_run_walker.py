"""The walker: runs that wait for a time let others pass, and are walked again when it has come."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

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
    walker = RunWalker(runner, SystemTime())
    walker.hand_over(FIRST)
    walker.hand_over(SECOND)

    walker.start()

    assert runner.done.wait(10)
    walker.stop()
    assert runner.walked == [FIRST, SECOND, FIRST]


def test_a_walker_stops_though_a_run_is_due_later():
    runner = Waits()
    walker = RunWalker(runner, SystemTime())
    walker.hand_over(FIRST)
    walker.start()

    walker.stop()

    assert runner.walked in ([], [FIRST])
