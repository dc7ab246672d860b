"""Order states: the one table of transitions, and the fold of events into an `Order`.

The status is the venue's last word that the table allows; quantities and money
are our own fold of the fills that stand, compared with what the venue says.
Whatever a fill says about the order, it is counted: only alarms differ.

Source of the table: FIX 4.4 Volume 4, Order State Change Matrices, and the
exchange profile of FIX 5.0 SP2 Volume 7; tests play every matrix.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.exact import ZERO, plain
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
    OrdType,
    Raised,
    ReplaceRequest,
    Sent,
    Settlement,
    StandingFill,
    TimeInForce,
    with_parts,
)
from domain.restatements import after_split, is_renewal, split_of
from domain.values import with_changes

Outcome = tuple[Order, tuple[Alarm, ...]]

FILLS = frozenset({ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL})
UNKNOWN_ORDER = 5  # OrdRejReason (103).
DUPLICATE_ORDER = 6
CXL_UNKNOWN_ORDER = 1  # CxlRejReason (102).
AVERAGE_PRICE_TOLERANCE = Decimal("0.0001")  # Dollars a share: venues round AvgPx.

_S = OrdStatus
_PENDING = frozenset({_S.PENDING_CANCEL, _S.PENDING_REPLACE})
_WORKING = frozenset({_S.NEW, _S.PARTIALLY_FILLED, _S.STOPPED, _S.SUSPENDED}) | _PENDING
_LIVE = _WORKING | {_S.INTENDED, _S.PENDING_NEW}
_BRIEF = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG, TimeInForce.CLS})
_NEVER_WORKED = frozenset({_S.UNSENT, _S.REJECTED})
_ENDS = {ExecType.CANCELED: _S.CANCELED, ExecType.EXPIRED: _S.EXPIRED}
_ENDED = CLOSED - _NEVER_WORKED - {_S.FILLED}  # Ended by something else than the last share.
_OVER = frozenset({_S.REJECTED, _S.CANCELED, _S.EXPIRED})
_BELOW_FILLED = frozenset({_S.CANCELED, _S.EXPIRED})  # By the precedence of OrdStatus.

# One row: on this ExecType, an order in one of these states may go to one of those.
_ROWS: tuple[tuple[ExecType, frozenset[OrdStatus], frozenset[OrdStatus]], ...] = (
    (ExecType.PENDING_NEW, frozenset({_S.INTENDED}), frozenset({_S.PENDING_NEW})),
    (ExecType.NEW, frozenset({_S.INTENDED, _S.PENDING_NEW}), _WORKING),
    # B.1.d: the acceptance may come after the cancel is pending.
    (ExecType.NEW, _PENDING | {_S.NEW}, _PENDING | {_S.NEW}),
    (ExecType.REJECTED, frozenset({_S.INTENDED, _S.PENDING_NEW, _S.NEW}), frozenset({_S.REJECTED})),
    (ExecType.TRADE, _LIVE | _NEVER_WORKED, _WORKING | {_S.FILLED}),
    (ExecType.TRADE, frozenset({_S.FILLED}), frozenset({_S.FILLED})),
    # EX.I.1.b: exchanges may bundle the last fill with the end of the order.
    (ExecType.TRADE, _LIVE, frozenset({_S.CANCELED, _S.EXPIRED, _S.DONE_FOR_DAY})),
    # J.1.a, J.1.b, J.1.d: a bust reopens a filled order and nothing else.
    (ExecType.TRADE_CANCEL, _LIVE | {_S.FILLED}, _WORKING | {_S.FILLED}),
    (ExecType.TRADE_CORRECT, _LIVE | {_S.FILLED}, _WORKING | {_S.FILLED}),
    (ExecType.DONE_FOR_DAY, _LIVE, frozenset({_S.DONE_FOR_DAY})),
    (ExecType.CANCELED, _LIVE, frozenset({_S.CANCELED})),
    (ExecType.EXPIRED, _LIVE, frozenset({_S.EXPIRED})),
    (ExecType.CALCULATED, _LIVE | {_S.FILLED} | _ENDED, frozenset({_S.CALCULATED})),
    (ExecType.STOPPED, _LIVE, frozenset({_S.STOPPED}) | _PENDING),
    (ExecType.TRIGGERED, _LIVE, _WORKING),
    (ExecType.SUSPENDED, _LIVE, frozenset({_S.SUSPENDED}) | _PENDING),
    # C.1.c: a filled order may be replaced up and work again.
    (ExecType.PENDING_CANCEL, _LIVE, frozenset({_S.PENDING_CANCEL})),
    (ExecType.PENDING_REPLACE, _LIVE | {_S.FILLED}, _PENDING),
    (ExecType.REPLACED, _LIVE | {_S.FILLED, _S.DONE_FOR_DAY}, _WORKING | {_S.FILLED}),
    # An order of a list that waits is changed before anybody has accepted it.
    (ExecType.REPLACED, _PENDING | {_S.INTENDED, _S.PENDING_NEW}, frozenset({_S.PENDING_NEW})),
    # H.1.*: a GTC order that was done for the day comes back in the morning.
    (ExecType.RESTATED, _LIVE | {_S.DONE_FOR_DAY}, _WORKING | {_S.FILLED, _S.CANCELED}),
    (ExecType.ORDER_STATUS, _LIVE, (_WORKING | CLOSED | {_S.PENDING_NEW}) - {_S.UNSENT}),
    (ExecType.ORDER_STATUS, frozenset({_S.FILLED}), frozenset({_S.FILLED}) | _PENDING),
)


def _table() -> Mapping[tuple[OrdStatus, ExecType], frozenset[OrdStatus]]:
    table: dict[tuple[OrdStatus, ExecType], frozenset[OrdStatus]] = {}
    for exec_type, before, after in _ROWS:
        for status in before:
            table[status, exec_type] = table.get((status, exec_type), frozenset()) | after
    for status in _ENDED:
        # A late fill, a bust or a correction of an ended order leaves it ended; D2 reopens on GTC.
        outranking = {_S.FILLED} if status in _BELOW_FILLED else set()
        for exec_type in FILLS:
            table[status, exec_type] = frozenset({status} | outranking)
        table[status, ExecType.ORDER_STATUS] = frozenset({status})
    # Such a fill, taken back.
    table[_S.FILLED, ExecType.TRADE_CANCEL] |= _BELOW_FILLED
    table[_S.FILLED, ExecType.TRADE_CORRECT] |= _BELOW_FILLED
    table[_S.DONE_FOR_DAY, ExecType.TRADE] |= {_S.PARTIALLY_FILLED, _S.FILLED}
    return MappingProxyType(table)


ALLOWED = _table()
"""From (our status, ExecType) to the OrdStatus values that the report may carry."""


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
        return order, (_alarm(order, "never_sent_contradicted", message),)
    dead = replace(
        order,
        status=OrdStatus.UNSENT,
        in_doubt=False,
        reason=event.why,
        accidental=event.accidental,
    )
    return _with_leaves(dead), ()


def _on_never_received(order: Order, event: NeverReceived) -> Outcome:
    """The change is no more; its ClOrdID stays used."""
    request = _pending_named(order, event.cl_ord_id)
    return order if request is None else _without_pending(order, request), ()


def _on_doubt(order: Order, event: DoubtRaised) -> Outcome:
    if order.is_closed:
        return order, ()
    return replace(order, in_doubt=True, reason=event.why), ()


def _on_settled(order: Order, event: DoubtSettled) -> Outcome:
    """Two persons say what is so; what the venue has shown outweighs them."""
    request = _pending_named(order, event.cl_ord_id)
    if isinstance(request, ReplaceRequest):
        return _change_settled(order, request, event), ()
    if not order.in_doubt:
        return order, ()
    certain = replace(order, in_doubt=False, reason=f"{event.why} ({event.by})")
    if event.what is Settlement.STANDS:
        return certain, ()
    if event.what is Settlement.ENDED:  # A closed order keeps its end, as the venue told it.
        status = order.status if order.is_closed else OrdStatus.CANCELED
        return _with_leaves(replace(certain, status=status, pending=())), ()
    if order.status is not OrdStatus.INTENDED or order.fills:
        message = f"said to have never reached a venue that called it {order.status.name}"
        return order, (_alarm(order, "settlement_contradicted", message),)
    return _with_leaves(replace(certain, status=OrdStatus.UNSENT, accidental=True)), ()


def _change_settled(order: Order, request: ReplaceRequest, event: DoubtSettled) -> Order:
    """The venue made it, or it never had or refused it: the order is as before."""
    settled = _without_pending(order, request)
    if event.what is not Settlement.STANDS or _has_ended(order):
        return settled
    changed = _with_terms(settled, request.quantity, request.limit_price, request.stop_price)
    return _with_leaves(replace(changed, current=request.cl_ord_id))


def _on_day_end(order: Order, event: DayEnded) -> Outcome:
    """Nothing of the order is left but its fills; one that we missed is still booked."""
    if order.is_closed:
        return order, ()
    ended = replace(order, status=OrdStatus.EXPIRED, in_doubt=False, pending=(), reason=event.why)
    return _with_leaves(ended), (_alarm(order, "ended_by_day_roll", event.why),)


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
        return order, (_alarm(order, "request_on_closed_order", message),)
    is_again = isinstance(event, CancelRequest)
    earlier = (p for p in order.pending if not (is_again and isinstance(p, CancelRequest)))
    pending = (*earlier, event)
    return replace(order, pending=pending, chain=(*order.chain, event.cl_ord_id)), ()


def _on_cancel_reject(order: Order, event: CancelReject) -> Outcome:
    pending = tuple(p for p in order.pending if p.cl_ord_id != event.cl_ord_id)
    answered = replace(order, pending=pending, reason=event.reason)
    if event.cxl_rej_reason == CXL_UNKNOWN_ORDER:
        doubtful = answered if order.is_closed else replace(answered, in_doubt=True)
        return doubtful, (_alarm(order, "unknown_at_venue", "the venue does not know the order"),)
    if event.ord_status is order.status or order.status not in _PENDING:
        # Only a pending state ends by a refusal; else the refusal tells nothing new.
        alarms: tuple[Alarm, ...] = ()
        if event.ord_status in CLOSED and event.ord_status is not order.status:
            said = f"the venue calls it {event.ord_status.name}, we {order.status.name}"
            alarms = (_alarm(order, "status_disagrees", said),)
        return answered, alarms
    if event.ord_status not in _WORKING | {OrdStatus.FILLED, OrdStatus.CANCELED}:
        return answered, (_illegal(order, "CancelReject", event.ord_status),)
    return _with_leaves(replace(answered, status=event.ord_status)), ()


def _on_report(order: Order, event: ExecutionReport) -> Outcome:
    if event.exec_type is ExecType.TRADE and _stands(order, event):
        return order, ()
    if refused := _refusal_of_something_else(order, event):
        return refused
    sums, alarms = _fold_fill(order, event)
    status, doubts = _next_status(order, event, sums.cum_qty)
    told = with_changes(
        order,
        fills=sums.fills,
        cum_qty=sums.cum_qty,
        gross=sums.gross,
        commission=sums.commission,
        status=status,
        ended=_how_it_ended(order) if status is OrdStatus.FILLED else None,
        order_id=_known_order_id(event) or order.order_id,
        reason=event.reason or order.reason,
        leaves_qty=_leaves(status, order.order_qty, sums.cum_qty),
        in_doubt=order.in_doubt and event.cum_qty > sums.cum_qty,
    )
    moved, answers = _answer_request(told, event)
    if moved is not told:
        doubtful = order.in_doubt and event.cum_qty > moved.cum_qty
        moved = _with_leaves(replace(moved, in_doubt=doubtful))
    if moved.pending and moved.status in _OVER:
        moved = replace(moved, pending=())  # Nothing of it can be changed any more.
    unusual = (*alarms, *doubts, *answers, *_closed_alarms(order, event))
    return moved, (*unusual, *_disagreements(moved, event))


def _stands(order: Order, event: ExecutionReport) -> bool:
    """Whether this execution is counted already; venues count ExecIDs anew each day."""
    return any(
        fill.exec_id == event.exec_id and fill.trade_date == event.trade_date
        for fill in order.fills
    )


def _refusal_of_something_else(order: Order, event: ExecutionReport) -> Outcome | None:
    """F.1.a, F.1.b, G.1.a: a refusal under our ClOrdID that must not kill the live order."""
    if event.exec_type is ExecType.ORDER_STATUS and event.ord_status is OrdStatus.REJECTED:
        if event.cl_ord_id in order.chain and event.cl_ord_id != order.current:
            return order, ()  # It does not know a change, which says nothing of the order.
        if event.ord_rej_reason == UNKNOWN_ORDER or _known_order_id(event) is None:
            doubtful = order if order.is_closed else replace(order, in_doubt=True)
            text = "the venue answered a status request with: unknown order"
            return doubtful, (_alarm(order, "unknown_at_venue", text),)
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
    return doubtful, (_alarm(order, "duplicate_refused", text),)


class _Sums(NamedTuple):
    """The fills that stand, and what they come to."""

    fills: tuple[StandingFill, ...]
    cum_qty: Decimal
    gross: Decimal
    commission: Decimal


def _fold_fill(order: Order, event: ExecutionReport) -> tuple[_Sums, tuple[Alarm, ...]]:
    """Count, un-count or re-count an execution; anything else changes no quantity."""
    sums = _Sums(order.fills, order.cum_qty, order.gross, order.commission)
    if event.exec_type not in FILLS:
        return sums, ()
    alarms: list[Alarm] = []
    if event.exec_type is not ExecType.TRADE:
        kind = "busted" if event.exec_type is ExecType.TRADE_CANCEL else "corrected"
        found = next((f for f in reversed(order.fills) if f.exec_id == event.exec_ref_id), None)
        text = f"execution {event.exec_ref_id} was {kind} by {event.exec_id}"
        name = f"execution_{kind}" if found else "unknown_execution_changed"
        alarms.append(_alarm(order, name, text if found else f"{text}, but it does not stand"))
        sums = sums if found is None else _without(sums, found, order.shares_of(found))
    if event.exec_type is not ExecType.TRADE_CANCEL and event.last_qty > 0:
        if event.last_px is None:
            text = f"execution {event.exec_id} has no LastPx: counted without money"
            alarms.append(_alarm(order, "execution_without_price", text))
        fill = _fill_of(event)
        sums = _with(sums, fill, order.shares_of(fill))
    if sums.cum_qty > order.order_qty and sums.cum_qty > order.cum_qty:
        text = f"{plain(sums.cum_qty)} filled of {plain(order.order_qty)}; all of it is booked"
        alarms.append(_alarm(order, "over_filled", text))
    return sums, tuple(alarms)


def _fill_of(event: ExecutionReport) -> StandingFill:
    return StandingFill(
        exec_id=event.exec_id,
        trade_date=event.trade_date,
        quantity=event.last_qty,
        price=event.last_px if event.last_px is not None else ZERO,
        commission=event.commission,
    )


def _with(sums: _Sums, fill: StandingFill, shares: Decimal) -> _Sums:
    """One fill more, of `shares` today; the sums move by it alone, however many there are."""
    return _Sums(
        fills=(*sums.fills, fill),
        cum_qty=sums.cum_qty + shares,
        gross=sums.gross + fill.quantity * fill.price,
        commission=sums.commission + fill.commission,
    )


def _without(sums: _Sums, fill: StandingFill, shares: Decimal) -> _Sums:
    """As if the fill, of `shares` today, had never been."""
    return _Sums(
        fills=tuple(one for one in sums.fills if one is not fill),
        cum_qty=sums.cum_qty - shares,
        gross=sums.gross - fill.quantity * fill.price,
        commission=sums.commission - fill.commission,
    )


def _how_it_ended(order: Order) -> OrdStatus | None:
    """By what an order ended that a late fill may complete; None for any other."""
    return order.status if order.status in _BELOW_FILLED else order.ended


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
        return order.status, (_alarm(order, "executions_missing", text),)
    outranked = stated in {OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED}
    speaks_of_the_order = event.exec_type in FILLS or event.exec_type is ExecType.NEW
    if order.status in _PENDING and order.pending and outranked and speaks_of_the_order:
        return order.status, ()  # PendingCancel and PendingReplace take precedence.
    return stated, ()


def _stated(event: ExecutionReport) -> OrdStatus:
    """The report's OrdStatus; Stopped and Suspended outrank, on the wire, that the order ended."""
    end = _ENDS.get(event.exec_type)
    hidden = event.ord_status in {OrdStatus.STOPPED, OrdStatus.SUSPENDED}
    return end if end is not None and hidden and event.leaves_qty == 0 else event.ord_status


def _answer_request(order: Order, event: ExecutionReport) -> Outcome:
    """A replace or cancel that was accepted is no longer pending; quantities may have changed."""
    if event.exec_type is ExecType.REPLACED:
        return _replaced(order, event)
    if event.exec_type is ExecType.ORDER_STATUS and not _has_ended(order):
        return _shown_as_replaced(order, event)
    if event.exec_type is ExecType.NEW and order.intent.cash_quantity is not None:
        return _with_terms(
            order, event.order_qty, None, None
        ), ()  # L.1.b: so many shares it makes.
    if event.exec_type is ExecType.RESTATED and not _has_ended(order):
        return _restated(order, event)
    if event.exec_type is ExecType.CANCELED and order.status is OrdStatus.CANCELED:
        return _canceled(order, event)
    return order, ()


def _has_ended(order: Order) -> bool:
    """For good: a filled order may be replaced up, and work again."""
    return order.is_closed and order.status is not OrdStatus.FILLED


def _canceled(order: Order, event: ExecutionReport) -> Outcome:
    asked = any(isinstance(p, CancelRequest) for p in order.pending)
    answered = replace(order, pending=())
    if asked or _ends_by_itself(order.intent, event):
        return answered, ()
    return answered, (_alarm(order, "canceled_unsolicited", f"by the venue: {event.reason}"),)


def _restated(order: Order, event: ExecutionReport) -> Outcome:
    """A renewal passes in silence; a split makes other shares of it; the rest is for a person."""
    if is_renewal(order, event):
        return order, ()
    split = split_of(order, event)
    before = order if split is None else after_split(order, split)
    changed = _with_terms(before, event.order_qty, event.limit_price, event.stop_price)
    text = f"the venue restated the order to {plain(changed.order_qty)}: {event.reason}"
    if split is None:
        return changed, (_alarm(order, "restated", text),)
    text = (
        f"{split.old} {order.intent.symbol} became {split.new} on {split.day}: the order is for "
        f"{plain(changed.order_qty)} now, {plain(changed.cum_qty)} of them done"
    )
    return changed, (_alarm(order, "order_split", text),)


def _ends_by_itself(intent: OrderIntent, event: ExecutionReport) -> bool:
    """Whether a cancel that nobody asked for is what the order's terms foresee."""
    if intent.algo is not None and intent.time_in_force is TimeInForce.DAY:
        return intent.algo.end is None or event.transact_time >= intent.algo.end
    return intent.time_in_force in _BRIEF


def _replaced(order: Order, event: ExecutionReport) -> Outcome:
    request = _pending_named(order, event.cl_ord_id)
    if not isinstance(request, ReplaceRequest):
        return _replaced_unasked(order, event)
    granted = event.order_qty if event.order_qty is not None else request.quantity
    price = event.limit_price if event.limit_price is not None else request.limit_price
    stop = event.stop_price if event.stop_price is not None else request.stop_price
    changed = replace(
        _with_terms(order, granted, price, stop),
        current=request.cl_ord_id,
        pending=_without_pending(order, request).pending,
    )
    if granted == request.quantity:
        return changed, ()
    text = f"asked for {plain(request.quantity)}, the venue granted {plain(granted)}"
    return changed, (_alarm(order, "replace_amended", text),)


def _replaced_unasked(order: Order, event: ExecutionReport) -> Outcome:
    """By the venue itself, or by a change of ours that counted as never received."""
    changed = _with_terms(order, event.order_qty, event.limit_price, event.stop_price)
    name, chain = event.cl_ord_id, order.chain
    if name in chain and chain.index(name) > chain.index(order.current):
        text = f"the venue replaced the order by {name}, which counted as never received"
        known = replace(changed, current=name)
        return known, (_alarm(order, "never_received_contradicted", text),)
    text = "the venue replaced the order without a request of ours"
    return changed, (_alarm(order, "replaced_unsolicited", text),)


def _shown_as_replaced(order: Order, event: ExecutionReport) -> Outcome:
    """The answer to a question shows a change as done whose Replaced never came."""
    request = _pending_named(order, event.cl_ord_id)
    if not isinstance(request, ReplaceRequest) or event.ord_status in _PENDING:
        return order, ()
    prices = ((event.limit_price, request.limit_price), (event.stop_price, request.stop_price))
    is_as_asked = event.order_qty == max(request.quantity, event.cum_qty) and all(
        said in (None, asked) for said, asked in prices
    )
    if not is_as_asked:
        return order, ()
    changed, alarms = _replaced(order, event)
    after = order.pending.index(request) + 1  # What was asked before it has been decided too.
    later = order.pending[after:]
    undecided = (p for p in changed.pending if isinstance(p, CancelRequest) or p in later)
    return replace(changed, pending=tuple(undecided)), alarms


def _pending_named(order: Order, cl_ord_id: str) -> CancelRequest | ReplaceRequest | None:
    return next((wish for wish in order.pending if wish.cl_ord_id == cl_ord_id), None)


def _without_pending(order: Order, request: CancelRequest | ReplaceRequest) -> Order:
    return replace(order, pending=tuple(wish for wish in order.pending if wish is not request))


def _closed_alarms(before: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    if event.exec_type is ExecType.TRADE and before.is_closed:
        text = f"{plain(event.last_qty)} filled on an order that was {before.status.name}"
        return (_alarm(before, "fill_on_closed_order", text),)
    return ()


def _disagreements(order: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    """Our fold against the venue's CumQty, LeavesQty and AvgPx."""
    found: list[Alarm] = []
    if event.cum_qty != order.cum_qty:
        text = f"CumQty is {plain(event.cum_qty)} at the venue, {plain(order.cum_qty)} by our fills"
        found.append(_alarm(order, "cum_qty_disagrees", text))
    elif event.leaves_qty != order.leaves_qty and not order.is_closed:
        text = (
            f"LeavesQty is {plain(event.leaves_qty)} at the venue, "
            f"{plain(order.leaves_qty)} by our fills"
        )
        found.append(_alarm(order, "leaves_qty_disagrees", text))
    elif event.avg_px is not None and order.cum_qty > 0:
        difference = abs(event.avg_px * order.cum_qty - order.gross)
        if difference > AVERAGE_PRICE_TOLERANCE * order.cum_qty:
            text = (
                f"AvgPx is {plain(event.avg_px)} at the venue; "
                f"our fills are {plain(order.gross)} dollars for {plain(order.cum_qty)} shares"
            )
            found.append(_alarm(order, "avg_px_disagrees", text))
    return (*found, *_of_another_day(order, event), *_other_terms(order, event))


def _of_another_day(order: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    """A Day order trades on its own day: another TradeDate means that two clocks disagree."""
    intent = order.intent
    if event.exec_type not in FILLS or intent.time_in_force is not TimeInForce.DAY:
        return ()
    if event.trade_date == intent.trade_date:
        return ()
    text = f"TradeDate is {event.trade_date} at the venue, the order is of {intent.trade_date}"
    return (_alarm(order, "trade_date_disagrees", text),)


def _other_terms(order: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    """An acknowledgement of something else than was asked for."""
    if event.exec_type is not ExecType.NEW:
        return ()
    intent = order.intent
    terms: tuple[tuple[str, OrdType | TimeInForce | Decimal | None, object], ...] = (
        ("OrdType", event.ord_type, intent.ord_type),
        ("TimeInForce", event.time_in_force, intent.time_in_force),
        ("Price", event.limit_price, intent.limit_price),
        ("StopPx", event.stop_price, intent.stop_price),
    )
    others = [
        f"{name} is {_term(said)} at the venue, we asked for {_term(meant)}"
        for name, said, meant in terms
        if said is not None and meant is not None and said != meant
    ]
    return tuple(_alarm(order, "terms_disagree", text) for text in others)


def _term(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else getattr(value, "name", str(value))


def _with_terms(
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


def _with_leaves(order: Order) -> Order:
    leaves = _leaves(order.status, order.order_qty, order.cum_qty)
    return with_changes(order, leaves_qty=leaves)


def _leaves(status: OrdStatus, order_qty: Decimal, cum_qty: Decimal) -> Decimal:
    """LeavesQty: what may still fill. Nothing of an order that is closed or over-filled."""
    return ZERO if status in CLOSED else max(ZERO, order_qty - cum_qty)


def _known_order_id(event: ExecutionReport) -> str | None:
    return None if event.order_id in {"", "NONE"} else event.order_id


def _illegal(order: Order, what: str, stated: OrdStatus) -> Alarm:
    text = f"{what} with OrdStatus {stated.name} is not possible while {order.status.name}"
    return _alarm(order, "illegal_transition", text)


def _alarm(order: Order, kind: str, message: str) -> Alarm:
    cl_ord_id = order.intent.cl_ord_id
    return Alarm(kind=kind, cl_ord_id=cl_ord_id, message=f"{cl_ord_id}: {message}")


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
