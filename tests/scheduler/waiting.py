"""A run of the calendar, which nobody started, that waits for a person."""

from uuid import UUID

from domain.runs import Run, RunStatus, TriggerKind
from tests.oms_orders.desk import NOW


def waiting(run_id: UUID) -> Run:
    return Run(
        run_id=run_id,
        trigger="month-end",
        kind=TriggerKind.CALENDAR,
        due=NOW,
        why="it was due",
        account_ids=(),
        status=RunStatus.AWAITING_APPROVAL,
        started_at=NOW,
    )
