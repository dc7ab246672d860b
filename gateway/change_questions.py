"""Change questions: cancels and replaces that were sent and not answered, asked about for as long.

A message that left on an unbroken session has reached its venue, so nothing is said twice: a
person is told once, and the venue is asked about a replace again and again, each time after a
longer wait. A cancel is only watched here: its session's next logon asks what became of its order.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from domain.orders import Alarm, CancelRequest, Order, ReplaceRequest
from domain.ports import Clock, UnitOfWork, Vault
from gateway import changes
from gateway.alarms import tell

_LONGEST_SECONDS = 600.0
_MOST = 100  # Looked at in one transaction.


@dataclass(slots=True)
class _Awaited:
    due: float  # Seconds of the monotonic clock.
    wait_seconds: float
    is_told: bool = False


class ChangeQuestions:
    """Which changes have no answer. Thread-safe; seconds are those of a monotonic clock."""

    def __init__(
        self, patience_seconds: float, *, vault: Vault, clock: Clock, log: FilteringBoundLogger
    ) -> None:
        self._patience_seconds = patience_seconds
        self._vault = vault
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._awaited: dict[str, _Awaited] = {}  # By the change's ClOrdID.

    def expect(self, names: Iterable[str], now: float) -> None:
        """These changes were sent, or are known to have been; each wants an answer."""
        due, wait = now + self._patience_seconds, self._patience_seconds
        with self._lock:
            for name in names:
                self._awaited.setdefault(name, _Awaited(due, wait))

    def answered(self, names: Iterable[str]) -> None:
        """No answer is missing any more."""
        if not self._awaited:
            return
        with self._lock:
            for name in names:
                self._awaited.pop(name, None)

    def ask_the_silent(self, now: float) -> bool:
        """Look at those whose patience is over; whether any still wants an answer."""
        with self._lock:
            due = [(name, one) for name, one in self._awaited.items() if one.due <= now][:_MOST]
        if not due:
            return False
        answered: list[str] = []
        alarms: list[Alarm] = []
        with self._vault.write() as uow:
            for name, one in due:
                order, wish = _found(uow, name)
                if order is None or wish is None:
                    answered.append(name)
                else:
                    self._ask(uow, order, wish)
                    alarms += () if one.is_told else (self._alarm(uow, order, wish),)
        self.answered(answered)
        self._wait_on((one for _, one in due), now)
        tell(self._log, alarms)
        return len(answered) < len(due)

    def _ask(self, uow: UnitOfWork, order: Order, wish: CancelRequest | ReplaceRequest) -> None:
        """A pending cancel decides a replace too, and is repeated by what answers a question."""
        ends = any(isinstance(one, CancelRequest) for one in order.pending)
        if isinstance(wish, ReplaceRequest) and not ends:
            changes.ask_about(uow, wish, order.intent.venue, self._clock.now())

    def _alarm(self, uow: UnitOfWork, order: Order, wish: CancelRequest | ReplaceRequest) -> Alarm:
        what = "replace" if isinstance(wish, ReplaceRequest) else "cancel"
        name, venue = order.intent.cl_ord_id, order.intent.venue
        text = (
            f"{venue} has not answered {what} {wish.cl_ord_id} of {name} "
            f"in {self._patience_seconds:g} s"
            + (", and counts it as received" if changes.was_received(uow, wish.cl_ord_id) else "")
        )
        return Alarm(kind="change_unanswered", cl_ord_id=name, message=text)

    def _wait_on(self, looked_at: Iterable[_Awaited], now: float) -> None:
        for one in looked_at:
            one.is_told = True
            one.wait_seconds = min(2 * one.wait_seconds, _LONGEST_SECONDS)
            one.due = now + one.wait_seconds


def _found(
    uow: UnitOfWork, name: str
) -> tuple[Order | None, CancelRequest | ReplaceRequest | None]:
    """The order of a change, and the change while it is pending."""
    order = uow.orders.get(name)
    wishes = () if order is None else order.pending
    return order, next((wish for wish in wishes if wish.cl_ord_id == name), None)
