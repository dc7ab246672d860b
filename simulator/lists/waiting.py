"""Orders of lists that wait to be begun: a client may ask about one, or take it back."""

from simulator.lists.place import Place
from simulator.values.messages import NO_EXECUTION, NO_ORDER, CancelRejected, Report
from simulator.values.requests import AskStatus, CancelOrder, NewOrder, ReplaceOrder
from simulator.values.words import CxlRejReason, ExecType, OrdStatus, ResponseTo

_WAITS = "its list waits for ListExecute(35=L)"


def status(place: Place, order: NewOrder, request: AskStatus) -> Report:
    """It is here, and nothing was done about it."""
    report = _report(place, order, ExecType.ORDER_STATUS, OrdStatus.PENDING_NEW)
    asked = ((790, request.request_id),) if request.request_id else ()
    return report._replace(exec_id=NO_EXECUTION, text=_WAITS, extra=(*report.extra, *asked))


def canceled(place: Place, order: NewOrder, request: CancelOrder) -> Report:
    """It ends, and never reaches a book."""
    report = _report(place, order, ExecType.CANCELED, OrdStatus.CANCELED)
    return report._replace(cl_ord_id=request.cl_ord_id, orig_cl_ord_id=order.cl_ord_id)


def refused(place: Place, order: NewOrder, request: ReplaceOrder) -> CancelRejected:
    """It cannot be changed before it is begun."""
    return CancelRejected(
        client=order.client,
        order_id=NO_ORDER,
        cl_ord_id=request.cl_ord_id,
        orig_cl_ord_id=order.cl_ord_id,
        ord_status=OrdStatus.PENDING_NEW,
        response_to=ResponseTo.REPLACE,
        transact_time=place.instant,
        reason=CxlRejReason.OTHER,
        text=f"{_WAITS}; cancel it and enter another",
        account=request.account,
        link_id=request.link_id,
        secondary_id=request.secondary_id,
    )


def shares(order: NewOrder) -> int:
    """OrderQty (38) of an order that nobody has checked yet."""
    text = order.quantity
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _report(place: Place, order: NewOrder, kind: ExecType, status: OrdStatus) -> Report:
    is_over = status is OrdStatus.CANCELED
    return Report(
        client=order.client,
        order_id=NO_ORDER,
        cl_ord_id=order.cl_ord_id,
        exec_id=place.next_exec_id() if is_over else "",
        exec_type=kind,
        ord_status=status,
        symbol=order.symbol,
        side=order.side,
        order_qty=shares(order),
        cum_qty=0,
        leaves_qty=0 if is_over else shares(order),
        avg_px="0",
        trade_date=place.date,
        transact_time=place.instant,
        account=order.account,
        link_id=order.link_id,
        secondary_id=order.secondary_id,
        extra=((66, order.list_id),),
    )
