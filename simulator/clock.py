"""The venues' clock: real time, or real speed from a given start."""

import time
from datetime import UTC, datetime, timedelta


class VenueClock:
    """Never goes back. The only place of this program that asks what time it is."""

    def __init__(self, start: datetime | None = None) -> None:
        self._begin = datetime.now(UTC) if start is None else start.astimezone(UTC)
        self._zero = time.monotonic_ns()

    def now(self) -> datetime:
        """The present instant, in UTC."""
        passed = (time.monotonic_ns() - self._zero) // 1000
        return self._begin + timedelta(microseconds=passed)
