"""Cancels and replaces: asked for, perhaps pending for a while, then decided.

Until it is decided a change is only a wish: the order trades on under its old ClOrdID, quantity
and price. What a second change gets in the meantime says `chained_changes` of the rules.
"""

from datetime import timedelta

from simulator.exchange import checks
from simulator.exchange.agenda import Due
from simulator.exchange.calendar import Phase
from simulator.exchange.checks import Checker, Refusal
from simulator.exchange.desk import Desk
from simulator.exchange.inquiries import Inquiries
from simulator.exchange.intake import write_terms
from simulator.exchange.listing import Halt
from simulator.exchange.orders import Change, Order, Terms
from simulator.exchange.rules import Chain
from simulator.exchange.trading import Trading
from simulator.values.messages import NO_ORDER, CancelRejected
from simulator.values.requests import CancelOrder, ReplaceOrder
from simulator.values.words import (
    CxlRejReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    ResponseTo,
)

_NOTHING = timedelta(0)
_PENDING = {
    ResponseTo.CANCEL: ExecType.PENDING_CANCEL,
    ResponseTo.REPLACE: ExecType.PENDING_REPLACE,
}


class Changes:
    """Plays cancels and replaces."""

    def __init__(
        self, desk: Desk, trading: Trading, checker: Checker, inquiries: Inquiries
    ) -> None:
        self._desk = desk
        self._trading = trading
        self._checker = checker
        self._inquiries = inquiries

    def ask(self, request: CancelOrder | ReplaceOrder) -> None:
        """Refuse, leave pending, or decide at once."""
        register = self._desk.register
        if request.poss_resend and register.is_used(request.client, request.cl_ord_id):
            self._inquiries.answer_status(request.client, request.cl_ord_id)
            return
        order = register.order(request.client, request.orig_cl_ord_id, request.order_id)
        refusal = self._refusal(request, order)
        if refusal is not None:
            self._refuse(request, order, *refusal)
            return
        assert order is not None
        terms = None
        if isinstance(request, ReplaceOrder):
            request = _completed(request, order)
            checked = self._terms(request, order)
            if isinstance(checked, Refusal):
                self._refuse(request, order, CxlRejReason.VENUE_OPTION, checked.text)
                return
            terms = checked
        change = Change(_kind(request), request, terms)
        register.name(order, request.cl_ord_id)
        order.changes.append(change)
        if len(order.changes) == 1 or self._desk.rules.chained_changes is Chain.PENDING:
            self._begin(order, change)

    def due(self, order: Order) -> None:
        """The first change that is pending has waited long enough."""
        if order.changes:
            self._decide(order)

    def refuse_pending(self, order: Order, text: str) -> bool:
        """The venue refuses the first pending change; False when there is none."""
        if not order.changes:
            return False
        change = order.changes.pop(0)
        order.chain += (change.request.cl_ord_id,)
        self._refuse(change.request, order, CxlRejReason.VENUE_OPTION, text)
        self._next(order)
        return True

    def drop(self, order: Order) -> None:
        """The order ended for another reason: its pending changes are too late."""
        while order.changes:
            self._too_late(order, order.changes.pop(0))

    def _begin(self, order: Order, change: Change) -> None:
        """Acknowledge a change; then it is pending, or decided at once."""
        rules = self._desk.rules
        only_stops = change.terms is not None and change.terms.quantity <= order.filled
        if only_stops and not order.is_open:
            only_stops = False
        change.begun = True
        if rules.acknowledge_changes and not only_stops:
            self._desk.say(
                order,
                _PENDING[change.kind],
                cl_ord_id=change.request.cl_ord_id,
                orig_cl_ord_id=order.cl_ord_id,
            )
        if rules.change_delay > _NOTHING and not only_stops:
            due = self._desk.moment.now + rules.change_delay
            self._desk.agenda.plan(due, Due.CHANGE, order.number)
        elif order.changes[0] is change:
            self._decide(order)

    def _next(self, order: Order) -> None:
        """What waited behind a decided change begins."""
        if order.changes and not order.changes[0].begun:
            self._begin(order, order.changes[0])

    def _decide(self, order: Order) -> None:
        change = order.changes.pop(0)
        request = change.request
        if not order.is_open and not self._reopens(order, change):
            self._too_late(order, change)
        else:
            before, order.cl_ord_id = order.cl_ord_id, request.cl_ord_id
            order.chain += (request.cl_ord_id,)
            order.account = request.account or order.account
            order.link_id = request.link_id or order.link_id
            order.secondary_id = request.secondary_id or order.secondary_id
            if isinstance(request, CancelOrder):
                self._cancel(order, before)
            else:
                assert change.terms is not None
                self._replace(order, request, change.terms, before)
        if order.is_open:
            self._next(order)
        elif order.changes and not order.changes[0].begun:
            self.drop(order)

    def _cancel(self, order: Order, before: str) -> None:
        order.ended = OrdStatus.CANCELED
        order.done_for_day = False
        self._trading.leave(order)
        self._desk.say(order, ExecType.CANCELED, orig_cl_ord_id=before)
        self._desk.closed(order)

    def _replace(self, order: Order, request: ReplaceOrder, terms: Terms, before: str) -> None:
        order.quantity = max(terms.quantity, order.filled)
        order.allocations = request.allocations or order.allocations
        amends = _fixed(terms) == _fixed(order.terms)
        order.terms = terms
        write_terms(order, request)
        if terms.expires is not None:
            self._desk.agenda.plan(terms.expires, Due.EXPIRY, order.number)
        self._desk.say(order, ExecType.REPLACED, orig_cl_ord_id=before)
        book = order.listing.book
        if not order.entered:
            return
        if not order.leaves:
            self._trading.leave(order)
            self._desk.closed(order)
        elif amends and book.waiting(order.number):
            events = book.amend(
                order.number,
                order.leaves,
                terms.price,
                stop=terms.stop,
                display=terms.display,
                minimum=terms.minimum,
            )
            self._trading.happen(order.listing, events)
        else:
            self._trading.leave(order)
            self._desk.register.reopened(order)
            self._trading.enter(order)

    def _reopens(self, order: Order, change: Change) -> bool:
        """Whether a replace lets a filled order work again: more shares, at the same price."""
        return (
            self._desk.rules.reopen_filled
            and order.ended is None
            and change.terms is not None
            and change.terms.quantity > order.filled
            and change.terms.price == order.terms.price
        )

    def _refusal(
        self, request: CancelOrder | ReplaceOrder, order: Order | None
    ) -> tuple[CxlRejReason, str] | None:
        bad_id = checks.identifier("ClOrdID(11)", request.cl_ord_id)
        if bad_id is not None:
            return CxlRejReason.VENUE_OPTION, bad_id.text
        if order is None:
            return CxlRejReason.UNKNOWN_ORDER, f"unknown order {request.orig_cl_ord_id}"
        if self._desk.register.is_used(request.client, request.cl_ord_id):
            return (
                CxlRejReason.DUPLICATE_CL_ORD_ID,
                f"ClOrdID(11) {request.cl_ord_id} was used before",
            )
        chains = self._desk.rules.chained_changes is not Chain.REFUSE
        if order.changes and not chains:
            pending = order.changes[0].request.cl_ord_id
            return CxlRejReason.ALREADY_PENDING, f"{pending} is still pending"
        if not order.is_open and not self._may_reopen(request, order):
            return CxlRejReason.TOO_LATE, f"order {order.cl_ord_id or order.order_id} is closed"
        return self._mismatch(request, order)

    def _may_reopen(self, request: CancelOrder | ReplaceOrder, order: Order) -> bool:
        return (
            isinstance(request, ReplaceOrder)
            and self._desk.rules.reopen_filled
            and order.ended is None
        )

    def _mismatch(
        self, request: CancelOrder | ReplaceOrder, order: Order
    ) -> tuple[CxlRejReason, str] | None:
        names = {order.cl_ord_id, *(one.request.cl_ord_id for one in order.changes)}
        if order.cl_ord_id and request.orig_cl_ord_id not in names:
            return (
                CxlRejReason.VENUE_OPTION,
                f"{request.orig_cl_ord_id} was superseded by {order.cl_ord_id}",
            )
        if (request.symbol, request.side) != (order.symbol, order.side):
            return (
                CxlRejReason.VENUE_OPTION,
                f"Symbol(55) and Side(54) differ from those of order {order.cl_ord_id}",
            )
        if isinstance(request, ReplaceOrder):
            listing = order.listing
            if self._desk.phase is Phase.CLOSED:
                return CxlRejReason.VENUE_OPTION, f"{self._desk.rules.name} is closed"
            if listing.halt is not Halt.NONE and not listing.calling:
                return CxlRejReason.VENUE_OPTION, f"{order.symbol} is halted"
        return None

    def _terms(self, request: ReplaceOrder, order: Order) -> Terms | Refusal:
        if request.ord_type != order.ord_type:
            return Refusal(
                OrdRejReason.UNSUPPORTED,
                f"OrdType(40) cannot change from {order.ord_type}",
            )
        if request.time_in_force != order.time_in_force:
            return Refusal(
                OrdRejReason.UNSUPPORTED,
                f"TimeInForce(59) cannot change from {order.time_in_force}",
            )
        listing = order.listing
        terms = self._checker.terms(
            request, listing.instrument, listing.book.last, self._desk.moment.now
        )
        if isinstance(terms, Refusal) or not request.allocations:
            return terms
        return checks.shares_of_accounts(request.allocations, terms.quantity) or terms

    def _too_late(self, order: Order, change: Change) -> None:
        request = change.request
        order.chain += (request.cl_ord_id,)
        self._desk.answer(
            CancelRejected(
                client=order.client,
                order_id=order.order_id,
                cl_ord_id=request.cl_ord_id,
                orig_cl_ord_id=order.cl_ord_id,
                ord_status=order.status,
                response_to=change.kind,
                transact_time=self._desk.moment.text,
                reason=CxlRejReason.TOO_LATE,
                text=f"order {order.cl_ord_id or order.order_id} is closed",
                account=order.account,
                link_id=order.link_id,
                secondary_id=order.secondary_id,
            )
        )

    def _refuse(
        self,
        request: CancelOrder | ReplaceOrder,
        order: Order | None,
        reason: CxlRejReason,
        text: str,
    ) -> None:
        self._desk.answer(
            CancelRejected(
                client=request.client,
                order_id=NO_ORDER if order is None else order.order_id,
                cl_ord_id=request.cl_ord_id,
                orig_cl_ord_id=request.orig_cl_ord_id if order is None else order.cl_ord_id,
                ord_status=OrdStatus.REJECTED if order is None else order.status,
                response_to=_kind(request),
                transact_time=self._desk.moment.text,
                reason=reason,
                text=text,
                account=request.account,
                link_id=request.link_id,
                secondary_id=request.secondary_id,
            )
        )


def _kind(request: CancelOrder | ReplaceOrder) -> ResponseTo:
    return ResponseTo.CANCEL if isinstance(request, CancelOrder) else ResponseTo.REPLACE


def _completed(request: ReplaceOrder, order: Order) -> ReplaceOrder:
    """A request that leaves out TimeInForce, ExecInst or the expiry means the order's own."""
    own = dict(order.conditions)
    expires = request.expire_date or request.expire_time
    return request._replace(
        time_in_force=request.time_in_force or order.time_in_force,
        exec_inst=request.exec_inst or own.get(18, ""),
        expire_date=request.expire_date if expires else own.get(432, ""),
        expire_time=request.expire_time if expires else own.get(126, ""),
    )


def _fixed(terms: Terms) -> tuple[object, ...]:
    """What a waiting order cannot change without being entered anew."""
    return terms.kind, terms.offset, terms.all_or_none, terms.best_only
