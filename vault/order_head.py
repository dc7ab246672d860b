"""An order as it is kept: what changes with each event, without its intent and its fills.

The intent only changes by a raise of its parts, which is rare, and the fills only grow, so that
an event costs the same however many accounts and executions its order has.
"""

from dataclasses import dataclass, fields
from decimal import Decimal

from domain.orders import (
    Allocation,
    CancelRequest,
    Order,
    OrderIntent,
    OrdStatus,
    ReplaceRequest,
    StandingFill,
    Undone,
    with_parts,
)
from domain.splits import Split
from domain.text_writers import text_as
from vault.types import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHead:
    """The fields of `domain.orders.Order` but `intent` and `fills`."""

    status: OrdStatus
    current: str
    chain: tuple[str, ...]
    pending: tuple[CancelRequest | ReplaceRequest, ...]
    order_id: str | None
    order_qty: Decimal
    limit_price: Decimal | None
    cum_qty: Decimal
    leaves_qty: Decimal
    gross: Decimal
    commission: Decimal
    in_doubt: bool
    sent: bool
    reason: str
    accidental: bool
    stop_price: Decimal | None = None
    splits: tuple[Split, ...] = ()
    ended: OrdStatus | None = None
    raised: tuple[Allocation, ...] = ()
    undone: tuple[Undone, ...] = ()


_NAMES = tuple(field.name for field in fields(OrderHead))
assert {*_NAMES, "intent", "fills"} == {field.name for field in fields(Order)}


def head_of(order: Order) -> OrderHead:
    """What of the order is kept as one document."""
    return OrderHead(**{name: getattr(order, name) for name in _NAMES})


def head_text(order: Order) -> Written:
    """The text of `head_of`, without making it: an order's head is written at each event."""
    return Written(text_as(OrderHead, order))


def whole(intent: OrderIntent, head: OrderHead, fills: tuple[StandingFill, ...]) -> Order:
    """The order again."""
    if head.raised:
        intent = with_parts(intent, head.raised)
    return Order(intent=intent, fills=fills, **{name: getattr(head, name) for name in _NAMES})
