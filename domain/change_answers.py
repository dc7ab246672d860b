"""Changes answered: what a report says of a replace, a cancel or a restatement.

A venue may also change an order by itself; what its terms foresee passes in silence.
"""

from dataclasses import replace

from domain.exact import plain
from domain.order_table import PENDING
from domain.order_terms import (
    Outcome,
    alarm_about,
    has_ended,
    pending_named,
    with_terms,
    without_pending,
)
from domain.orders import (
    CancelRequest,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    OrdStatus,
    ReplaceRequest,
    TimeInForce,
)
from domain.restatements import after_split, is_renewal, split_of

_BRIEF = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG, TimeInForce.CLS})


def answer_request(order: Order, event: ExecutionReport) -> Outcome:
    """A replace or cancel that was accepted is no longer pending; quantities may have changed."""
    if event.exec_type is ExecType.REPLACED:
        return _replaced(order, event)
    if event.exec_type is ExecType.ORDER_STATUS and not has_ended(order):
        return _shown_as_replaced(order, event)
    if event.exec_type is ExecType.NEW and order.intent.cash_quantity is not None:
        return with_terms(order, event.order_qty, None, None), ()  # L.1.b: so many shares it makes.
    goes_on = not has_ended(order) or order.status is OrdStatus.DONE_FOR_DAY
    if event.exec_type is ExecType.RESTATED and goes_on:
        return _restated(order, event)
    if event.exec_type is ExecType.CANCELED and order.status is OrdStatus.CANCELED:
        return _canceled(order, event)
    return order, ()


def _canceled(order: Order, event: ExecutionReport) -> Outcome:
    asked = any(isinstance(p, CancelRequest) for p in order.pending)
    answered = replace(order, pending=())
    if asked or _ends_by_itself(order.intent, event):
        return answered, ()
    return answered, (alarm_about(order, "canceled_unsolicited", f"by the venue: {event.reason}"),)


def _ends_by_itself(intent: OrderIntent, event: ExecutionReport) -> bool:
    """Whether a cancel that nobody asked for is what the order's terms foresee."""
    if intent.algo is not None and intent.time_in_force is TimeInForce.DAY:
        return intent.algo.end is None or event.transact_time >= intent.algo.end
    return intent.time_in_force in _BRIEF


def _restated(order: Order, event: ExecutionReport) -> Outcome:
    """A renewal passes in silence; a split makes other shares of it; the rest is for a person."""
    if is_renewal(order, event):
        return order, ()
    split = split_of(order, event)
    before = order if split is None else after_split(order, split)
    changed = with_terms(before, event.order_qty, event.limit_price, event.stop_price)
    text = f"the venue restated the order to {plain(changed.order_qty)}: {event.reason}"
    if split is None:
        return changed, (alarm_about(order, "restated", text),)
    text = (
        f"{split.old} {order.intent.symbol} became {split.new} on {split.day}: the order is for "
        f"{plain(changed.order_qty)} now, {plain(changed.cum_qty)} of them done"
    )
    return changed, (alarm_about(order, "order_split", text),)


def _replaced(order: Order, event: ExecutionReport) -> Outcome:
    request = pending_named(order, event.cl_ord_id)
    if not isinstance(request, ReplaceRequest):
        return _replaced_unasked(order, event)
    granted = event.order_qty if event.order_qty is not None else request.quantity
    price = event.limit_price if event.limit_price is not None else request.limit_price
    stop = event.stop_price if event.stop_price is not None else request.stop_price
    changed = replace(
        with_terms(order, granted, price, stop),
        current=request.cl_ord_id,
        pending=without_pending(order, request).pending,
    )
    if granted == request.quantity:
        return changed, ()
    text = f"asked for {plain(request.quantity)}, the venue granted {plain(granted)}"
    return changed, (alarm_about(order, "replace_amended", text),)


def _replaced_unasked(order: Order, event: ExecutionReport) -> Outcome:
    """By the venue itself, or by a change of ours that counted as never received."""
    changed = with_terms(order, event.order_qty, event.limit_price, event.stop_price)
    name, chain = event.cl_ord_id, order.chain
    if name in chain and chain.index(name) > chain.index(order.current):
        text = f"the venue replaced the order by {name}, which counted as never received"
        known = replace(changed, current=name)
        return known, (alarm_about(order, "never_received_contradicted", text),)
    text = "the venue replaced the order without a request of ours"
    return changed, (alarm_about(order, "replaced_unsolicited", text),)


def _shown_as_replaced(order: Order, event: ExecutionReport) -> Outcome:
    """The answer to a question shows a change as done whose Replaced never came."""
    request = pending_named(order, event.cl_ord_id)
    if not isinstance(request, ReplaceRequest) or event.ord_status in PENDING:
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
