"""The bounded queue between the engine's thread and the inbox."""

import queue
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from gateway.arrivals import Arrival

_BATCH = 100  # A longer transaction would keep orders that are due from the wire.


class ArrivalQueue:
    """Arrivals in the order they came."""

    def __init__(
        self,
        *,
        limit: int,
        patience_seconds: float,
        log: FilteringBoundLogger,
        fatal: Callable[[str], None],
    ) -> None:
        self._queue: queue.Queue[Arrival | None] = queue.Queue(maxsize=limit)
        self._patience_seconds = patience_seconds
        self._log = log
        self._fatal = fatal

    def put(self, arrival: Arrival) -> None:
        """Called on the engine's thread. Blocks while full; a queue that stays full ends us.

        The engine counts a message as seen when this returns, so there is no
        third way: it is queued, or the process ends and the next start asks again.
        """
        try:
            self._queue.put(arrival, timeout=self._patience_seconds)
        except queue.Full:
            self._log.critical("inbox_overrun", session=arrival.session, sequence=arrival.sequence)
            self._fatal("the database did not keep up with the venues; the inbox is full")

    def end(self, timeout: float) -> bool:
        """Nothing comes after what is queued; False when there was no room to say so."""
        try:
            self._queue.put(None, timeout=timeout)
        except queue.Full:
            return False
        return True

    def next_batch(self) -> list[Arrival] | None:
        """Everything that is queued, up to a limit; waits for the first; None at the end."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < _BATCH:
            try:
                arrival = self._queue.get_nowait()
            except queue.Empty:
                break
            if arrival is None:
                self._queue.put(None)  # The end comes after what was queued before it.
                break
            batch.append(arrival)
        return batch

    def depth(self) -> int:
        """How many arrivals wait for the database."""
        return self._queue.qsize()
