"""Rests: what a certainly dead order left undone goes to its rule's next choice.

Certainly dead is more than closed: nothing is in doubt or pending, the session of its venue
stands, and the venue's last word on CumQty is ours. What a person took back does not
go on, and no successor has more shares for anybody than that one's order left undone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from domain.exact import ZERO
from domain.orders import ExecutionReport, Order, OrderIntent, OrdStatus, Side, TimeInForce
from domain.ports import SessionKind, SessionState, UnitOfWork
from ledger.positions import balances
from ledger.postings import client_book
from oms.generations import next_name, root_of
from oms.routing import Attempt, Route

ROUTER = "router"  # The actor of cancels whose rest goes on.
WISHES = frozenset({"cancel_requested", "cancel_seconded", "order_withdrawn", "replace_requested"})
_MULTI_DAY = (TimeInForce.GTC, TimeInForce.GTD)
_RESUMABLE = (OrdStatus.DONE_FOR_DAY, OrdStatus.CALCULATED)


def open_gates(sessions: Iterable[SessionState]) -> frozenset[str]:
    """The venues whose sessions stand and owe us no answer."""
    return frozenset(
        session.venue
        for session in sessions
        if session.kind is SessionKind.ORDERS and session.gate_open
    )


def next_attempt(order: Order, routes: Mapping[str, Route]) -> Attempt | None:
    """The choice after the one that the order was sent by."""
    route = routes.get(root_of(order.intent.cl_ord_id))
    if route is None:
        return None
    tried = order.intent.routed.choice if order.intent.routed is not None else 1
    return route.attempts[tried] if tried < len(route.attempts) else None


def is_certainly_dead(uow: UnitOfWork, order: Order, gates: frozenset[str]) -> bool:
    """Whether nothing of it can trade any more, and everything that traded is booked."""
    if not order.is_closed or order.in_doubt or order.pending:
        return False
    if order.status is OrdStatus.UNSENT:
        return True
    if order.status in _RESUMABLE and order.intent.time_in_force in _MULTI_DAY:
        return False
    if order.intent.venue not in gates:
        return False
    said = [e for e in uow.orders.events(order.intent.cl_ord_id) if isinstance(e, ExecutionReport)]
    return bool(said) and said[-1].cum_qty == order.cum_qty


def may_go_on(uow: UnitOfWork, order: Order) -> bool:
    """Whether its venue ended it, or we for this purpose; a decision or a deadline ends for good.

    An order that died unsent goes on only if it was withdrawn to go on.
    """
    entries = uow.audit.about(order.intent.cl_ord_id)
    askers = {entry.actor for entry in entries if entry.kind in WISHES}
    if order.status is OrdStatus.UNSENT:
        return askers == {ROUTER}
    return askers <= {ROUTER}


def rest_by_account(uow: UnitOfWork, order: Order) -> dict[str, Decimal]:
    """What each account's part has left, by what it was given; empty unless that adds up."""
    intent = order.intent
    sign = 1 if intent.side is Side.BUY else -1
    given = balances(uow.ledger.of_order(intent.cl_ord_id))
    rest = {
        part.account_id: part.quantity
        - sign * given.get((client_book(part.account_id), intent.security_id), ZERO)
        for part in intent.allocations
    }
    adds_up = sum(rest.values(), ZERO) == intent.quantity - order.cum_qty
    if not adds_up or any(quantity < 0 for quantity in rest.values()):
        return {}
    return rest


def has_more_to_do(uow: UnitOfWork, order: Order, routes: Mapping[str, Route]) -> bool:
    """Whether something is left of a closed order for which there is another choice."""
    return (
        next_attempt(order, routes) is not None
        and order.intent.cash_quantity is None  # Its shares are the venue's word, not ours.
        and order.cum_qty < order.intent.quantity
        and may_go_on(uow, order)
    )


def follower(uow: UnitOfWork, order: Order, routes: Mapping[str, Route]) -> OrderIntent | None:
    """The order that carries the rest of a certainly dead one on; None when it does not add up."""
    attempt, rest = next_attempt(order, routes), rest_by_account(uow, order)
    name = order.intent.cl_ord_id
    if attempt is None or uow.orders.get(next_name(name)) is not None:
        return None
    parts = tuple(
        replace(part, quantity=rest[part.account_id])
        for part in order.intent.allocations
        if rest.get(part.account_id, ZERO) > 0
    )
    if not parts:
        return None
    routed = attempt.intent.routed
    return replace(
        attempt.intent,
        cl_ord_id=next_name(name),
        quantity=sum((part.quantity for part in parts), ZERO),
        allocations=parts,
        routed=None if routed is None else replace(routed, follows=name),
    )


def again(order: Order) -> OrderIntent | None:
    """The order anew, when it died unsent by accident and nobody took it back."""
    if not order.accidental or order.pending:
        return None
    return replace(order.intent, cl_ord_id=next_name(order.intent.cl_ord_id))
