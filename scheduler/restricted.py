"""The restricted list by the clock: an entry that begins to bind stops orders at once.

What a file brings is looked at as it comes in; this looks for what only time brings.
"""

from collections.abc import Callable

import structlog

from domain.errors import TryAgainError
from domain.ports import Clock, Vault
from domain.restrictions import NO_BARS, Bars
from oms.restricted import barred, take_back

log = structlog.get_logger("scheduler")
LOOK_SECONDS = 0.25
_ACTOR = "scheduler"


class RestrictedWatch:
    """Takes back open orders in names that become restricted; to look every `LOOK_SECONDS`."""

    def __init__(self, vault: Vault, clock: Clock, wake: Callable[[], None]) -> None:
        """`wake` tells the gateway that there are cancels."""
        self._vault, self._clock, self._wake = vault, clock, wake
        self._looked_at: Bars = NO_BARS

    def look(self) -> tuple[str, ...]:
        """The ClOrdIDs of what was taken back; nothing is done while nothing has changed."""
        now = self._clock.now()
        with self._vault.read() as view:
            bars = view.snapshots.bars(now)
            if bars == self._looked_at:
                return ()
            found = barred(view, bars)
        taken: tuple[str, ...] = ()
        if found:
            with self._vault.write() as uow:
                orders = take_back(uow, uow.snapshots.bars(now), at=now, by=_ACTOR)
                taken = tuple(order.intent.cl_ord_id for order in orders)
            self._wake()
        self._looked_at = bars
        return taken

    def try_to_look(self) -> None:
        """A look that ends in the log, never in the thread."""
        try:
            self.look()
        except TryAgainError as error:
            log.warning("restricted_list_not_looked_at", detail=str(error))
        except Exception:
            log.exception("restricted_list_failed")
