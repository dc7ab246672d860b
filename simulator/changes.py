"""Cancels and replaces: asked for, perhaps pending for a while, then decided.

Until it is decided a change is only a wish: the order trades on under its old
ClOrdID, quantity and price. One change at a time may be pending.
"""

from dataclasses import replace
from datetime import timedelta

from simulator import checks
from simulator.book import Book, Match
from simulator.checks import Refusal, Terms
from simulator.desk import Desk
from simulator.orders import Order, PendingChange, standing
from simulator.reports import NO_ORDER, CancelRejected, Moment
from simulator.requests import CancelOrder, ReplaceOrder
from simulator.words import CxlRejReason, ExecType, OrdRejReason, OrdStatus, ResponseTo

_PENDING = {
    ResponseTo.CANCEL: ExecType.PENDING_CANCEL,
    ResponseTo.REPLACE: ExecType.PENDING_REPLACE,
}


class Changes:
    """Plays cancels and replaces on a desk's orders and the books they wait in."""

    def __init__(self, desk: Desk, books: dict[str, Book]) -> None:
        self._desk = desk
        self._books = books
        self._waiting = {order.number for order in desk if order.pending is not None}

    def ask(self, request: CancelOrder | ReplaceOrder, moment: Moment) -> list[Match]:
        """Refuse, leave pending, or decide at once. Returns what a replace traded."""
        order = self._desk.find(request.client, request.orig_cl_ord_id)
        refusal = self._refusal(request, order)
        if refusal is not None:
            self._refuse(request, order, *refusal, moment)
            return []
        assert order is not None
        terms = self._terms(request, order)
        if isinstance(terms, Refusal):
            self._refuse(request, order, CxlRejReason.VENUE_OPTION, terms.text, moment)
            return []
        change = PendingChange(
            kind=_kind(request),
            cl_ord_id=request.cl_ord_id,
            due=moment.now + self._desk.rules.change_delay,
            quantity=terms.quantity,
            price=terms.price,
        )
        stops_only = change.kind is ResponseTo.REPLACE and terms.quantity <= order.filled
        pending = self._desk.put(replace(order, pending=change))
        if self._desk.rules.acknowledge_changes and not stops_only:
            self._desk.say(
                pending,
                _PENDING[change.kind],
                moment,
                cl_ord_id=change.cl_ord_id,
                orig_cl_ord_id=order.cl_ord_id,
            )
        if self._desk.rules.change_delay > timedelta(0) and not stops_only:
            self._waiting.add(order.number)
            return []
        return self._decide(pending, moment)

    def due(self, moment: Moment) -> list[tuple[str, list[Match]]]:
        """Decide what has waited long enough; (symbol, trades) of each."""
        decided = []
        for number in sorted(self._waiting):
            order = self._desk[number]
            assert order.pending is not None
            if order.pending.due <= moment.now:
                self._waiting.discard(number)
                decided.append((order.symbol, self._decide(order, moment)))
        return decided

    def drop(self, order: Order, moment: Moment) -> None:
        """The order ended for another reason: its pending change is too late."""
        assert order.pending is not None
        self._waiting.discard(order.number)
        self._too_late(order, moment)

    def _decide(self, order: Order, moment: Moment) -> list[Match]:
        change = order.pending
        assert change is not None
        if not order.is_live:
            self._too_late(order, moment)
            return []
        accepted = replace(
            order,
            pending=None,
            cl_ord_id=change.cl_ord_id,
            chain=(*order.chain, change.cl_ord_id),
        )
        if change.kind is ResponseTo.CANCEL:
            self._books[order.symbol].cancel(order.number)
            canceled = self._desk.put(replace(accepted, status=OrdStatus.CANCELED))
            self._desk.say(canceled, ExecType.CANCELED, moment, orig_cl_ord_id=order.cl_ord_id)
            return []
        return self._replace(accepted, change, order, moment)

    def _replace(
        self, accepted: Order, change: PendingChange, before: Order, moment: Moment
    ) -> list[Match]:
        quantity = max(change.quantity, accepted.filled)
        keeps_place = change.price == before.price and quantity <= before.quantity
        after = self._desk.put(
            replace(
                accepted,
                quantity=quantity,
                price=change.price,
                status=standing(quantity, accepted.filled),
                priority=before.priority if keeps_place else self._desk.next_priority(),
            )
        )
        self._desk.say(after, ExecType.REPLACED, moment, orig_cl_ord_id=before.cl_ord_id)
        book = self._books[after.symbol]
        if after.leaves == 0:
            book.cancel(after.number)
            return []
        return book.amend(after.number, after.leaves, after.price)

    def _refusal(
        self, request: CancelOrder | ReplaceOrder, order: Order | None
    ) -> tuple[CxlRejReason, str] | None:
        bad_id = checks.identifier("ClOrdID(11)", request.cl_ord_id)
        if bad_id is not None:
            return CxlRejReason.VENUE_OPTION, bad_id.text
        if order is None:
            return CxlRejReason.UNKNOWN_ORDER, f"unknown order {request.orig_cl_ord_id}"
        if self._desk.is_used(request.client, request.cl_ord_id):
            return (
                CxlRejReason.DUPLICATE_CL_ORD_ID,
                f"ClOrdID(11) {request.cl_ord_id} was used before",
            )
        if order.pending is not None:
            return CxlRejReason.ALREADY_PENDING, f"{order.pending.cl_ord_id} is still pending"
        if not order.is_live:
            return CxlRejReason.TOO_LATE, f"order {order.cl_ord_id} is closed"
        return self._mismatch(request, order)

    def _mismatch(
        self, request: CancelOrder | ReplaceOrder, order: Order
    ) -> tuple[CxlRejReason, str] | None:
        if request.orig_cl_ord_id != order.cl_ord_id:
            return (
                CxlRejReason.UNKNOWN_ORDER,
                f"{request.orig_cl_ord_id} was superseded by {order.cl_ord_id}",
            )
        if (request.symbol, request.side) != (order.symbol, order.side):
            return (
                CxlRejReason.VENUE_OPTION,
                f"Symbol(55) and Side(54) differ from those of order {order.cl_ord_id}",
            )
        if isinstance(request, ReplaceOrder) and order.symbol in self._desk.standing.halted:
            return CxlRejReason.VENUE_OPTION, f"{order.symbol} is halted"
        return None

    def _terms(self, request: CancelOrder | ReplaceOrder, order: Order) -> Terms | Refusal:
        if isinstance(request, CancelOrder):
            return Terms(order.quantity, order.price)
        if request.ord_type != order.ord_type:
            return Refusal(
                OrdRejReason.UNSUPPORTED,
                f"OrdType(40) cannot change from {order.ord_type}",
            )
        instrument = self._desk.instruments[order.symbol]
        return checks.terms(request, instrument, self._desk.rules.maximum_quantity)

    def _too_late(self, order: Order, moment: Moment) -> None:
        assert order.pending is not None
        change = order.pending
        after = self._desk.put(replace(order, pending=None, chain=(*order.chain, change.cl_ord_id)))
        self._desk.answer(
            CancelRejected(
                client=after.client,
                order_id=after.order_id,
                cl_ord_id=change.cl_ord_id,
                orig_cl_ord_id=after.cl_ord_id,
                ord_status=after.reported_status,
                response_to=change.kind,
                reason=CxlRejReason.TOO_LATE,
                text=f"order {after.cl_ord_id} is closed",
                account=after.account,
                link_id=after.link_id,
                secondary_id=after.secondary_id,
                transact_time=moment.now,
            )
        )

    def _refuse(
        self,
        request: CancelOrder | ReplaceOrder,
        order: Order | None,
        reason: CxlRejReason,
        text: str,
        moment: Moment,
    ) -> None:
        self._desk.answer(
            CancelRejected(
                client=request.client,
                order_id=NO_ORDER if order is None else order.order_id,
                cl_ord_id=request.cl_ord_id,
                orig_cl_ord_id=request.orig_cl_ord_id if order is None else order.cl_ord_id,
                ord_status=OrdStatus.REJECTED if order is None else order.reported_status,
                response_to=_kind(request),
                reason=reason,
                text=text,
                account=request.account,
                link_id=request.link_id,
                secondary_id=request.secondary_id,
                transact_time=moment.now,
            )
        )


def _kind(request: CancelOrder | ReplaceOrder) -> ResponseTo:
    return ResponseTo.CANCEL if isinstance(request, CancelOrder) else ResponseTo.REPLACE
