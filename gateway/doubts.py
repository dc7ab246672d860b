"""Orders in doubt: what is not known about them is asked for, never guessed.

A status request is the question; the answer arrives through the inbox like any
other report. `Unknown order` alone proves nothing. It does together with the
venue's own request for a message that it then was told will not come, or with an
engine whose store, written before the socket, shows that it was not sent.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from domain.order_states import UNKNOWN_ORDER, apply
from domain.orders import (
    Alarm,
    DoubtRaised,
    ExecType,
    ExecutionReport,
    NeverSent,
    Order,
    OrdStatus,
    Sent,
)
from domain.ports import StatusRequest, UnitOfWork
from gateway.stranded import take_back

RESEND_REFUSED = "resend_refused"  # Audit: the venue asked for an order again and got a gap fill.
SEEN_IN_COPY = "order_seen_in_drop_copy"  # Audit: the venue has it, by its drop copy.
NEVER_STORED = "order_not_in_engine"  # Audit: by the engine's store it was never sent.


def raise_doubts(
    uow: UnitOfWork, orders: Iterable[Order], why: str, at: datetime
) -> tuple[Alarm, ...]:
    """Put each open order that was sent in doubt, and ask the venue about it."""
    found: list[Alarm] = []
    doubtful = [order for order in orders if order.sent and not order.is_closed]
    for order in doubtful:
        if not order.in_doubt:
            doubt = DoubtRaised(cl_ord_id=order.current, at=at, why=why)
            after, alarms = apply(order, doubt)
            uow.orders.append(after, doubt, at)
            found += [*alarms, Alarm(kind="order_in_doubt", cl_ord_id=order.current, message=why)]
    ask(uow, doubtful, at)
    return tuple(found)


def ask(uow: UnitOfWork, orders: Sequence[Order], at: datetime) -> None:
    """Queue a status request for each, unless one is waiting already."""
    for order in orders:
        if not uow.outbox.is_asked(order.current):
            request = StatusRequest(cl_ord_id=order.current, requested_at=at)
            uow.outbox.queue(order.intent.venue, request, at)


def unresolved(uow: UnitOfWork, venue: str) -> int:
    """How many orders of `venue` are in doubt."""
    return uow.orders.in_doubt(venue)


def after_logon(uow: UnitOfWork, venue: str, at: datetime) -> tuple[Alarm, ...]:
    """Ask about everything that the last session left open: doubts, silence, pending changes."""
    orders = [order for order in uow.orders.open() if order.intent.venue == venue and order.sent]
    silent = [order for order in orders if _is_silent(order)]
    alarms = raise_doubts(uow, silent, "the session was lost before the venue answered", at)
    ask(uow, [order for order in orders if order.pending and not _is_silent(order)], at)
    return alarms


def _is_silent(order: Order) -> bool:
    """Whether the venue's word on it is missing: also whether a list that waits has begun."""
    waits = order.status is OrdStatus.PENDING_NEW and order.intent.list_id is not None
    return order.in_doubt or order.status is OrdStatus.INTENDED or waits


def note_copy(uow: UnitOfWork, order: Order, exec_id: str, at: datetime) -> None:
    """Keep the evidence that the venue has an order in doubt, and ask it for the rest."""
    uow.audit.append(
        at=at,
        actor="gateway",
        kind=SEEN_IN_COPY,
        subject=order.intent.cl_ord_id,
        body={"venue": order.intent.venue, "exec_id": exec_id},
    )
    ask(uow, [order], at)


def note_never_stored(
    uow: UnitOfWork, venue: str, sent: Collection[str], since: datetime, at: datetime
) -> tuple[str, ...]:
    """Before the engine starts: keep the evidence about orders that it never sent.

    `sent` are the orders that by the engine's own store, which knows all from `since` on, may
    have reached the socket. Gives the ClOrdIDs of those that were due since and are not among them.
    """
    missing = [
        order.intent.cl_ord_id
        for order in _silent(uow, venue)
        if order.intent.cl_ord_id not in sent and _sent_at(uow, order) >= since
    ]
    for name in missing:
        if all(entry.kind != NEVER_STORED for entry in uow.audit.about(name)):
            body = {"venue": venue}
            uow.audit.append(at=at, actor="gateway", kind=NEVER_STORED, subject=name, body=body)
    return tuple(missing)


def _sent_at(uow: UnitOfWork, order: Order) -> datetime:
    """When it was marked, just before the engine could see it."""
    events = uow.orders.events(order.intent.cl_ord_id)
    return next(event.sent_at for event in events if isinstance(event, Sent))


def has_silent(uow: UnitOfWork, venue: str) -> bool:
    """Whether orders were handed to the engine that the venue never spoke of."""
    return bool(_silent(uow, venue))


def _silent(uow: UnitOfWork, venue: str) -> list[Order]:
    return [
        order
        for order in uow.orders.open()
        if order.intent.venue == venue and order.sent and order.status is OrdStatus.INTENDED
    ]


def settle_unknown(uow: UnitOfWork, report: ExecutionReport, at: datetime) -> tuple[Alarm, ...]:
    """Declare an order dead that the venue does not know *and* provably never received."""
    unknown = (
        report.exec_type in (ExecType.ORDER_STATUS, ExecType.REJECTED)
        and report.ord_rej_reason == UNKNOWN_ORDER
    )
    order = uow.orders.get(report.cl_ord_id) if unknown and report.cl_ord_id else None
    if order is None or not order.in_doubt or order.status is not OrdStatus.INTENDED:
        return ()
    first = order.intent.cl_ord_id
    proofs = {entry.kind for entry in uow.audit.about(first)}
    if SEEN_IN_COPY in proofs:
        text = f"{report.venue} says it does not know {first}, but its drop copy speaks of it"
        return (Alarm(kind="venue_contradicts_itself", cl_ord_id=first, message=text),)
    if RESEND_REFUSED in proofs:
        why = "the venue asked for it again, was told it will not come, and does not know the order"
    elif NEVER_STORED in proofs:
        why = "the engine never sent it, and the venue does not know the order"
    else:
        return ()
    never = NeverSent(cl_ord_id=first, at=at, why=why, accidental=True)
    dead, alarms = apply(order, never)
    uow.orders.append(dead, never, at)
    take_back(uow, report.venue, first, at)
    return alarms
