"""The watch: what is looked at again and again, beside the sending and the booking."""

from collections.abc import Callable, Sequence

from structlog.typing import FilteringBoundLogger

from gateway.ports import Monotonic

Look = Callable[[float], None]  # Takes seconds of a monotonic clock.


class Watch:
    """Calls each look in turn; one that fails is logged and tried again, the others go on."""

    def __init__(
        self, looks: Sequence[Look], monotonic: Monotonic, log: FilteringBoundLogger
    ) -> None:
        self._looks = looks
        self._monotonic = monotonic
        self._log = log

    def look(self) -> None:
        """Look once at everything."""
        for look in self._looks:
            try:
                look(self._monotonic())
            except Exception as error:  # noqa: BLE001 - a database that is away is looked at again
                self._log.error("watch_failed", error=f"{type(error).__name__}: {error}")
