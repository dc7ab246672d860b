"""Wishes about one replace without an answer: what became of it, and a second person's word."""

from datetime import datetime

from console.service_port import Telling
from domain.orders import Order, ReplaceRequest, Settlement
from domain.ports import UnitOfWork
from oms import change_doubts

_MEANS = {
    Settlement.NEVER_REACHED: "never reached the venue, and the order is as before it",
    Settlement.ENDED: "was refused by the venue, and the order is as before it",
    Settlement.STANDS: "was made by the venue",
}


def propose(
    uow: UnitOfWork,
    order: Order,
    request: ReplaceRequest,
    *,
    what: Settlement,
    why: str,
    by: str,
    at: datetime,
) -> Telling:
    """Write down what the first person says; raises `NotSettledError`."""
    said = change_doubts.propose(uow, order, request, what=what, why=why, by=by, at=at)
    name = request.cl_ord_id
    return Telling(
        subject=name,
        lines=(
            f"{by} says that replace {name} of {order.intent.cl_ord_id} {_MEANS[what]}: {why}",
            f"a second person agrees with: trimtab resolve {name} --agree --by WHO",
        ),
        facts=said,
    )


def second(
    uow: UnitOfWork, order: Order, request: ReplaceRequest, *, by: str, at: datetime
) -> Telling:
    """The second person agrees; raises `NotSettledError`."""
    event, alarms = change_doubts.second(uow, order, request, by=by, at=at)
    name = request.cl_ord_id
    said = f"replace {name} {_MEANS[event.what]}, say {event.by} and {by}: {event.why}"
    return Telling(subject=name, lines=(said, *(alarm.message for alarm in alarms)), facts=event)
