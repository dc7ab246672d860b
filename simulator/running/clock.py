"""The venues' clocks: real time, faster, or stepped by an operator. None ever goes back."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_STRIDE_SECONDS = 0.05
_LONGEST_STRIDE = timedelta(hours=1)
_SHORTEST_STRIDE = timedelta(milliseconds=1)


class Clock(Protocol):
    """Says what time it is at the venues, in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        ...

    def seconds_until(self, due: datetime) -> float | None:
        """Real seconds until the clock shows `due`, 0 when it has; None: not by itself."""
        ...

    def lived(self, until: datetime, seconds: float) -> None:
        """It took so many real seconds to live until then."""
        ...


class RunningClock:
    """Runs by itself from `start`, `speed` times as fast as the wall's.

    A fast clock waits for those who live by it: it shows no more at once than they can live through
    in `_STRIDE_SECONDS`, so that they still hear their clients.
    """

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        assert speed > 0
        self._begin = self._lived = start.astimezone(UTC)
        self._speed = speed
        self._zero = time.monotonic_ns()
        self._stride = _LONGEST_STRIDE

    def now(self) -> datetime:
        """The present instant."""
        passed = (time.monotonic_ns() - self._zero) // 1000
        if self._speed == 1.0:
            return self._begin + timedelta(microseconds=passed)
        now = self._begin + timedelta(microseconds=int(passed * self._speed))
        if now - self._lived > self._stride:
            now = self._begin = self._lived + self._stride
            self._zero = time.monotonic_ns()
        return now

    def lived(self, until: datetime, seconds: float) -> None:
        """Take longer or shorter strides from now on."""
        if seconds > _STRIDE_SECONDS:
            self._stride = max(
                (until - self._lived) * (_STRIDE_SECONDS / seconds), _SHORTEST_STRIDE
            )
        elif self._stride < _LONGEST_STRIDE:
            self._stride *= 2
        self._lived = until

    def seconds_until(self, due: datetime) -> float | None:
        """Real seconds until the clock shows `due`."""
        return max(0.0, (due - self.now()).total_seconds() / self._speed)


class SteppedClock:
    """Stands still until somebody steps it: a whole day passes as fast as it can be played."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The present instant."""
        return self._now

    def seconds_until(self, due: datetime) -> float | None:
        """0 for what is due; nothing else comes by itself."""
        return 0.0 if due <= self._now else None

    def lived(self, until: datetime, seconds: float) -> None:
        """However long it takes."""

    def step_to(self, instant: datetime) -> None:
        """Move forward; an instant that has passed changes nothing."""
        self._now = max(self._now, instant.astimezone(UTC))


def wall_clock() -> datetime:
    """The real time. The only place of this program that asks for it."""
    return datetime.now(UTC)


def clock_from(
    start: datetime | None, speed: float, *, stepped: bool, latest: datetime | None
) -> Clock:
    """The clock of a process that starts: never before `latest`, the last thing that happened."""
    begin = wall_clock() if start is None else start
    if latest is not None:
        begin = max(begin, latest)
    return SteppedClock(begin) if stepped else RunningClock(begin, speed)
