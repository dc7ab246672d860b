"""The bounded queue between the engine's thread and the inbox."""

import threading
from collections import deque
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
        self._limit = limit
        self._patience_seconds = patience_seconds
        self._log = log
        self._fatal = fatal
        self._changed = threading.Condition()
        self._waiting: deque[Arrival] = deque()
        self._has_ended = False

    def put(self, arrival: Arrival) -> None:
        """Called on the engine's thread. Blocks while full; a queue that stays full ends us.

        The engine counts a message as seen when this returns, so there is no
        third way: it is queued, or the process ends and the next start asks again.
        """
        with self._changed:
            if self._changed.wait_for(self._has_room, self._patience_seconds):
                self._waiting.append(arrival)
                if len(self._waiting) == 1:
                    self._changed.notify_all()
                return
        self._log.critical("inbox_overrun", session=arrival.session, sequence=arrival.sequence)
        self._fatal("the database did not keep up with the venues; the inbox is full")

    def end(self) -> None:
        """Nothing comes after what is queued."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def next_batch(self) -> list[Arrival] | None:
        """Everything that is queued, up to a limit; waits for the first; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._has_ended)
            was_full = not self._has_room()
            count = min(len(self._waiting), _BATCH)
            batch = [self._waiting.popleft() for _ in range(count)]
            if was_full:
                self._changed.notify_all()
        return batch or None

    def depth(self) -> int:
        """How many arrivals wait for the database."""
        return len(self._waiting)

    def _has_room(self) -> bool:
        return len(self._waiting) < self._limit
