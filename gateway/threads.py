"""The gateway's own threads: they wait and loop, and what they loop over thinks.

Each calls one step of the logic again and again: `Outbox.step`, `Inbox.take`. What only looks from
time to time, as `Watch.look`, has an `Every`.
"""

import threading
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from gateway.arrival_queue import ArrivalQueue
from gateway.inbox import Inbox
from gateway.outbox import Outbox

_POLL_SECONDS = 0.25
_PAUSE_SECONDS = 1.0


class OutboxThread:
    """Sends when it is woken, and looks by itself every quarter of a second."""

    def __init__(self, outbox: Outbox, woken: threading.Event) -> None:
        self._outbox = outbox
        self._woken = woken
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fix-outbox")

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more; what is committed and unsent waits for the next start."""
        self._stopping.set()
        self._outbox.halt()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(_POLL_SECONDS)
            self._woken.clear()
            if not self._outbox.step():
                self._stopping.wait(_PAUSE_SECONDS)
        self._outbox.step()  # What was claimed meanwhile is declared unsent.


class InboxThread:
    """Books what the engine's thread queues. A dead inbox under a live engine loses fills."""

    def __init__(
        self,
        inbox: Inbox,
        arrivals: ArrivalQueue,
        *,
        stopping: threading.Event,
        log: FilteringBoundLogger,
        fatal: Callable[[str], None],
    ) -> None:
        """`stopping` is what the inbox looks at while it waits for a database that is away."""
        self._inbox = inbox
        self._arrivals = arrivals
        self._stopping = stopping
        self._log = log
        self._fatal = fatal
        self._thread = threading.Thread(target=self._run, name="fix-inbox")

    def start(self) -> None:
        """Begin to book."""
        self._thread.start()

    def stop(self) -> None:
        """Book what is queued, then end; the engine has stopped before."""
        self._stopping.set()
        self._arrivals.end()
        self._thread.join()

    def _run(self) -> None:
        try:
            while (batch := self._arrivals.next_batch()) is not None:
                if not self._inbox.take(batch):
                    return
        except BaseException as error:  # noqa: BLE001 - the process ends, as it must
            self._log.critical("inbox_failed", exc_info=error)
            self._fatal(f"the inbox failed: {error!r}")
