"""Days: what a good-till order filled on a day that is over goes to its accounts.

The order goes on; its accounts own each day's shares since that day, at that day's average.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from uuid import UUID

from domain.accounts import Mandate
from domain.errors import InvariantError
from domain.orders import Alarm, Order
from domain.ports import UnitOfWork
from oms.close_out import close_out


def mandates_of(uow: UnitOfWork, run_id: UUID) -> Mapping[str, Mandate]:
    """The mandates by account as the run's snapshot had them; empty when it is not stored."""
    run = uow.runs.get(run_id)
    if run is None or run.snapshot_id is None:
        return {}
    return uow.snapshots.mandates(run.snapshot_id)


def give_out(
    uow: UnitOfWork,
    order: Order,
    mandates: Mapping[str, Mandate],
    at: datetime,
    *,
    before: date | None = None,
    then: Callable[[], tuple[Alarm, ...]] = tuple,
) -> tuple[Alarm, ...]:
    """Allocate what is over: all of a closed order, else the days earlier than `before`.

    `then` belongs to it. A fill stays booked even when it cannot be allocated.
    """
    try:
        with uow.savepoint():
            return (*close_out(uow, order, mandates, at, before=before), *then())
    except InvariantError as error:
        name = order.intent.cl_ord_id
        text = f"{name}: the fills stay with the block, allocating them failed: {error}"
        return (Alarm(kind="not_allocated", cl_ord_id=name, message=text),)


def end_days(
    uow: UnitOfWork, before: date, at: datetime, *, security_id: str | None = None
) -> tuple[Alarm, ...]:
    """Of every order that goes on, or those of one security: give out the days before `before`."""
    alarms: list[Alarm] = []
    for order in uow.orders.open():
        is_meant = security_id in {None, order.intent.security_id}
        if is_meant and any(fill.trade_date < before for fill in order.fills):
            mandates = mandates_of(uow, order.intent.run_id)
            alarms += give_out(uow, order, mandates, at, before=before)
    return tuple(alarms)
