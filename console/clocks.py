"""Clocks: the machine's, and one that starts elsewhere for demos and rehearsals."""

import time
from datetime import UTC, datetime, timedelta

from domain.ports import Clock


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


class RehearsalClock:
    """A clock that stands at `start` now and runs at real speed from there."""

    def __init__(self, start: datetime) -> None:
        assert start.tzinfo is not None
        self._start = start.astimezone(UTC)
        self._began = time.monotonic()

    def now(self) -> datetime:
        """The instant that it is by this clock."""
        return self._start + timedelta(seconds=time.monotonic() - self._began)


def clock_from(start: datetime | None) -> Clock:
    """The clock that the configuration asks for."""
    return SystemClock() if start is None else RehearsalClock(start)
