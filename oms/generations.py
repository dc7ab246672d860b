"""Generations: an order that died unsent by accident may go out again, under another ClOrdID.

X, X-R1, X-R2, ...: a ClOrdID is never used twice. Whether it is proven that the
order never left us was decided before; nothing in doubt has a successor.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.orders import Order, OrderIntent
from domain.ports import UnitOfWork


def newest(uow: UnitOfWork, wave: Iterable[OrderIntent]) -> tuple[Order, ...]:
    """The orders that were committed for these intents, each in its newest generation."""
    found: list[Order] = []
    for intent in wave:
        order = uow.orders.get(intent.cl_ord_id)
        while order is not None:
            latest = order
            order = uow.orders.get(next_name(latest.intent.cl_ord_id))
            if order is None:
                found.append(latest)
    return tuple(found)


def successors(orders: Iterable[Order], at: datetime) -> tuple[OrderIntent, ...]:
    """New orders for those that died unsent by accident, and that nobody took back."""
    return tuple(
        replace(order.intent, cl_ord_id=next_name(order.intent.cl_ord_id), decided_at=at)
        for order in orders
        if order.accidental and not order.pending
    )


def standing(orders: Sequence[Order]) -> tuple[Order, ...]:
    """Without those that another generation has replaced."""
    names = {order.intent.cl_ord_id for order in orders}
    return tuple(o for o in orders if next_name(o.intent.cl_ord_id) not in names)


def next_name(cl_ord_id: str) -> str:
    """The ClOrdID of the next generation."""
    root, mark, count = cl_ord_id.rpartition("-R")
    if mark and count.isdigit():
        return f"{root}-R{int(count) + 1}"
    return f"{cl_ord_id}-R1"
