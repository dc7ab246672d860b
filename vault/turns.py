"""Turns: a lock that is given to whoever has waited longest.

Python's own lock may be taken again by the thread that has just released it, so that a busy
inbox keeps the outbox waiting for as long as fills come.
"""

import threading
from collections import deque
from types import TracebackType


class Turns:
    """Use it as a context; not reentrant."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_held = False
        self._waiting: deque[threading.Lock] = deque()  # Each is released when its turn comes.

    def is_awaited(self) -> bool:
        """Whether somebody waits for a turn."""
        return bool(self._waiting)

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # Interrupted: whoever waits behind must not wait for us.
            self._give_up(turn)
            raise

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()  # It stays held, by another.
            else:
                self._is_held = False

    def _give_up(self, turn: threading.Lock) -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self._pass_on()  # It was our turn already.
