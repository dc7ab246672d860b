"""Abandoned orders: what a release that failed left at the venues, and what is done about them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.orders import Alarm
from domain.ports import UnitOfWork
from oms.cancel import cancel
from oms.entering import ACTOR
from oms.wording import counted

KIND = "orders_of_failed_run"


class OnFailure(StrEnum):
    """What becomes of the orders that are out when their run cannot go on."""

    KEEP = "keep"  # They work on; the run finds them when it is tried again.
    CANCEL = "cancel"


def abandon(uow: UnitOfWork, run_id: UUID, policy: OnFailure, at: datetime) -> Alarm | None:
    """Keep or take back what a failed run has out, and say so; None when nothing is out.

    Either way the run can be tried again: it goes on from what became of them.
    """
    out = [order for order in uow.orders.of_run(run_id) if not order.is_closed]
    if not out:
        return None
    if policy is OnFailure.CANCEL:
        for order in out:
            cancel(uow, order, at=at, why="its run failed", by=ACTOR)
    what = "are being cancelled" if policy is OnFailure.CANCEL else "are left at work"
    name = out[0].intent.cl_ord_id
    alarm = Alarm(
        kind=KIND,
        cl_ord_id=name,
        message=f"run {run_id.hex} failed and {counted(len(out), 'order')}, {name} first, {what}: "
        "`trimtab retry` goes on with them, `trimtab cancel` or `halt` takes them back",
    )
    uow.audit.append(at=at, actor=ACTOR, kind="alarm_raised", subject=run_id.hex, body=alarm)
    return alarm
