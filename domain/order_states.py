"""Order states: the fold of events into an `Order`.

The status is the venue's last word that the table (`domain.order_table`) allows; quantities and
money are our own fold of the fills that stand, compared with what the venue says.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from domain.change_answers import answer_request
from domain.disagreements import disagreements
from domain.exact import plain
from domain.order_table import ALLOWED, BELOW_FILLED, FILLS, PENDING, WORKING
from domain.order_terms import (
    Outcome,
    alarm_about,
    has_ended,
    leaves_qty,
    pending_named,
    with_leaves,
    with_terms,
    without_pending,
)
from domain.orders import (
    CLOSED,
    Adopted,
    Alarm,
    CancelReject,
    CancelRequest,
    DayEnded,
    DoubtRaised,
    DoubtSettled,
    ExecType,
    ExecutionReport,
    NeverReceived,
    NeverSent,
    Order,
    OrderEvent,
    OrderIntent,
    OrdStatus,
    Raised,
    ReplaceRequest,
    Sent,
    Settlement,
    with_parts,
)
from domain.standing_fills import fold_fill
from domain.values import with_changes

UNKNOWN_ORDER = 5  # OrdRejReason (103).
DUPLICATE_ORDER = 6
CXL_UNKNOWN_ORDER = 1  # CxlRejReason (102).

_ENDS = {ExecType.CANCELED: OrdStatus.CANCELED, ExecType.EXPIRED: OrdStatus.EXPIRED}
_OVER = frozenset({OrdStatus.REJECTED, OrdStatus.CANCELED, OrdStatus.EXPIRED})


def open_order(intent: OrderIntent) -> Order:
    """The order before anything happened to it."""
    return Order(
        intent=intent,
        current=intent.cl_ord_id,
        chain=(intent.cl_ord_id,),
        order_qty=intent.quantity,
        limit_price=intent.limit_price,
        stop_price=intent.stop_price,
        leaves_qty=intent.quantity,
    )


def apply(order: Order, event: OrderEvent) -> Outcome:
    """What stands after `event`, and what a person should look at.

    The caller has matched the event to the order by any ClOrdID of its chain.
    An execution that already stands is recognised and changes nothing.
    """
    return _HANDLERS[type(event)](order, event)


def _on_sent(order: Order, _event: Sent) -> Outcome:
    return with_changes(order, sent=True), ()


def _on_never_sent(order: Order, event: NeverSent) -> Outcome:
    if order.status is not OrdStatus.INTENDED or order.fills:
        message = f"said to be never sent, but the venue called it {order.status.name}"
        return order, (alarm_about(order, "never_sent_contradicted", message),)
    dead = replace(
        order,
        status=OrdStatus.UNSENT,
        in_doubt=False,
        reason=event.why,
        accidental=event.accidental,
    )
    return with_leaves(dead), ()


def _on_never_received(order: Order, event: NeverReceived) -> Outcome:
    """The change is no more; its ClOrdID stays used."""
    request = pending_named(order, event.cl_ord_id)
    return order if request is None else without_pending(order, request), ()


def _on_doubt(order: Order, event: DoubtRaised) -> Outcome:
    if order.is_closed:
        return order, ()
    return replace(order, in_doubt=True, reason=event.why), ()


def _on_settled(order: Order, event: DoubtSettled) -> Outcome:
    """Two persons say what is so; what the venue has shown outweighs them."""
    request = pending_named(order, event.cl_ord_id)
    if isinstance(request, ReplaceRequest):
        return _change_settled(order, request, event), ()
    if not order.in_doubt:
        return order, ()
    certain = replace(order, in_doubt=False, reason=f"{event.why} ({event.by})")
    if event.what is Settlement.STANDS:
        return certain, ()
    if event.what is Settlement.ENDED:  # A closed order keeps its end, as the venue told it.
        status = order.status if order.is_closed else OrdStatus.CANCELED
        return with_leaves(replace(certain, status=status, pending=())), ()
    if order.status is not OrdStatus.INTENDED or order.fills:
        message = f"said to have never reached a venue that called it {order.status.name}"
        return order, (alarm_about(order, "settlement_contradicted", message),)
    return with_leaves(replace(certain, status=OrdStatus.UNSENT, accidental=True)), ()


def _change_settled(order: Order, request: ReplaceRequest, event: DoubtSettled) -> Order:
    """The venue made it, or it never had or refused it: the order is as before."""
    settled = without_pending(order, request)
    if event.what is not Settlement.STANDS or has_ended(order):
        return settled
    changed = with_terms(settled, request.quantity, request.limit_price, request.stop_price)
    return with_leaves(replace(changed, current=request.cl_ord_id))


def _on_day_end(order: Order, event: DayEnded) -> Outcome:
    """Nothing of the order is left but its fills; one that we missed is still booked."""
    if order.is_closed:
        return order, ()
    ended = replace(order, status=OrdStatus.EXPIRED, in_doubt=False, pending=(), reason=event.why)
    return with_leaves(ended), (alarm_about(order, "ended_by_day_roll", event.why),)


def _on_adopted(order: Order, event: Adopted) -> Outcome:
    """The venue has it, under a name that was not ours to give."""
    chain = (*order.chain, event.known_as)
    current = order.current if "/" in event.known_as else event.known_as
    return replace(order, sent=True, chain=chain, current=current), ()


def _on_raised(order: Order, event: Raised) -> Outcome:
    """What may be asked of the venue; what it has been asked for stands."""
    intent = with_parts(order.intent, event.allocations)
    assert intent.quantity > order.intent.quantity, "a raise asks for more"
    return replace(order, intent=intent, raised=event.allocations), ()


def _on_request(order: Order, event: CancelRequest | ReplaceRequest) -> Outcome:
    """A wish: nothing changes but that it is pending and its ClOrdID is now ours.

    A cancel is asked for again only where the one before was lost, and takes its place.
    """
    assert event.cl_ord_id not in order.chain, f"{event.cl_ord_id} was used before"
    is_filled = order.status is OrdStatus.FILLED and order.ended is None
    replaceable = isinstance(event, ReplaceRequest) and is_filled
    if order.is_closed and not replaceable:
        message = f"change {event.cl_ord_id} asked of an order that is {order.status.name}"
        return order, (alarm_about(order, "request_on_closed_order", message),)
    is_again = isinstance(event, CancelRequest)
    earlier = (p for p in order.pending if not (is_again and isinstance(p, CancelRequest)))
    pending = (*earlier, event)
    return replace(order, pending=pending, chain=(*order.chain, event.cl_ord_id)), ()


def _on_cancel_reject(order: Order, event: CancelReject) -> Outcome:
    pending = tuple(p for p in order.pending if p.cl_ord_id != event.cl_ord_id)
    answered = replace(order, pending=pending, reason=event.reason)
    if event.cxl_rej_reason == CXL_UNKNOWN_ORDER:
        doubtful = answered if order.is_closed else replace(answered, in_doubt=True)
        return doubtful, (
            alarm_about(order, "unknown_at_venue", "the venue does not know the order"),
        )
    if event.ord_status is order.status or order.status not in PENDING:
        # Only a pending state ends by a refusal; else the refusal tells nothing new.
        alarms: tuple[Alarm, ...] = ()
        if event.ord_status in CLOSED and event.ord_status is not order.status:
            said = f"the venue calls it {event.ord_status.name}, we {order.status.name}"
            alarms = (alarm_about(order, "status_disagrees", said),)
        return answered, alarms
    if event.ord_status not in WORKING | {OrdStatus.FILLED, OrdStatus.CANCELED}:
        return answered, (_illegal(order, "CancelReject", event.ord_status),)
    return with_leaves(replace(answered, status=event.ord_status)), ()


def _on_report(order: Order, event: ExecutionReport) -> Outcome:
    if event.exec_type is ExecType.TRADE and order.has_fill(event.exec_id, event.trade_date):
        return order, ()
    if refused := _refusal_of_something_else(order, event):
        return refused
    sums, alarms = fold_fill(order, event)
    status, doubts = _next_status(order, event, sums.cum_qty)
    told = with_changes(
        order,
        fills=sums.fills,
        cum_qty=sums.cum_qty,
        gross=sums.gross,
        commission=sums.commission,
        undone=sums.undone,
        status=status,
        ended=_how_it_ended(order) if status is OrdStatus.FILLED else None,
        order_id=_known_order_id(event) or order.order_id,
        reason=event.reason or order.reason,
        leaves_qty=leaves_qty(status, order.order_qty, sums.cum_qty),
        in_doubt=order.in_doubt and event.cum_qty > sums.cum_qty,
    )
    moved, answers = answer_request(told, event)
    if moved is not told:
        doubtful = order.in_doubt and event.cum_qty > moved.cum_qty
        moved = with_leaves(replace(moved, in_doubt=doubtful))
    if moved.pending and moved.status in _OVER:
        moved = replace(moved, pending=())  # Nothing of it can be changed any more.
    unusual = (*alarms, *doubts, *answers, *_closed_alarms(order, event))
    return moved, (*unusual, *disagreements(moved, event))


def _refusal_of_something_else(order: Order, event: ExecutionReport) -> Outcome | None:
    """F.1.a, F.1.b, G.1.a: a refusal under our ClOrdID that must not kill the live order."""
    if event.exec_type is ExecType.ORDER_STATUS and event.ord_status is OrdStatus.REJECTED:
        if event.cl_ord_id in order.chain and event.cl_ord_id != order.current:
            return order, ()  # It does not know a change, which says nothing of the order.
        if event.ord_rej_reason == UNKNOWN_ORDER or _known_order_id(event) is None:
            doubtful = order if order.is_closed else replace(order, in_doubt=True)
            text = "the venue answered a status request with: unknown order"
            return doubtful, (alarm_about(order, "unknown_at_venue", text),)
        return None
    if event.exec_type is not ExecType.REJECTED:
        return None
    acknowledged = order.status not in {OrdStatus.INTENDED, OrdStatus.PENDING_NEW}
    other_order = order.order_id is not None and _known_order_id(event) not in {
        None,
        order.order_id,
    }
    quoting = event.ord_status is not OrdStatus.REJECTED
    duplicate = event.ord_rej_reason == DUPLICATE_ORDER
    if not (quoting or duplicate or (acknowledged and other_order)):
        return None
    text = f"the venue refused a duplicate of this order, which stands: {event.reason}"
    doubtful = replace(order, in_doubt=order.in_doubt or not (acknowledged or quoting))
    return doubtful, (alarm_about(order, "duplicate_refused", text),)


def _how_it_ended(order: Order) -> OrdStatus | None:
    """By what an order ended that a late fill may complete; None for any other."""
    return order.status if order.status in BELOW_FILLED else order.ended


def _next_status(
    order: Order, event: ExecutionReport, cum_qty: Decimal
) -> tuple[OrdStatus, tuple[Alarm, ...]]:
    """The report's OrdStatus where the table allows it, else ours and an alarm.

    Of an order that was cancelled or has expired, `cum_qty` decides: Filled takes precedence
    when a late fill completes it, and a bust of that fill shows again how it ended.
    """
    stated, ended = _stated(event), _how_it_ended(order)
    if ended is not None and event.exec_type in FILLS:
        return (OrdStatus.FILLED if cum_qty >= order.order_qty else ended), ()
    if stated not in ALLOWED.get((ended or order.status, event.exec_type), frozenset()):
        late = order.status in CLOSED and event.exec_type in FILLS
        same = stated is order.status
        return order.status, (
            () if late or same else (_illegal(order, event.exec_type.name, stated),)
        )
    unseen = event.cum_qty > order.cum_qty
    if event.exec_type is ExecType.ORDER_STATUS and stated in CLOSED and unseen:
        text = (
            f"the venue says {stated.name} with {plain(event.cum_qty)} filled, "
            f"we have {plain(order.cum_qty)}: executions are missing"
        )
        return order.status, (alarm_about(order, "executions_missing", text),)
    outranked = stated in {OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED}
    speaks_of_the_order = event.exec_type in FILLS or event.exec_type is ExecType.NEW
    if order.status in PENDING and order.pending and outranked and speaks_of_the_order:
        return order.status, ()  # PendingCancel and PendingReplace take precedence.
    return stated, ()


def _stated(event: ExecutionReport) -> OrdStatus:
    """The report's OrdStatus; Stopped and Suspended outrank, on the wire, that the order ended."""
    end = _ENDS.get(event.exec_type)
    hidden = event.ord_status in {OrdStatus.STOPPED, OrdStatus.SUSPENDED}
    return end if end is not None and hidden and event.leaves_qty == 0 else event.ord_status


def _closed_alarms(before: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    if event.exec_type is ExecType.TRADE and before.is_closed:
        text = f"{plain(event.last_qty)} filled on an order that was {before.status.name}"
        return (alarm_about(before, "fill_on_closed_order", text),)
    return ()


def _known_order_id(event: ExecutionReport) -> str | None:
    return None if event.order_id in {"", "NONE"} else event.order_id


def _illegal(order: Order, what: str, stated: OrdStatus) -> Alarm:
    text = f"{what} with OrdStatus {stated.name} is not possible while {order.status.name}"
    return alarm_about(order, "illegal_transition", text)


_HANDLERS: Mapping[type, Callable[[Order, Any], Outcome]] = MappingProxyType(
    {
        Sent: _on_sent,
        NeverSent: _on_never_sent,
        NeverReceived: _on_never_received,
        DoubtRaised: _on_doubt,
        DoubtSettled: _on_settled,
        DayEnded: _on_day_end,
        Adopted: _on_adopted,
        Raised: _on_raised,
        CancelRequest: _on_request,
        ReplaceRequest: _on_request,
        CancelReject: _on_cancel_reject,
        ExecutionReport: _on_report,
    }
)
