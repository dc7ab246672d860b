"""Instructions that no broker has answered in time: nobody asks by wire for them, a person does."""

from collections.abc import Sequence
from datetime import timedelta

from structlog.typing import FilteringBoundLogger

from domain.allocations import AllocationMode
from domain.orders import Alarm
from domain.ports import Clock, Vault
from gateway import notices
from gateway.alarms import tell
from gateway.settings import VenueProfile

_INSTRUCTED = frozenset({AllocationMode.BEFORE, AllocationMode.AFTER})


class Unanswered:
    """Looks at what was sent and got no word back, also before a restart."""

    def __init__(
        self,
        profiles: Sequence[VenueProfile],
        patience_seconds: float,
        *,
        vault: Vault,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._venues = [p.venue for p in profiles if p.dialect.allocations in _INSTRUCTED]
        self._patience = timedelta(seconds=patience_seconds)
        self._vault = vault
        self._clock = clock
        self._log = log

    def look(self, _now: float) -> None:
        """Put in doubt what has waited for longer than our patience; each is told once."""
        if not self._venues:
            return
        before = self._clock.now() - self._patience
        with self._vault.read() as view:
            silent = [
                one for name in self._venues for one in view.allocations.unanswered(name, before)
            ]
        if not silent:
            return
        why = f"no answer in {self._patience.total_seconds():g} s"
        alarms: list[Alarm] = []
        with self._vault.write() as uow:
            for one in silent:
                alarms += notices.doubt(uow, one.alloc_id, why, self._clock.now())
        tell(self._log, alarms)
