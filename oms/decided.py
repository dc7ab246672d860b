"""What orders were decided on: the mandates of their runs, remembered for the runs of late.

Neither changes, so each is read once while its orders fill; a service that runs for
months does not keep them all.
"""

from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID

from domain.accounts import Mandate
from domain.ports import UnitOfWork

_RUNS = 1_000
_SNAPSHOTS = 16  # Each has every account's mandate.


class DecidedMandates:
    """Mandates by account, of runs and of the snapshots that these were decided on."""

    def __init__(self) -> None:
        self._snapshots: OrderedDict[UUID, str] = OrderedDict()  # By run.
        self._mandates: OrderedDict[str, Mapping[str, Mandate]] = OrderedDict()  # By snapshot.

    def of(self, uow: UnitOfWork, run_id: UUID) -> Mapping[str, Mandate]:
        """As the run's snapshot had them; empty when it is not stored."""
        snapshot_id = self._snapshots.get(run_id) or self._read_run(uow, run_id)
        if snapshot_id is None:
            return {}
        found = self._mandates.get(snapshot_id)
        return self._read_mandates(uow, snapshot_id) if found is None else found

    def _read_run(self, uow: UnitOfWork, run_id: UUID) -> str | None:
        run = uow.runs.get(run_id)
        if run is None or run.snapshot_id is None:
            return None
        self._snapshots[run_id] = run.snapshot_id
        if len(self._snapshots) > _RUNS:
            self._snapshots.popitem(last=False)
        return run.snapshot_id

    def _read_mandates(self, uow: UnitOfWork, snapshot_id: str) -> Mapping[str, Mandate]:
        found = uow.snapshots.mandates(snapshot_id)
        if not found:
            return found
        self._mandates[snapshot_id] = found
        if len(self._mandates) > _SNAPSHOTS:
            self._mandates.popitem(last=False)
        return found
