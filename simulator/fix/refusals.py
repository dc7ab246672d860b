"""Who was turned away: told one by one while they are few, counted while they are many."""

from collections import Counter
from collections.abc import Callable

_TOLD_PER_SECOND = 10
_SUMMED_AFTER_SECONDS = 1.0

OnEvent = Callable[[str, dict[str, object]], None]  # A name in the past tense, its fields.


class Refusals:
    """Memory and log do not grow with the number of refusals in a second."""

    def __init__(self, on_event: OnEvent) -> None:
        self.total = 0
        self._on_event = on_event
        self._since = 0.0
        self._told = 0
        self._untold: Counter[str] = Counter()

    def add(self, address: str, reason: str, seconds: float) -> None:
        """`reason` is one of a few texts; `seconds` never goes back."""
        self.total += 1
        self.settle(seconds)
        if self._told < _TOLD_PER_SECOND:
            self._told += 1
            self._on_event("connection_refused", {"address": address, "reason": reason})
        else:
            self._untold[reason] += 1

    def settle(self, seconds: float) -> None:
        """Tell what was only counted, once a second is over."""
        if seconds - self._since < _SUMMED_AFTER_SECONDS:
            return
        self._since, self._told = seconds, 0
        for reason, count in self._untold.items():
            self._on_event("connections_refused", {"count": count, "reason": reason})
        self._untold.clear()
