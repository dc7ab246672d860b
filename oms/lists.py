"""Lists: a wave's orders for one venue, as one NewOrderList where the venue takes lists.

A list is only how orders travel: each of its orders lives and ends by itself. What a broker's
algorithm is to work goes alone, unless that broker takes algorithms in lists.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.order_states import apply
from domain.orders import CancelRequest, ListCancelRequest, Order, OrderIntent
from domain.ports import UnitOfWork
from domain.venue_ways import PLAIN, Ways
from oms.cancel import next_name

CANCELLED = "list_cancel_requested"  # Audit, of a ListID.


def in_lists(intents: Sequence[OrderIntent], ways: Ways) -> tuple[OrderIntent, ...]:
    """`intents` in their order, with the ListID of those that travel together.

    A ListID is made of the first ClOrdID in it, so it is used once as that is.
    """
    together: defaultdict[str, list[str]] = defaultdict(list)
    for intent in intents:
        way = ways.get(intent.venue, PLAIN)
        if way.takes_lists and (intent.algo is None or way.lists_take_algos):
            together[intent.venue].append(intent.cl_ord_id)
    named = {
        name: f"{members[0]}-L"
        for members in together.values()
        if len(members) > 1
        for name in members
    }
    return tuple(
        intent
        if intent.list_id == named.get(intent.cl_ord_id)
        else replace(intent, list_id=named.get(intent.cl_ord_id))
        for intent in intents
    )


def cancel_lists(
    uow: UnitOfWork, names: Iterable[str], *, at: datetime, why: str, by: str
) -> tuple[str, ...]:
    """Ask for the end of each list whose open orders are all among `names`; the other names.

    A list is asked for once. Where that brought nothing, its orders are cancelled one by one.
    """
    wanted = dict.fromkeys(names)
    lists: defaultdict[tuple[str, str], list[Order]] = defaultdict(list)
    for order in uow.orders.open():
        if order.intent.list_id is not None:
            lists[order.intent.venue, order.intent.list_id].append(order)
    for (venue, list_id), orders in lists.items():
        members = [order.intent.cl_ord_id for order in orders]
        is_whole = all(name in wanted for name in members) and len(members) > 1
        if not is_whole or not all(map(_can_be_asked, orders)) or _was_asked(uow, list_id):
            continue
        request = ListCancelRequest(list_id=list_id, requested_at=at, why=why)
        uow.outbox.queue(venue, request, at)
        body = {"request": request, "orders": members}
        uow.audit.append(at=at, actor=by, kind=CANCELLED, subject=list_id, body=body)
        for order in orders:
            _ask(uow, order, request, by)
            del wanted[order.intent.cl_ord_id]
    return tuple(wanted)


def asked_by_list_only(view: UnitOfWork, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the orders whose cancel only went with their list's."""
    found = [order for name in names if (order := view.orders.get(name)) is not None]
    return tuple(
        order.intent.cl_ord_id
        for order in found
        if order.pending
        and all(isinstance(one, CancelRequest) and one.list_id for one in order.pending)
    )


def _ask(uow: UnitOfWork, order: Order, request: ListCancelRequest, by: str) -> None:
    """The wish about one order of the list: pending like any other, without a message."""
    wish = CancelRequest(
        cl_ord_id=next_name(order),
        orig_cl_ord_id=order.current,
        requested_at=request.requested_at,
        why=request.why,
        list_id=request.list_id,
    )
    moved, _ = apply(order, wish)
    uow.orders.append(moved, wish, wish.requested_at)
    name = order.intent.cl_ord_id
    uow.audit.append(
        at=wish.requested_at, actor=by, kind="cancel_requested", subject=name, body=wish
    )


def _can_be_asked(order: Order) -> bool:
    """It left, and no other wish about it is open."""
    return order.sent and not order.pending


def _was_asked(uow: UnitOfWork, list_id: str) -> bool:
    return any(entry.kind == CANCELLED for entry in uow.audit.about(list_id))
