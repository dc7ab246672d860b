"""Cancels of many orders at once: on request, on disconnection, on a halt."""

from collections.abc import Iterable

from simulator.exchange.changes import Changes
from simulator.exchange.desk import Desk
from simulator.exchange.orders import Order
from simulator.exchange.trading import Trading
from simulator.values.messages import Note
from simulator.values.requests import MassCancel
from simulator.values.words import ExecType, OrdStatus, RestatementReason

_SECURITY, _ALL = "1", "7"  # MassCancelRequestType (530).
_REFUSED = "0"  # MassCancelResponse (531).
_UNKNOWN_SECURITY, _NOT_SUPPORTED = "1", "0"  # MassCancelRejectReason (532).


class MassCancels:
    """Ends orders of a client."""

    def __init__(self, desk: Desk, trading: Trading, changes: Changes) -> None:
        self._desk = desk
        self._trading = trading
        self._changes = changes

    def ask(self, request: MassCancel) -> None:
        """Answer an OrderMassCancelRequest: the report, then a Canceled for each order."""
        if request.kind not in (_SECURITY, _ALL):
            text = f"MassCancelRequestType(530) {request.kind:.10}: use 1 a security or 7 all"
            self._report(request, (), _NOT_SUPPORTED, text)
            return
        if request.kind == _SECURITY and request.symbol not in self._desk.listings:
            text = f"Symbol(55) {request.symbol!r:.40} does not trade here"
            self._report(request, (), _UNKNOWN_SECURITY, text)
            return
        found = self._open(request.client)
        if request.kind == _SECURITY:
            found = [order for order in found if order.symbol == request.symbol]
        if request.side:
            found = [order for order in found if order.side == request.side]
        self._report(request, found)
        self.cancel(found, f"mass cancel {request.cl_ord_id}")

    def disconnected(self, client: str) -> None:
        """The client's orders leave with it, where the rules say so."""
        if client in self._desk.rules.cancel_on_disconnect:
            self.cancel(self._open(client), "the session was disconnected")

    def cancel(
        self,
        orders: Iterable[Order],
        text: str,
        reason: RestatementReason | None = RestatementReason.MARKET_OPTION,
    ) -> None:
        """End orders that nobody asked to cancel one by one."""
        for order in list(orders):
            if order.is_open:
                order.done_for_day = False
                self._trading.end(
                    order, OrdStatus.CANCELED, ExecType.CANCELED, reason=reason, text=text
                )
                self._changes.drop(order)

    def _open(self, client: str) -> list[Order]:
        return [one for one in self._desk.register.open() if one.client == client]

    def _report(
        self, request: MassCancel, orders: Iterable[Order], reject: str = "", text: str = ""
    ) -> None:
        affected = [(41, order.cl_ord_id or order.order_id) for order in orders]
        fields = [
            (11, request.cl_ord_id),
            (37, request.cl_ord_id),
            (530, request.kind),
            (531, _REFUSED if reject else request.kind),
            *([(532, reject)] if reject else []),
            (533, str(len(affected))),
            *([(534, str(len(affected))), *affected] if affected else []),
            *([(55, request.symbol)] if request.symbol else []),
            *([(54, request.side)] if request.side else []),
            (60, self._desk.moment.text),
            *([(58, text)] if text else []),
        ]
        self._desk.answer(Note(request.client, "r", tuple(fields)))
