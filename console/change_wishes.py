"""Wishes about one replace without an answer: what became of it, and a second person's word."""

from datetime import datetime

from console.agreeing import how_to_agree
from console.service_port import Telling
from domain.orders import Order, ReplaceRequest, Settlement
from domain.ports import UnitOfWork
from gateway import changes
from oms import change_doubts
from oms.settlement import NotSettledError

_MEANS = {
    Settlement.NEVER_REACHED: "never reached the venue, and the order is as before it",
    Settlement.ENDED: "was refused by the venue, and the order is as before it",
    Settlement.STANDS: "was made by the venue",
}

_COUNTED = "the venue has received it: it expects a later message of ours"


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
    """Write down what the first person says; raises `NotSettledError`.

    That a venue never received what it has counted is not believed of anybody.
    """
    was_received = changes.was_received(uow, request.cl_ord_id)
    if was_received and what is Settlement.NEVER_REACHED:
        raise NotSettledError(
            f"replace {request.cl_ord_id} reached {order.intent.venue}: it expects a later message "
            "of ours; ask it whether the replace was made (stands) or refused (ended)"
        )
    said = change_doubts.propose(uow, order, request, what=what, why=why, by=by, at=at)
    name = request.cl_ord_id
    return Telling(
        subject=name,
        lines=(
            f"{by} says that replace {name} of {order.intent.cl_ord_id} {_MEANS[what]}: {why}",
            *((_COUNTED,) if was_received else ()),
            how_to_agree(f"resolve {name}"),
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
