"""The threads that walk runs, one after the other, and come back to those that wait for a time.

Runs of triggers and orders by hand have a thread each: nobody's own order waits until a rebalance
has traded.
"""

import heapq
import queue
import threading
from datetime import datetime
from uuid import UUID

import structlog

from domain.errors import ExitCode, NotDueError, TrimtabError
from domain.ports import Clock, Vault
from scheduler.by_hand import is_by_hand
from scheduler.run import Runner

log = structlog.get_logger("service")
RETRY_SECONDS = 1.0  # Between attempts at a run that said "try again".


class RunWalker:
    """Walks runs in the order in which they are handed over, or are due again."""

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner, self._clock = runner, clock
        self._queue: queue.Queue[UUID | None] = queue.Queue()
        self._later: list[tuple[datetime, UUID]] = []  # A heap; only the thread touches it.
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="runs", daemon=True)

    def start(self) -> None:
        """Begin with what is queued."""
        self._thread.start()

    def hand_over(self, run_id: UUID) -> None:
        """Walk this run when its turn comes. Returns at once."""
        self._queue.put(run_id)

    def stop(self) -> None:
        """Finish the step that is under way; what is left goes on at the next start."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while (run_id := self._next()) is not None and not self._stopping.is_set():
            try:
                self._runner.walk(run_id)
            except NotDueError as error:
                log.info("run_waits", run=run_id.hex, detail=str(error), due=error.at.isoformat())
                heapq.heappush(self._later, (error.at, run_id))
            except TrimtabError as error:
                if error.exit_code == ExitCode.TRY_AGAIN and not self._stopping.wait(RETRY_SECONDS):
                    self._queue.put(run_id)
            except Exception:
                log.exception("run_crashed", run=run_id.hex)

    def _next(self) -> UUID | None:
        """What was handed over, or else the first that is due again; None to stop."""
        while True:
            try:
                return self._queue.get(timeout=self._patience())
            except queue.Empty:
                if self._later[0][0] <= self._clock.now():
                    return heapq.heappop(self._later)[1]

    def _patience(self) -> float | None:
        """Seconds until the next run is due again; None: there is none."""
        if not self._later:
            return None
        return max(0.0, (self._later[0][0] - self._clock.now()).total_seconds())


class Lanes:
    """Two walkers, each of its own kind of runs."""

    def __init__(self, vault: Vault, runs: RunWalker, by_hand: RunWalker) -> None:
        self._vault, self._runs, self._by_hand = vault, runs, by_hand

    def start(self) -> None:
        """Begin with what is queued."""
        self._runs.start()
        self._by_hand.start()

    def hand_over(self, run_id: UUID) -> None:
        """Walk this run when its turn in its lane comes. Returns at once."""
        with self._vault.read() as view:
            lane = self._by_hand if is_by_hand(view, run_id) else self._runs
        lane.hand_over(run_id)

    def stop(self) -> None:
        """Finish the steps that are under way."""
        self._by_hand.stop()
        self._runs.stop()
