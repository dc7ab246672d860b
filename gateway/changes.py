"""Changes that may be lost with their session: what is asked about them, and what proves it.

A cancel that shows neither effect nor answer is asked for again by the OMS. A replace is not:
by now it may be wrong. It is void once its venue does not know its ClOrdID and either asked for
the message again and was told that it will not come, or the engine never sent it. What a venue
has counted stays pending until it answers, the order ends, or two persons settle it; that it
has counted it is a fact of its own, which no denial undoes.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from domain.order_states import UNKNOWN_ORDER, apply
from domain.orders import (
    Alarm,
    CancelRequest,
    ExecType,
    ExecutionReport,
    NeverReceived,
    Order,
    ReplaceRequest,
)
from domain.ports import OutboxBody, StatusRequest, UnitOfWork
from gateway.doubts import NEVER_STORED, RESEND_REFUSED, ask

VOID = "change_not_received"  # Audit, of the order.
RECEIVED = "change_received"  # Audit, of the replace: the venue counts it as come.
_ACTOR = "gateway"
_PROOFS = {
    RESEND_REFUSED: "the venue asked for it again, was told it will not come, and does not know it",
    NEVER_STORED: "the engine never sent it, and the venue does not know it",
}


def ask_about(uow: UnitOfWork, request: ReplaceRequest, venue: str, at: datetime) -> None:
    """Queue a question about a replace, unless one waits already.

    It goes by its ClOrdID: a venue that knows that has the replace.
    """
    if not uow.outbox.is_asked(request.cl_ord_id):
        question = StatusRequest(cl_ord_id=request.cl_ord_id, requested_at=at)
        uow.outbox.queue(venue, question, at)


def ask_about_all(uow: UnitOfWork, venue: str, at: datetime) -> tuple[str, ...]:
    """After a logon: ask about what was sent and not answered; ClOrdIDs of all such changes."""
    found = list(_unanswered(uow, venue))
    for wish in found:
        if isinstance(wish, ReplaceRequest):
            ask_about(uow, wish, venue, at)
    return tuple(wish.cl_ord_id for wish in found)


def has_unanswered(uow: UnitOfWork, venue: str) -> bool:
    """Whether replaces were sent that nobody has answered."""
    return any(isinstance(wish, ReplaceRequest) for wish in _unanswered(uow, venue))


def _unanswered(uow: UnitOfWork, venue: str) -> Iterator[CancelRequest | ReplaceRequest]:
    for order in uow.orders.open():
        if order.pending and order.intent.venue == venue:
            yield from (w for w in order.pending if not uow.outbox.is_waiting(w.cl_ord_id))


def note_resend_refused(uow: UnitOfWork, name: str, session: str, at: datetime) -> None:
    """Keep the evidence that a venue had not received a change and never will; ask it for more."""
    order = uow.orders.get(name)
    if order is None:
        return
    body = {"session": session}
    uow.audit.append(at=at, actor=_ACTOR, kind=RESEND_REFUSED, subject=name, body=body)
    if isinstance(wish := _pending(order, name), ReplaceRequest):
        ask_about(uow, wish, order.intent.venue, at)
    elif wish is not None and not order.is_closed:
        ask(uow, [order], at)


def note_received(uow: UnitOfWork, names: Iterable[str], expected: int, at: datetime) -> None:
    """Keep the evidence that a venue has these replaces: it expects a later message of ours.

    After a gap fill it counts what it never had, so then its count says nothing.
    """
    for name in names:
        order = uow.orders.get(name)
        wish = None if order is None else _pending(order, name)
        if order is None or not isinstance(wish, ReplaceRequest):
            continue
        if not {entry.kind for entry in uow.audit.about(name)} & {RECEIVED, RESEND_REFUSED}:
            body = {"venue": order.intent.venue, "expects": expected}
            uow.audit.append(at=at, actor=_ACTOR, kind=RECEIVED, subject=name, body=body)


def was_received(uow: UnitOfWork, name: str) -> bool:
    """Whether the venue counts this replace as come."""
    return any(entry.kind == RECEIVED for entry in uow.audit.about(name))


def note_never_stored(
    uow: UnitOfWork, venue: str, sent: Collection[str], since: datetime, at: datetime
) -> tuple[str, ...]:
    """As `doubts.note_never_stored` does of orders, of the replaces that were asked for since."""
    missing = [
        wish.cl_ord_id
        for wish in _unanswered(uow, venue)
        if isinstance(wish, ReplaceRequest)
        and wish.cl_ord_id not in sent
        and wish.requested_at >= since
    ]
    for name in missing:
        if all(entry.kind != NEVER_STORED for entry in uow.audit.about(name)):
            body = {"venue": venue}
            uow.audit.append(at=at, actor=_ACTOR, kind=NEVER_STORED, subject=name, body=body)
    return tuple(missing)


def settle_unknown(uow: UnitOfWork, report: ExecutionReport, at: datetime) -> tuple[Alarm, ...]:
    """Declare a replace void that the venue does not know *and* provably never received."""
    if report.exec_type is not ExecType.ORDER_STATUS or report.ord_rej_reason != UNKNOWN_ORDER:
        return ()
    order = uow.orders.get(report.cl_ord_id)
    wish = None if order is None else _pending(order, report.cl_ord_id)
    if order is None or not isinstance(wish, ReplaceRequest):
        return ()
    kinds = {entry.kind for entry in uow.audit.about(wish.cl_ord_id)}
    why = next((text for kind, text in _PROOFS.items() if kind in kinds), None)
    if why is None or RECEIVED in kinds:
        return ()
    alarms = declare_void(uow, order, wish, why, at)
    name = order.intent.cl_ord_id
    text = f"replace {wish.cl_ord_id} of {name} never came to {report.venue}: {why}"
    return (*alarms, Alarm(kind="change_not_received", cl_ord_id=name, message=text))


def refused(uow: UnitOfWork, name: str, why: str, at: datetime) -> tuple[Alarm, ...]:
    """The venue refused a message: a replace in it was not even looked at."""
    order = uow.orders.get(name)
    wish = None if order is None else _pending(order, name)
    if order is None or not isinstance(wish, ReplaceRequest):
        return ()
    return declare_void(uow, order, wish, f"the venue refused the message: {why}", at)


def never_left(uow: UnitOfWork, body: OutboxBody, why: str, at: datetime) -> tuple[Alarm, ...]:
    """The engine provably never took a message: a replace in it is void; nothing else is."""
    order = uow.orders.get(body.cl_ord_id) if isinstance(body, ReplaceRequest) else None
    wish = None if order is None else _pending(order, body.cl_ord_id)
    if order is None or not isinstance(wish, ReplaceRequest):
        return ()
    return declare_void(uow, order, wish, why, at)


def declare_void(
    uow: UnitOfWork, order: Order, request: ReplaceRequest, why: str, at: datetime
) -> tuple[Alarm, ...]:
    """The order is as before the replace, and what that had reserved is free."""
    event = NeverReceived(
        cl_ord_id=request.cl_ord_id, orig_cl_ord_id=request.orig_cl_ord_id, at=at, why=why
    )
    after, alarms = apply(order, event)
    uow.orders.append(after, event, at)
    if not order.has_followed_up(request):
        uow.entries.take_back(request.cl_ord_id)
    name = order.intent.cl_ord_id
    uow.audit.append(at=at, actor=_ACTOR, kind=VOID, subject=name, body=event)
    return alarms


def _pending(order: Order, name: str) -> CancelRequest | ReplaceRequest | None:
    return next((wish for wish in order.pending if wish.cl_ord_id == name), None)
