"""The right of way: what goes out goes before what came in, though not for long.

Python runs one thread at a time. While messages are handed to the engine, booking would take
every second turn from them, and the last cancel of a halt would wait for the answers to the first.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST_SECONDS = 0.05  # What came in waits for the wire no longer.


class RightOfWay:
    """Between the thread that sends and the one that books."""

    def __init__(self) -> None:
        self._is_free = threading.Event()
        self._is_free.set()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Somebody sends."""
        self._is_free.clear()
        try:
            yield
        finally:
            self._is_free.set()

    def give(self) -> None:
        """Wait while somebody sends."""
        self._is_free.wait(_LONGEST_SECONDS)
