"""The watch: one thread that looks again and again, beside those that send and book."""

import threading
import time
from collections.abc import Callable, Sequence

from structlog.typing import FilteringBoundLogger

Look = Callable[[float], None]  # Takes seconds of a monotonic clock.

_PERIOD_SECONDS = 0.25


class Watch:
    """Calls each look in turn; one that fails is logged and tried again, the others go on."""

    def __init__(self, looks: Sequence[Look], log: FilteringBoundLogger) -> None:
        self._looks = looks
        self._log = log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fix-watch")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_PERIOD_SECONDS):
            self._look()

    def _look(self) -> None:
        for look in self._looks:
            try:
                look(time.monotonic())
            except Exception as error:  # noqa: BLE001 - a database that is away is looked at again
                self._log.error("watch_failed", error=f"{type(error).__name__}: {error}")
