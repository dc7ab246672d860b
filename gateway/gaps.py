"""Gaps: how long a message that is missing is waited for, until the connection is made anew.

QuickFIX asks once for what is missing. Where the venue's answer stops short of it, it asks no more
on that connection and keeps all that comes, which may be for ever. Both sides begin afresh with a
Logon: so we hang up, and wait twice as long the next time for the same message.
"""

from collections.abc import Callable, Mapping

from structlog.typing import FilteringBoundLogger

_ASKED_BEFORE = "Already sent ResendRequest"
_DISCONNECTED = "Disconnecting"
_LONGEST = 16  # Times the patience.


class Gap:
    """One session's. Times are seconds of a monotonic clock."""

    def __init__(self, patience_seconds: float) -> None:
        assert patience_seconds > 0
        self._first_patience = self._patience = patience_seconds
        self._missing = 0
        self._since: float | None = None

    def still_missing(self, number: int, now: float) -> float | None:
        """Something came before its turn, and `number` was asked for before.

        The seconds that it was waited for, when it is time to hang up.
        """
        if number != self._missing:
            self._missing, self._since, self._patience = number, now, self._first_patience
        if self._since is None:
            self._since = now
        waited = now - self._since
        if waited < self._patience:
            return None
        self._patience = min(2 * self._patience, _LONGEST * self._first_patience)
        self._since = None
        return waited

    def disconnected(self) -> None:
        """The wait begins anew with the next connection."""
        self._since = None


class Gaps:
    """All sessions'. Told on the engine's thread what the engine says of itself."""

    def __init__(
        self,
        patience_seconds: Mapping[str, float],
        *,
        monotonic: Callable[[], float],
        next_number: Callable[[str], int],
        hang_up: Callable[[str], None],
        log: FilteringBoundLogger,
    ) -> None:
        """`next_number` is the inbound number that a session's engine waits for."""
        self._gaps = {session: Gap(seconds) for session, seconds in patience_seconds.items()}
        self._monotonic = monotonic
        self._next_number = next_number
        self._hang_up = hang_up
        self._log = log

    def on_event(self, session: str, text: str) -> None:
        """The engine says something; most of it is not about gaps."""
        if text.startswith(_DISCONNECTED) and session in self._gaps:
            self._gaps[session].disconnected()
        elif text.startswith(_ASKED_BEFORE):
            number = self._next_number(session)
            waited = self._gaps[session].still_missing(number, self._monotonic())
            if waited is not None:
                self._end(session, number, waited)

    def _end(self, session: str, number: int, waited: float) -> None:
        self._log.warning(
            "alarm_raised",
            kind="gap_not_filled",
            session=session,
            detail=f"message {number} was asked for and has not come for {waited:.0f} s;"
            " hung up, to log on anew and ask again",
        )
        self._hang_up(session)
