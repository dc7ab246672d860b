"""What will happen by itself, and when: in order of time, then of planning."""

from datetime import datetime
from enum import Enum
from heapq import heapify, heappop, heappush


class Due(Enum):
    """What falls due. Each plan names its subject: an order's number, a symbol, or nothing."""

    PHASE = "phase"
    ORDER = "order"  # A new order is accepted.
    CHANGE = "change"  # The first pending change of an order is decided.
    EXPIRY = "expiry"  # A good-till order ends.
    MARKET = "market"  # The market of a symbol moves.
    LIMIT_STATE = "limit_state"  # It has lasted too long.
    RESUMPTION = "resumption"  # A halt by the bands is over.
    WINDOW = "window"  # The reference price of the bands is looked at.


class Agenda:
    """Plans. Nothing is taken back: whoever acts looks whether the plan still holds."""

    def __init__(self) -> None:
        self._plans: list[tuple[datetime, int, Due, int | str]] = []
        self._count = 0
        self.next: datetime | None = None

    def plan(self, at: datetime, due: Due, subject: int | str = 0) -> None:
        """Let something happen at a time."""
        self._count += 1
        heappush(self._plans, (at, self._count, due, subject))
        self.next = self._plans[0][0]

    def take(self) -> tuple[datetime, Due, int | str]:
        """The earliest plan."""
        at, _, due, subject = heappop(self._plans)
        self.next = self._plans[0][0] if self._plans else None
        return at, due, subject

    def postpone(self, due: Due, until: datetime) -> None:
        """Nothing of this kind happens before `until`; what was to, happens then."""
        self._plans = [
            (max(at, until) if kind is due else at, number, kind, subject)
            for at, number, kind, subject in self._plans
        ]
        heapify(self._plans)
        self.next = self._plans[0][0] if self._plans else None
