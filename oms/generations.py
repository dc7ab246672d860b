"""Generations: an order's successors, each under a ClOrdID of its own.

X, X-R1, X-R2, ...: a ClOrdID is never used twice. An order that died unsent by accident
goes out again as it was; the rest of one that is certainly dead goes to its rule's
next choice (`oms.rests`). Nothing in doubt has a successor. X-S2, X-S3, ... are
the later parts of a schedule, each with generations of its own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from domain.exact import ZERO
from domain.orders import Order, OrderIntent
from domain.ports import UnitOfWork

_SUFFIX = re.compile(r"(-S\d+)?(-R\d+)?$")


def lineage(uow: UnitOfWork, cl_ord_id: str) -> tuple[Order, ...]:
    """Every generation that was committed from `cl_ord_id` on, oldest first."""
    found: list[Order] = []
    order = uow.orders.get(cl_ord_id)
    while order is not None:
        found.append(order)
        order = uow.orders.get(next_name(order.intent.cl_ord_id))
    return tuple(found)


def newest(uow: UnitOfWork, wave: Iterable[OrderIntent]) -> tuple[Order, ...]:
    """The orders that were committed for these intents, each in its newest generation."""
    families = (lineage(uow, intent.cl_ord_id) for intent in wave)
    return tuple(family[-1] for family in families if family)


def standing(orders: Sequence[Order]) -> tuple[Order, ...]:
    """Without those that died unsent and went out again as they were."""
    names = {order.intent.cl_ord_id for order in orders}
    return tuple(o for o in orders if not (o.accidental and next_name(o.intent.cl_ord_id) in names))


def carried(orders: Sequence[Order]) -> Mapping[str, Decimal]:
    """Shares of orders that others took over, by the ClOrdID of the order that they follow.

    A later part of a schedule takes over what the parts before it left.
    """
    by_name = {order.intent.cl_ord_id: order for order in orders}
    found: dict[str, Decimal] = {}
    for order in orders:
        follows = order.intent.routed.follows if order.intent.routed is not None else None
        if follows is None or (before := by_name.get(follows)) is None:
            continue
        if next_name(follows) == order.intent.cl_ord_id:
            found[follows] = found.get(follows, ZERO) + order.intent.quantity
        else:
            found[follows] = max(ZERO, before.intent.quantity - before.cum_qty)
    return found


def next_name(cl_ord_id: str) -> str:
    """The ClOrdID of the next generation."""
    root, mark, count = cl_ord_id.rpartition("-R")
    if mark and count.isdigit():
        return f"{root}-R{int(count) + 1}"
    return f"{cl_ord_id}-R1"


def part_name(cl_ord_id: str, number: int) -> str:
    """The ClOrdID of the `number`-th part of a schedule, counted from 1."""
    return cl_ord_id if number == 1 else f"{cl_ord_id}-S{number}"


def root_of(cl_ord_id: str) -> str:
    """The block's own ClOrdID, of which this is a part or a generation."""
    return _SUFFIX.sub("", cl_ord_id)
