"""The books as the driver sees them, beside whoever writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from console.clocks import SystemClock
from domain.orders import OrdStatus
from domain.runs import RunStatus
from tests.chaos.folder import Folder
from vault.store import SqlVault


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the load is."""

    runs: int
    unfinished_runs: int
    open_orders: tuple[tuple[str, OrdStatus, bool], ...]  # ClOrdID, status, in doubt.

    @property
    def is_over(self) -> bool:
        return not self.unfinished_runs and not self.open_orders

    @property
    def in_doubt(self) -> int:
        return sum(in_doubt for _, _, in_doubt in self.open_orders)


@contextmanager
def open_vault(folder: Folder) -> Iterator[SqlVault]:
    """The trial's vault; nobody is its writer yet."""
    vault = SqlVault(folder.url, clock=SystemClock(), holder="the trial", anchor_path=folder.anchor)
    try:
        yield vault
    finally:
        vault.close()


def standing(folder: Folder) -> Standing:
    """How far the load is now."""
    with open_vault(folder) as vault, vault.read() as view:
        return Standing(
            runs=len(view.runs.recent(10**6)),
            unfinished_runs=len(view.runs.with_status(RunStatus.RUNNING)),
            open_orders=tuple(
                (order.intent.cl_ord_id, order.status, order.in_doubt)
                for order in view.orders.open()
            ),
        )
