"""Cancel and replace: our wishes about an order that is out.

A wish is committed with the message that carries it; until the venue answers
nothing about the order has changed.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.errors import BadInputError
from domain.exact import plain
from domain.order_states import apply
from domain.orders import CancelRequest, NeverSent, Order, OrdStatus, ReplaceRequest
from domain.ports import UnitOfWork
from oms.instructing import take_back
from oms.wire_risk import far_from


class ChangeRefusedError(BadInputError):
    """A change was asked for that cannot be sent."""

    def __init__(self, order: Order, why: str) -> None:
        super().__init__(f"order {order.intent.cl_ord_id} cannot be changed: {why}")
        self.order, self.why = order, why


def cancel(uow: UnitOfWork, order: Order, *, at: datetime, why: str, by: str = "oms") -> Order:
    """Take the order back: before it was handed over it dies at once, later the venue is asked.

    A cancel that is pending already is not asked for twice, unless it only went with its
    list's; who else wants it is kept.
    """
    name = order.intent.cl_ord_id
    if order.is_closed:
        return order
    if any(isinstance(wish, CancelRequest) and wish.list_id is None for wish in order.pending):
        body = {"why": why}
        uow.audit.append(at=at, actor=by, kind="cancel_seconded", subject=name, body=body)
        return order
    event: NeverSent | CancelRequest
    if uow.outbox.withdraw(name, at):
        event = NeverSent(cl_ord_id=name, at=at, why=why)
    else:
        event = CancelRequest(
            cl_ord_id=next_name(order), orig_cl_ord_id=order.current, requested_at=at, why=why
        )
        uow.outbox.queue(order.intent.venue, event, at)
    moved, _ = apply(order, event)
    uow.orders.append(moved, event, at)
    kind = "order_withdrawn" if moved.status is OrdStatus.UNSENT else "cancel_requested"
    uow.audit.append(at=at, actor=by, kind=kind, subject=name, body=event)
    if moved.status is OrdStatus.UNSENT:
        take_back(uow, moved, at)
    return moved


def repeat_lost_cancel(uow: UnitOfWork, order: Order, at: datetime) -> Order:
    """After the answer to a status request: a cancel that the venue shows no sign of is sent anew.

    A venue takes messages in their order, so a cancel that was sent before the
    question, and has neither effect nor answer, was lost with a session.
    """
    wishes = [wish for wish in order.pending if isinstance(wish, CancelRequest)]
    is_known = order.is_closed or order.in_doubt or order.status is OrdStatus.PENDING_CANCEL
    if is_known or not wishes or uow.outbox.is_waiting(wishes[-1].cl_ord_id):
        return order
    again = replace(wishes[-1], cl_ord_id=next_name(order), requested_at=at, list_id=None)
    moved, _ = apply(order, again)
    uow.outbox.queue(order.intent.venue, again, at)
    uow.orders.append(moved, again, at)
    name = order.intent.cl_ord_id
    uow.audit.append(at=at, actor="oms", kind="cancel_repeated", subject=name, body=again)
    return moved


def change(
    uow: UnitOfWork,
    order: Order,
    *,
    quantity: Decimal,
    limit_price: Decimal | None,
    at: datetime,
    why: str,
    collar: Decimal,
    stop_price: Decimal | None = None,
    by: str = "oms",
) -> Order:
    """Ask for another quantity, limit or stop price. The parent's quantity is never exceeded.

    `collar` is how far a price may be from the one that the order was decided on, as a
    fraction of it. A stop price that is left out stays as it is.
    """
    stop = order.stop_price if stop_price is None else stop_price
    if why_not := _unchangeable(order, quantity, limit_price, stop, collar):
        raise ChangeRefusedError(order, why_not)
    event = ReplaceRequest(
        cl_ord_id=next_name(order),
        orig_cl_ord_id=order.current,
        quantity=quantity,
        limit_price=limit_price,
        stop_price=stop,
        requested_at=at,
        why=why,
    )
    moved, _ = apply(order, event)
    uow.outbox.queue(order.intent.venue, event, at)
    uow.orders.append(moved, event, at)
    uow.audit.append(
        at=at, actor=by, kind="replace_requested", subject=order.intent.cl_ord_id, body=event
    )
    return moved


def _unchangeable(
    order: Order,
    quantity: Decimal,
    limit: Decimal | None,
    stop: Decimal | None,
    collar: Decimal,
) -> str | None:
    """Why the venue is not even asked."""
    if order.is_closed or not order.sent or order.in_doubt:
        return f"it is {order.status.name.lower()}, not working"
    if not 0 < quantity <= order.approved:
        most = plain(order.approved)
        if quantity > order.approved:
            return (
                f"{plain(quantity)} is more than the {most} that were approved; if it is meant, "
                "say it again with --raise, and a second person agrees"
            )
        return f"quantity {plain(quantity)} is not between 1 and {most}"
    if (limit is None) != (order.limit_price is None):
        return "a limit cannot be added or taken away, only moved"
    if (stop is None) != (order.stop_price is None):
        return "a stop price cannot be added, only moved"
    return _misplaced(order, "limit", limit, order.limit_price, collar) or _misplaced(
        order, "stop price", stop, order.stop_price, collar
    )


def _misplaced(
    order: Order, name: str, price: Decimal | None, before: Decimal | None, collar: Decimal
) -> str | None:
    if price is None or price == before:
        return None
    if not price > 0:
        return f"the {name} {plain(price)} is not above zero"
    return far_from(price, order.decision_price, collar, name)


def next_name(order: Order) -> str:
    """A ClOrdID of its own for each wish: the order's, and how many came before."""
    return f"{order.intent.cl_ord_id}.{len(order.chain)}"
