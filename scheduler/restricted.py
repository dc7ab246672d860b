"""The restricted list by the clock: an entry that begins to bind stops orders at once.

What a file brings is looked at as it comes in; this looks for what only time brings.
"""

import threading
from collections.abc import Callable

import structlog

from domain.errors import TryAgainError
from domain.ports import Clock, Vault
from domain.restrictions import NO_BARS, Bars
from oms.restricted import barred, take_back

log = structlog.get_logger("scheduler")
_POLL_SECONDS = 0.25
_ACTOR = "scheduler"


class RestrictedWatch:
    """Takes back open orders in names that become restricted; one thread of its own."""

    def __init__(self, vault: Vault, clock: Clock, wake: Callable[[], None]) -> None:
        """`wake` tells the gateway that there are cancels."""
        self._vault, self._clock, self._wake = vault, clock, wake
        self._looked_at: Bars = NO_BARS
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="restricted")

    def start(self) -> None:
        """Look now, and every quarter of a second."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

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

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except TryAgainError as error:
                log.warning("restricted_list_not_looked_at", detail=str(error))
            except Exception:
                log.exception("restricted_list_failed")
            self._stopping.wait(_POLL_SECONDS)
