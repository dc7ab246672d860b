"""Deadlines: until when an answer may be looked for. The clock is the caller's."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of a clock that only goes forward, in seconds."""

    clock: Callable[[], float]
    at: float

    def passed(self) -> bool:
        """Whether it is too late."""
        return self.clock() >= self.at

    @property
    def left(self) -> float:
        """Seconds until then; at least nothing."""
        return max(self.at - self.clock(), 0.0)

    def within(self, seconds: float) -> "Deadline":
        """The sooner of this one and `seconds` from now."""
        return Deadline(self.clock, min(self.at, self.clock() + seconds))


NEVER = Deadline(lambda: 0.0, inf)
