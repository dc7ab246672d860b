"""An order's terms, what is asked of it and what is left, each changed in one respect."""

from dataclasses import replace
from decimal import Decimal

from domain.exact import ZERO
from domain.orders import CLOSED, Alarm, CancelRequest, Order, OrdStatus, ReplaceRequest
from domain.values import with_changes

Outcome = tuple[Order, tuple[Alarm, ...]]  # What stands, and what a person should look at.


def has_ended(order: Order) -> bool:
    """For good: a filled order may be replaced up, and work again."""
    return order.is_closed and order.status is not OrdStatus.FILLED


def with_terms(
    order: Order, quantity: Decimal | None, price: Decimal | None, stop: Decimal | None
) -> Order:
    """What is said of the terms that the order has: a market order gets no limit by a report."""
    keeps_limit = price is None or order.limit_price is None
    keeps_stop = stop is None or order.stop_price is None
    return replace(
        order,
        order_qty=order.order_qty if quantity is None else quantity,
        limit_price=order.limit_price if keeps_limit else price,
        stop_price=order.stop_price if keeps_stop else stop,
    )


def with_leaves(order: Order) -> Order:
    """The order with the LeavesQty that its status, terms and fills make."""
    leaves = leaves_qty(order.status, order.order_qty, order.cum_qty)
    return with_changes(order, leaves_qty=leaves)


def leaves_qty(status: OrdStatus, order_qty: Decimal, cum_qty: Decimal) -> Decimal:
    """LeavesQty: what may still fill. Nothing of an order that is closed or over-filled."""
    return ZERO if status in CLOSED else max(ZERO, order_qty - cum_qty)


def pending_named(order: Order, cl_ord_id: str) -> CancelRequest | ReplaceRequest | None:
    """What is asked of the order under this ClOrdID and is not answered."""
    return next((wish for wish in order.pending if wish.cl_ord_id == cl_ord_id), None)


def without_pending(order: Order, request: CancelRequest | ReplaceRequest) -> Order:
    """The order of which this is asked no more."""
    return replace(order, pending=tuple(wish for wish in order.pending if wish is not request))


def alarm_about(order: Order, kind: str, message: str) -> Alarm:
    """An alarm whose sentence begins with the order's first ClOrdID."""
    cl_ord_id = order.intent.cl_ord_id
    return Alarm(kind=kind, cl_ord_id=cl_ord_id, message=f"{cl_ord_id}: {message}")
