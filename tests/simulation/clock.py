"""Simulated time: it moves only when it is told to."""

from datetime import UTC, datetime, timedelta

from simulator.fix.instant import Instant

OPENING = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)


class SimClock:
    """Wall and monotonic time of every process; the wall clock can jump, the other only grows."""

    def __init__(self) -> None:
        self._wall = self._latest = OPENING
        self._seconds = 1000.0

    def now(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._seconds

    def instant(self) -> Instant:
        return Instant(self._wall, self._seconds)

    def advance(self, seconds: float) -> None:
        self._seconds += seconds
        self._wall += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._latest = max(self._latest, self._wall)
        self._wall += timedelta(seconds=seconds)

    def set_right(self) -> None:
        """Where it was set back, forward again: a venue does nothing before what it has seen."""
        self._wall = max(self._latest, self._wall)


class Lamp:
    """Stands in for `threading.Event`, where whoever waits keeps everybody else from going on."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._is_on = True

    def set(self) -> None:
        self._is_on = True

    def clear(self) -> None:
        self._is_on = False

    def is_set(self) -> bool:
        return self._is_on

    def wait(self, seconds: float) -> bool:
        """Until it is on; what is off stays off, and the time passes."""
        if not self._is_on:
            self._clock.advance(seconds)
        return self._is_on
