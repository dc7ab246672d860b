"""Answers to status requests: of one order, and of all that a client has open."""

from simulator.exchange.desk import Desk
from simulator.exchange.orders import Order
from simulator.values.messages import NO_EXECUTION, NO_ORDER, Report
from simulator.values.requests import AskMassStatus, AskStatus, NewOrder
from simulator.values.words import ExecType, OrdRejReason, OrdStatus

_STATUS = ExecType.ORDER_STATUS
_SECURITY, _ALL = "1", "7"  # MassStatusReqType (585).


class Inquiries:
    """Says how orders stand. Changes nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def status(self, request: AskStatus) -> None:
        """Answer an OrderStatusRequest."""
        register = self._desk.register
        extra = ((790, request.request_id),) if request.request_id else ()
        if register.find(request.client, request.cl_ord_id) is not None:
            self.answer_status(request.client, request.cl_ord_id, extra)
            return
        order = register.by_order_id(request.order_id)
        if order is not None and order.client == request.client:
            self._say(order, "", extra)
            return
        self._desk.answer(self._unknown(request)._replace(extra=extra))

    def answer_status(
        self, client: str, cl_ord_id: str, extra: tuple[tuple[int, str], ...] = ()
    ) -> None:
        """Say how an order stands, or how its refusal stood."""
        found = self._desk.register.find(client, cl_ord_id)
        if isinstance(found, Order):
            self._say(found, "" if cl_ord_id == found.cl_ord_id else cl_ord_id, extra)
            return
        if found is None:
            found = self.forgotten(client, cl_ord_id)
        self._desk.answer(
            found._replace(
                exec_id=NO_EXECUTION,
                exec_type=_STATUS,
                transact_time=self._desk.moment.text,
                extra=extra,
            )
        )

    def mass_status(self, request: AskMassStatus) -> None:
        """Answer an OrderMassStatusRequest: a report of each open order, the last one marked."""
        by_symbol = request.kind == _SECURITY
        if request.kind not in (_SECURITY, _ALL):
            self._no_orders(
                request, f"MassStatusReqType(585) {request.kind:.10}: use 1 a security or 7 all"
            )
            return
        found = [
            order
            for order in self._desk.register.open()
            if order.client == request.client
            and (not by_symbol or order.symbol == request.symbol)
            and (not request.account or order.account == request.account)
        ]
        if not found:
            self._no_orders(request, "no open orders")
        for number, order in enumerate(found, start=1):
            last = "Y" if number == len(found) else "N"
            extra = (
                (584, request.request_id),
                (911, str(len(found))),
                (912, last),
            )
            self._say(order, "", extra)

    def forgotten(self, client: str, cl_ord_id: str, request: NewOrder | None = None) -> Report:
        """A report on a ClOrdID that was used by an order which is no longer kept."""
        asked = AskStatus(
            client,
            cl_ord_id,
            request.symbol if request is not None else "",
            request.side if request is not None else "",
        )
        return self._unknown(asked)._replace(text="this order is closed and no longer kept")

    def _say(self, order: Order, orig_cl_ord_id: str, extra: tuple[tuple[int, str], ...]) -> None:
        self._desk.say(
            order,
            _STATUS,
            exec_id=NO_EXECUTION,
            orig_cl_ord_id=orig_cl_ord_id,
            text="" if order.filled else "Nothing Done",
            extra=extra,
        )

    def _unknown(self, request: AskStatus) -> Report:
        moment = self._desk.moment
        return Report(
            client=request.client,
            order_id=NO_ORDER,
            cl_ord_id=request.cl_ord_id,
            exec_id=NO_EXECUTION,
            exec_type=_STATUS,
            ord_status=OrdStatus.REJECTED,
            symbol=request.symbol,
            side=request.side,
            order_qty=0,
            cum_qty=0,
            leaves_qty=0,
            avg_px="0",
            trade_date=moment.date,
            transact_time=moment.text,
            rej_reason=OrdRejReason.UNKNOWN_ORDER,
            text=f"unknown order {request.cl_ord_id!r:.70}",
            account=request.account,
            link_id=request.link_id,
            secondary_id=request.secondary_id,
        )

    def _no_orders(self, request: AskMassStatus, text: str) -> None:
        asked = AskStatus(request.client, "", request.symbol, "1", account=request.account)
        extra = ((584, request.request_id), (911, "0"), (912, "Y"))
        self._desk.answer(self._unknown(asked)._replace(text=text, extra=extra, rej_reason=None))
