"""Staleness: sessions that should be up and are not, or that are up and say nothing.

Each is an alarm once, and told again when it is over. The engine mends what it can by itself
(it asks with a TestRequest, hangs up, connects again); people are told when that takes too long.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from structlog.typing import FilteringBoundLogger

from gateway.settings import Connection

# The engine asks for a sign of life after 1.2 heartbeats and hangs up after 2.4.
_LATE_HEARTBEATS = 1.5


class Trouble(StrEnum):
    """What is wrong with a session; the alarm's kind."""

    DOWN = "session_down"
    SILENT = "session_silent"


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of one session now."""

    is_due: bool  # By its schedule it should be up.
    is_up: bool


class Staleness:
    """Looks at every session. Thread-safe; seconds are those of a monotonic clock."""

    def __init__(
        self,
        connections: Sequence[Connection],
        signs: Callable[[str], Signs],
        log: FilteringBoundLogger,
    ) -> None:
        self._connections = tuple(connections)
        self._signs = signs
        self._log = log
        self._lock = threading.Lock()
        self._heard_at: dict[str, float] = {}
        self._well_at: dict[str, float] = {}  # Up, or not due.
        self._troubles: dict[str, Trouble] = {}

    def heard(self, session: str, now: float) -> None:
        """Something came in."""
        with self._lock:
            self._heard_at[session] = now

    def look(self, now: float) -> None:
        """Raise and clear what changed."""
        for connection in self._connections:
            name = connection.session.name
            trouble, seconds = self._trouble(connection, self._signs(name), now)
            before = self._troubles.get(name)
            if trouble is before:
                continue
            if before is not None:
                self._log.info(
                    "alarm_cleared", kind=before.value, venue=connection.venue, session=name
                )
                del self._troubles[name]
            if trouble is not None:
                self._troubles[name] = trouble
                self._raise(connection, trouble, seconds)

    def _trouble(
        self, connection: Connection, signs: Signs, now: float
    ) -> tuple[Trouble | None, float]:
        """What is wrong, and for how many seconds."""
        name = connection.session.name
        if signs.is_up or not signs.is_due:
            self._well_at[name] = now
        else:
            down = now - self._well_at.setdefault(name, now)
            return (Trouble.DOWN if down >= connection.down_seconds else None), down
        with self._lock:
            heard_at = self._heard_at.get(name, now)
        silent = now - heard_at
        is_late = signs.is_up and silent >= _LATE_HEARTBEATS * connection.session.heartbeat_seconds
        return (Trouble.SILENT if is_late else None), silent

    def _raise(self, connection: Connection, trouble: Trouble, seconds: float) -> None:
        what = {
            Trouble.DOWN: "has been down for",
            Trouble.SILENT: "is up, but nothing came in for",
        }[trouble]
        name = connection.session.name
        self._log.error(
            "alarm_raised",
            kind=trouble.value,
            venue=connection.venue,
            session=name,
            detail=f"{connection.venue}: session {name} {what} {seconds:.0f} s",
        )
