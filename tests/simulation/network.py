"""Connections: two ordered streams each, which can break at any message."""

from collections import deque
from collections.abc import Callable
from random import Random


class Line:
    """One connection of one session. What is in the streams is on its way."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.to_venue: deque[bytes] = deque()
        self.to_engine: deque[bytes] = deque()
        self.engine_is_up = True  # As each end sees it; the other may be gone already.
        self.venue_is_up = True
        self.is_half_open = False  # The venue is gone, and we have not noticed.


class Network:
    """All lines there are, at most one for each session; taps see what enters the wire."""

    def __init__(self, random: Random) -> None:
        self.lines: dict[str, Line] = {}
        self.is_reachable = True
        self.on_wire: Callable[[str, bytes], None] = lambda _session, _raw: None
        self._random = random

    def send(self, line: Line, raw: bytes) -> None:
        """Into the socket of our side: from here on it may arrive."""
        self.on_wire(line.session, raw)
        if line.venue_is_up:
            line.to_venue.append(raw)

    def lose(self, line: Line) -> None:
        """Of what is on its way only a beginning arrives."""
        for stream in (line.to_venue, line.to_engine):
            for _ in range(self._random.randint(0, len(stream))):
                stream.pop()
