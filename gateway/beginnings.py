"""Beginnings: telling a broker that a list which waits may be worked, by ListExecute (35=L).

It is said when the broker has the list whole, and goes through the gate as a new order does. It
begins a list once, however often it is said; so where the broker shows that it never had it, it
is said again, under another number of ours.
"""

from datetime import datetime

from domain.orders import Order
from domain.ports import ListExecuteRequest, OutboxBody, UnitOfWork

_ACTOR = "gateway"
REQUESTED = "list_execute_requested"  # Audit, of a ListID.


def has_begun(uow: UnitOfWork, list_id: str) -> bool:
    """Whether it was ever asked for, sent or not."""
    return _attempts(uow, list_id) > 0


def begin(uow: UnitOfWork, venue: str, list_id: str, at: datetime) -> None:
    """Queue it; what was queued before and still waits goes out of its way."""
    attempt = _attempts(uow, list_id) + 1
    request = ListExecuteRequest(list_id=list_id, requested_at=at, attempt=attempt)
    if attempt > 1:
        uow.outbox.withdraw(ListExecuteRequest.name(list_id, attempt - 1), at)
    uow.outbox.queue(venue, request, at)
    uow.audit.append(at=at, actor=_ACTOR, kind=REQUESTED, subject=list_id, body=request)


def members_of(uow: UnitOfWork, body: OutboxBody) -> tuple[Order, ...]:
    """The open orders of the list that a message begins; none for any other message."""
    if not isinstance(body, ListExecuteRequest):
        return ()
    return open_members(uow, body.list_id)


def open_members(uow: UnitOfWork, list_id: str) -> tuple[Order, ...]:
    """The open orders of a list."""
    return tuple(order for order in uow.orders.open() if order.intent.list_id == list_id)


def _attempts(uow: UnitOfWork, list_id: str) -> int:
    return sum(entry.kind == REQUESTED for entry in uow.audit.about(list_id))
