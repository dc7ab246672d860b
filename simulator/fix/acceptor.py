"""Doors: the sockets of the venues on one asyncio loop.

A turn: everything that was read in one round of the loop goes to `on_turn` as one list; it
answers by `session.say`, makes durable what was asked and said, and returns; only then is anything
written, in one write per session. `on_turn` is also called with an empty list when sessions
themselves have something to say (heartbeats, rejects, logons): their numbers must be durable too.
"""

from collections.abc import Callable, Sequence

from simulator.fix.profile import DoorLimits
from simulator.fix.session import Asked, Instant, Session

OnTurn = Callable[[list[Asked], Instant], None]
OnWire = Callable[[Session, str, bytes], None]  # "fix.in" or "fix.out", and the message.
OnEvent = Callable[[str, dict[str, object]], None]  # A name in the past tense, its fields.


class Acceptor:
    """All doors of the program."""

    def __init__(self, *, clock: Callable[[], Instant], on_turn: OnTurn, on_event: OnEvent) -> None:
        raise NotImplementedError

    async def open(
        self, sessions: Sequence[Session], *, host: str, port: int, limits: DoorLimits
    ) -> int:
        """Listen for these sessions; returns the port (0 takes a free one). Raises OSError."""
        raise NotImplementedError

    def turn(self) -> None:
        """Hand over what waits, then write what was said. The program's own timers call it."""
        raise NotImplementedError

    async def close(self, text: str, seconds: float = 3.0) -> None:
        """Log everybody out, wait a moment for their answers, close every socket."""
        raise NotImplementedError
