"""How we stand with each venue: what was not asked yet, what is in doubt, who did not answer."""

import threading
from collections import Counter
from collections.abc import Iterable

_SETTLE_SECONDS = 0.3


class Standing:
    """What the threads tell each other about open questions. Thread-safe.

    The doubts are a count of the database's: too high shuts the gate until they are counted
    anew, and it is never too low. Seconds are those of a monotonic clock.
    """

    def __init__(self, venues: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._unasked = set(venues)  # Logged on, but not yet asked about doubts.
        self._in_doubt: Counter[str] = Counter()
        self._doubts: Counter[str] = Counter()  # How often orders were put in doubt.
        self._logon_at: dict[str, float] = {}
        self._unanswered: dict[str, float] = {}  # ClOrdID -> time of sending.

    def logged_on(self, venue: str, now: float) -> None:
        """A session came up or broke off: its open questions are to be asked."""
        with self._lock:
            self._unasked.add(venue)
            self._logon_at[venue] = now

    def is_unasked(self, venue: str) -> bool:
        """Whether open questions are still to be asked."""
        with self._lock:
            return venue in self._unasked

    def asked(self, venue: str) -> None:
        """The questions are queued."""
        with self._lock:
            self._unasked.discard(venue)

    def doubted(self, venue: str) -> None:
        """Orders of `venue` were put in doubt: the gate shuts until they are counted."""
        with self._lock:
            self._in_doubt[venue] += 1
            self._doubts[venue] += 1

    def doubts(self, venue: str) -> int:
        """How often orders of `venue` were put in doubt so far; ask before a view is opened."""
        with self._lock:
            return self._doubts[venue]

    def counted(self, venue: str, in_doubt: int, doubts: int) -> None:
        """So many orders of `venue` were in doubt in a view that was opened after `doubts`.

        What was put in doubt since then is not in that view: it counts as nothing.
        """
        with self._lock:
            if self._doubts[venue] == doubts:
                self._in_doubt[venue] = in_doubt

    def in_doubt(self, venue: str) -> int:
        """0 when no order can be in doubt."""
        with self._lock:
            return self._in_doubt[venue]

    def is_sure(self, venue: str) -> bool:
        """Everything was asked, and nothing is in doubt."""
        with self._lock:
            return venue not in self._unasked and self._in_doubt[venue] == 0

    def is_settling(self, venue: str, now: float) -> bool:
        """Right after a logon the venue asks for what it missed.

        An order sent in between falls into that range, and would be gap-filled away.
        """
        with self._lock:
            return now < self._logon_at.get(venue, 0.0) + _SETTLE_SECONDS

    def expect(self, cl_ord_ids: Iterable[str], now: float) -> None:
        """These orders are about to be sent, and each wants an answer."""
        with self._lock:
            for cl_ord_id in cl_ord_ids:
                self._unanswered[cl_ord_id] = now

    def answered(self, cl_ord_ids: Iterable[str]) -> None:
        """No answer is missing any more."""
        with self._lock:
            for cl_ord_id in cl_ord_ids:
                self._unanswered.pop(cl_ord_id, None)

    def silent_since(self, limit: float) -> list[str]:
        """Orders that were sent before `limit` and have no answer."""
        with self._lock:
            return [name for name, sent_at in self._unanswered.items() if sent_at < limit]
