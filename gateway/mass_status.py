"""One question about all open orders after a logon: OrderMassStatusRequest (35=AF).

While its answer is awaited the questions about single orders wait. Those that the answer
settled are taken back; an order that it did not name is no less in doubt and is asked for alone.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.orders import Order, OrdStatus
from domain.ports import OutboxBody, StatusRequest
from gateway.wiretext import value_of


@dataclass(frozen=True, slots=True)
class _Asked:
    at: datetime
    until: float  # Seconds of the monotonic clock.


class MassStatus:
    """Which venues owe us an answer. Thread-safe."""

    def __init__(self, patience_seconds: float, monotonic: Callable[[], float]) -> None:
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked: dict[str, _Asked] = {}
        self._awaited: set[str] = set()

    def asked(self, venue: str, at: datetime) -> None:
        """The question went out."""
        with self._lock:
            self._asked[venue] = _Asked(at, self._monotonic() + self._patience_seconds)
            self._awaited.add(venue)

    def told(self, venue: str) -> None:
        """A part of the answer is booked: the rest has as long again, however many there are."""
        with self._lock:
            if venue in self._awaited:
                until = self._monotonic() + self._patience_seconds
                self._asked[venue] = replace(self._asked[venue], until=until)

    def answered(self, venue: str) -> None:
        """The last report of the answer is booked, or there will be none."""
        with self._lock:
            self._awaited.discard(venue)

    def is_awaited(self, venue: str) -> bool:
        """Whether single questions wait; a venue that stays silent is not waited for for ever."""
        with self._lock:
            if venue in self._awaited and self._monotonic() >= self._asked[venue].until:
                self._awaited.discard(venue)
            return venue in self._awaited

    def has_settled(self, venue: str, body: OutboxBody, order: Order | None) -> bool:
        """Whether a question that was queued before the mass status needs no asking any more."""
        with self._lock:
            asked = self._asked.get(venue)
        if asked is None or order is None or not isinstance(body, StatusRequest):
            return False
        is_open_question = order.in_doubt or order.pending or order.status is OrdStatus.INTENDED
        return body.requested_at <= asked.at and not is_open_question


def is_part(raw: str) -> bool:
    """Whether a report belongs to an answer: it repeats the MassStatusReqID (584)."""
    return value_of(raw, 584) is not None


def ends(raw: str) -> bool:
    """Whether a report is the last of an answer: LastRptRequested (912)."""
    return value_of(raw, 912) == "Y" and is_part(raw)


def is_empty(raw: str) -> bool:
    """Whether a report only says that there are no open orders: TotNumReports (911) 0."""
    return value_of(raw, 911) == "0" and is_part(raw)
