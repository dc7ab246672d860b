"""The threads that walk runs, one after the other, and come back to those that wait for a time.

A run that waits for the end of an order is walked as soon as that is committed. Runs of triggers
and orders by hand have a thread each: nobody's own order waits until a rebalance has traded.
"""

import heapq
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from domain.audit import AuditEntry
from domain.errors import ExitCode, NotDueError, TrimtabError
from domain.ports import Clock, Vault
from scheduler.by_hand import is_by_hand
from scheduler.run import Runner

log = structlog.get_logger("service")
RETRY_SECONDS = 1.0  # Between attempts at a run that said "try again".


class RunWalker:
    """Walks runs in the order in which they are handed over, or are due again."""

    def __init__(self, runner: Runner, clock: Clock, is_open: Callable[[str], bool]) -> None:
        """`is_open` says whether an order, by its intent's ClOrdID, may still do something."""
        self._runner, self._clock, self._is_open = runner, clock, is_open
        self._queue: queue.Queue[UUID | str | None] = queue.Queue()  # Runs, and orders heard of.
        self._later: list[tuple[datetime, UUID]] = []  # A heap; only the thread changes it.
        self._awaited: dict[str, UUID] = {}  # Which run waits for an order; as above.
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="runs", daemon=True)

    def start(self) -> None:
        """Begin with what is queued."""
        self._thread.start()

    def hand_over(self, run_id: UUID) -> None:
        """Walk this run when its turn comes. Returns at once."""
        self._queue.put(run_id)

    def heard(self, orders: Iterable[str]) -> None:
        """Something was committed about these orders. Returns at once, on any thread."""
        for name in orders:
            if name in self._awaited:
                self._queue.put(name)

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
                self._wait(run_id, error)
            except TrimtabError as error:
                if error.exit_code == ExitCode.TRY_AGAIN and not self._stopping.wait(RETRY_SECONDS):
                    self._queue.put(run_id)
            except Exception:
                log.exception("run_crashed", run=run_id.hex)

    def _wait(self, run_id: UUID, until: NotDueError) -> None:
        """Come back then, or with the end of an order that it waits for."""
        heapq.heappush(self._later, (until.at, run_id))
        self._awaited.update(dict.fromkeys(until.awaited, run_id))
        for name in until.awaited:  # It may have ended while nobody listened for it.
            self.heard([name])

    def _next(self) -> UUID | None:
        """What was handed over, or else the first that is due again; None to stop."""
        while True:
            try:
                found = self._queue.get(timeout=self._patience())
            except queue.Empty:
                if self._later[0][0] <= self._clock.now():
                    return self._come_back_to(self._later[0][1])
                continue
            if not isinstance(found, str):
                return found
            waits = self._awaited.get(found)
            if waits is not None and not self._is_open(found):
                return self._come_back_to(waits)

    def _come_back_to(self, run_id: UUID) -> UUID:
        """It waits no more."""
        self._later = [one for one in self._later if one[1] != run_id]
        heapq.heapify(self._later)
        self._awaited = {name: run for name, run in self._awaited.items() if run != run_id}
        return run_id

    def _patience(self) -> float | None:
        """Seconds until the next run is due again; None: there is none."""
        if not self._later:
            return None
        return max(0.0, (self._later[0][0] - self._clock.now()).total_seconds())


def is_open(vault: Vault, order: str) -> bool:
    """Whether an order may still do something."""
    with vault.read() as view:
        found = view.orders.get(order)
    return found is not None and not found.is_closed


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

    def heard(self, entries: Sequence[AuditEntry]) -> None:
        """What was committed, by what the audit trail says of it. Returns at once."""
        orders = {entry.subject for entry in entries}
        self._runs.heard(orders)
        self._by_hand.heard(orders)

    def stop(self) -> None:
        """Finish the steps that are under way."""
        self._by_hand.stop()
        self._runs.stop()
