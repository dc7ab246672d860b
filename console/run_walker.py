"""The thread that walks runs, one after the other, and comes back to those that wait for a time."""

import heapq
import queue
import threading
from datetime import datetime
from uuid import UUID

import structlog

from domain.errors import ExitCode, NotDueError, TrimtabError
from domain.ports import Clock
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
