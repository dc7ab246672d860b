"""Replaces that their venue never answered: what became of one is found out by two persons.

As long as nobody knows, its order keeps the exposure of both terms. The first person says what
the venue told him, the second agrees, as with orders (`oms.settlement`).
"""

from datetime import datetime

from domain.order_states import apply
from domain.orders import (
    Alarm,
    DoubtSettled,
    ExecType,
    ExecutionReport,
    Order,
    ReplaceRequest,
    Settlement,
)
from domain.ports import UnitOfWork
from oms.settlement import PROPOSALS, SETTLED, NotSettledError, Proposal, agreed


def unanswered(order: Order, name: str) -> ReplaceRequest | None:
    """The replace of this ClOrdID that the venue has not answered."""
    found = next((wish for wish in order.pending if wish.cl_ord_id == name), None)
    return found if isinstance(found, ReplaceRequest) else None


def propose(
    uow: UnitOfWork,
    order: Order,
    request: ReplaceRequest,
    *,
    what: Settlement,
    why: str,
    by: str,
    at: datetime,
) -> Proposal:
    """Write down what the first person says. Nothing about the order changes yet.

    Raises `NotSettledError`.
    """
    _require_sent(uow, request)
    proposal = Proposal(what=what, why=why, events=_moves(uow, order))
    PROPOSALS.write(uow, request.cl_ord_id, proposal, by=by, at=at)
    return proposal


def second(
    uow: UnitOfWork, order: Order, request: ReplaceRequest, *, by: str, at: datetime
) -> tuple[DoubtSettled, tuple[Alarm, ...]]:
    """The second person agrees: the replace is made, or void. Raises `NotSettledError`."""
    _require_sent(uow, request)
    name = request.cl_ord_id
    said = agreed(uow, name, _moves(uow, order), by=by)
    event = DoubtSettled(
        cl_ord_id=name,
        at=at,
        what=said.proposal.what,
        why=said.proposal.why,
        by=said.by,
        seconded_by=by,
    )
    moved, alarms = apply(order, event)
    uow.orders.append(moved, event, at)
    if event.what is not Settlement.STANDS and not order.has_followed_up(request):
        uow.entries.take_back(name)
    uow.audit.append(at=at, actor=by, kind=SETTLED, subject=name, body=event)
    return event, alarms


def _moves(uow: UnitOfWork, order: Order) -> int:
    """How often something happened to the order; answers to questions come all the time."""
    return sum(
        not (isinstance(event, ExecutionReport) and event.exec_type is ExecType.ORDER_STATUS)
        for event in uow.orders.events(order.intent.cl_ord_id)
    )


def _require_sent(uow: UnitOfWork, request: ReplaceRequest) -> None:
    if uow.outbox.is_waiting(request.cl_ord_id):
        raise NotSettledError(
            f"replace {request.cl_ord_id} has not left yet: it goes out as soon as its venue is up"
        )
