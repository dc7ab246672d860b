"""What the gateway's logic asks of the engine under it.

`gateway.engine.Engine` is QuickFIX's; whatever else keeps the promises below can stand in its
place, such as the simulated engine of `tests/simulation`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

Monotonic = Callable[[], float]  # Seconds that never go back.


class FixEngine(Protocol):
    """All sessions of all venues; what happens on them is told to `gateway.callbacks.Callbacks`."""

    def start(self, durable: Mapping[str, int]) -> None:
        """Connect; `durable` is the last committed inbound number of each session."""
        ...

    def stop(self) -> None:
        """Log out, and call nobody afterwards."""
        ...

    def is_logged_on(self, session: str) -> bool: ...

    def is_due(self, session: str) -> bool:
        """Whether the session's schedule says that it should be up now."""
        ...

    def send(self, session: str, text: str) -> bool:
        """Hand one message over. False proves that it never left; an exception proves nothing."""
        ...

    def sequences(self, session: str) -> tuple[int, int]:
        """The next outbound and the next inbound number; zeros for a session that never was."""
        ...
