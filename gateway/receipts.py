"""Receipts: which replaces a venue has received, by the number that it expects of us next.

A Logon's NextExpectedMsgSeqNum (789) and the beginning of a ResendRequest both say that it counts
everything below as come. It counts what a gap fill stood for, too: that is no receipt.
"""

import threading
from collections.abc import Mapping

_REMEMBERED = 5_000  # Replaces of a session; the oldest go first.


class Receipts:
    """Replaces by outbound number, all sessions'. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[str, dict[int, str]] = {}

    def remember(self, session: str, sent: Mapping[int, str]) -> None:
        """These were handed over under these numbers: now, or before this process began."""
        with self._lock:
            known = self._sent.setdefault(session, {})
            known.update(sent)
            while len(known) > _REMEMBERED:
                del known[next(iter(known))]

    def gap_filled(self, session: str, number: int) -> None:
        """The venue is told that this one will not come: from now on its count proves nothing."""
        with self._lock:
            self._sent.get(session, {}).pop(number, None)

    def counts_anew(self, session: str) -> None:
        """One of the sides begins at 1: no number means what it meant."""
        with self._lock:
            self._sent.pop(session, None)

    def received(self, session: str, expected: int) -> tuple[str, ...]:
        """ClOrdIDs of the replaces below what the venue expects next, each told once."""
        with self._lock:
            known = self._sent.get(session, {})
            below = [number for number in known if number < expected]
            return tuple(known.pop(number) for number in below)
