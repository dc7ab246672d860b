"""The right of way: what goes out goes before what came in, though not for long.

Python runs one thread at a time. While messages are handed to the engine, booking would take
every second turn from them, and the last cancel of a halt would wait for the answers to the first.
And one thread writes at a time: what came in is committed sooner when others wait to write, and
who has an order to enter comes along in that commit.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.ports import Monotonic

_LONGEST_SECONDS = 0.05  # What came in waits for the wire no longer.
_LOOK_AGAIN_SECONDS = 0.001
# Of booking, when others wait. Shorter slices spend the processor on commits: all wait longer.
_SHORTEST_SLICE_SECONDS, _SLICE_SECONDS = 0.001, 0.006
_OF_ITS_COMMIT, _OF_A_SLOW_COMMIT = 2.0, 0.25


class RightOfWay:
    """Between the thread that sends and the one that books."""

    def __init__(self, monotonic: Monotonic, is_awaited: Callable[[], bool]) -> None:
        """`is_awaited`: another thread waits to write."""
        self.monotonic = monotonic
        self.is_awaited = is_awaited
        self.commit_seconds = 0.0  # What the last commit of what came in took.
        self._is_free = _up()
        self._is_quiet = _up()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Somebody claims what is to be sent, and sends it."""
        with _down(self._is_free):
            yield

    @contextmanager
    def handing_over(self) -> Iterator[None]:
        """Of that, the part that needs no transaction: a message after the other to the engine."""
        with _down(self._is_quiet):
            yield

    def give(self) -> None:
        """Before a transaction: wait while somebody sends."""
        self._is_free.wait(_LONGEST_SECONDS)

    def begin(self) -> "Slice":
        """A transaction of what came in begins."""
        return Slice(self, self._is_quiet)


class Slice:
    """One transaction of the inbox, as long as it may last.

    When others wait that is twice what its commit will take, up to six milliseconds; where a
    commit takes long, a quarter of it: on a slow disk more goes into one, and booking keeps up.
    """

    def __init__(self, way: RightOfWay, is_quiet: threading.Event) -> None:
        self._way, self._is_quiet = way, is_quiet
        self._began = self._booked = way.monotonic()
        self._most = _slice_seconds(way.commit_seconds)

    def goes_on(self) -> bool:
        """Between two messages: wait while messages are handed over; False: commit now."""
        while True:
            passed = self._way.monotonic() - self._began
            if passed >= self._most and self._way.is_awaited():
                return False
            if passed >= _LONGEST_SECONDS or self._is_quiet.wait(_LOOK_AGAIN_SECONDS):
                return True

    def booked(self) -> None:
        """The commit begins."""
        self._booked = self._way.monotonic()

    def committed(self) -> None:
        """The commit has ended."""
        self._way.commit_seconds = self._way.monotonic() - self._booked


def _slice_seconds(commit_seconds: float) -> float:
    usual = min(commit_seconds * _OF_ITS_COMMIT, _SLICE_SECONDS)
    most = max(usual, commit_seconds * _OF_A_SLOW_COMMIT, _SHORTEST_SLICE_SECONDS)
    return min(most, _LONGEST_SECONDS)


def _up() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@contextmanager
def _down(event: threading.Event) -> Iterator[None]:
    event.clear()
    try:
        yield
    finally:
        event.set()
