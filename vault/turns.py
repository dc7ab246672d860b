"""Turns: a lock that is given to whoever has waited longest.

Python's own lock may be taken again by the thread that has just released it, so that a busy
inbox keeps the outbox waiting for as long as fills come.

Who waits for a turn may do so as a guest: then another's turn may be shared with it.
"""

import threading
from collections import deque
from types import TracebackType

from vault.guests import Guest


class Turns:
    """Use it as a context; not reentrant."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_held = False
        self._waiting: deque[Guest | threading.Lock] = deque()  # Released when the turn comes.

    def is_awaited(self) -> bool:
        """Whether somebody waits for a turn."""
        return bool(self._waiting)

    def take(self, guest: Guest | None = None) -> None:
        """Return when it is our turn, or when `guest` was let into another's."""
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            turn = guest or threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # Interrupted: whoever waits behind must not wait for us.
            self._give_up(turn)
            raise

    def pass_on(self) -> None:
        """Our turn is over."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()  # It stays held, by another.
            else:
                self._is_held = False

    def next_guest(self) -> Guest | None:
        """The guest who has waited longest, taken out of the line: let it in. It is our turn."""
        with self._guard:
            guest = next((one for one in self._waiting if isinstance(one, Guest)), None)
            if guest is not None:
                self._waiting.remove(guest)
                guest.is_expected = True
            return guest

    def __enter__(self) -> None:
        self.take()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.pass_on()

    def _give_up(self, turn: "Guest | threading.Lock") -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        if isinstance(turn, Guest) and turn.is_expected:
            turn.leave()
        else:
            self.pass_on()  # It was our turn already.
