"""What a ListStatus (35=N) says of our orders, taken in as what a status report says.

Reports on each order come beside it and tell the fills. It speaks for orders that no report
spoke of, for those in doubt, and for those of a list that is over; never for shares that we do
not know of: then the order is asked about alone.
"""

from collections.abc import Iterator
from datetime import datetime

from domain.exact import ZERO
from domain.orders import Alarm, ExecType, ExecutionReport, Order, OrdStatus
from domain.ports import ExecutionSink, UnitOfWork
from gateway.beginnings import begin, has_begun
from gateway.doubts import raise_doubts
from gateway.list_status import ListedOrder, ListStatus

_NOT_OPEN = frozenset({OrdStatus.INTENDED, OrdStatus.PENDING_NEW})
_OVER = {OrdStatus.CANCELED: ExecType.CANCELED, OrdStatus.EXPIRED: ExecType.EXPIRED}


def take(
    uow: UnitOfWork,
    status: ListStatus,
    venue: str,
    sink: ExecutionSink,
    *,
    at: datetime,
    lists_wait: bool,
) -> tuple[tuple[Alarm, ...], bool]:
    """Alarms, and whether orders are in doubt by it. `lists_wait`: the broker's wait for us."""
    alarms: list[Alarm] = []
    found = list(_known(uow, status, venue))
    had_doubts = any(order.in_doubt for order, _ in found)
    for order, one in found:
        if _speaks_of(order, one, status, lists_wait=lists_wait):
            alarms += sink.apply(uow, _report(order, one, status), at)
    missed = [order for order, _ in _known(uow, status, venue) if not order.is_closed]
    if status.is_over:
        alarms += raise_doubts(uow, missed, "its list is over, by the venue's word", at)
    if status.is_refused:
        text = f"{venue} refused list {status.list_id}: {status.reason or 'it gives no reason'}"
        alarms.append(Alarm(kind="list_refused", cl_ord_id=status.list_id, message=text))
    elif lists_wait and status.waits and missed:
        _begin(uow, status, venue, at, had_doubts=had_doubts)
    return tuple(alarms), status.is_over and bool(missed)


def _begin(
    uow: UnitOfWork, status: ListStatus, venue: str, at: datetime, *, had_doubts: bool
) -> None:
    """The broker has it whole: say so once, and again when it shows that it never heard."""
    if had_doubts or not has_begun(uow, status.list_id):
        begin(uow, venue, status.list_id, at)


def _known(uow: UnitOfWork, status: ListStatus, venue: str) -> Iterator[tuple[Order, ListedOrder]]:
    for one in status.orders:
        order = uow.orders.get(one.cl_ord_id)
        if order is not None and order.intent.venue == venue:
            yield order, one


def _speaks_of(order: Order, one: ListedOrder, status: ListStatus, *, lists_wait: bool) -> bool:
    """Whether it says something that no report has said, and with our shares."""
    if order.is_closed or one.status is None:
        return False
    if one.status is OrdStatus.REJECTED:
        return order.status in _NOT_OPEN
    if one.filled != order.cum_qty:
        return False
    if one.status is OrdStatus.FILLED and order.cum_qty < order.order_qty:
        return False
    is_new = lists_wait and order.status is OrdStatus.INTENDED
    return order.in_doubt or is_new or (status.is_over and one.status in _OVER)


def _report(order: Order, one: ListedOrder, status: ListStatus) -> ExecutionReport:
    intent, stated = order.intent, one.status
    assert stated is not None
    rejected = stated is OrdStatus.REJECTED
    kind = ExecType.REJECTED if rejected else _OVER.get(stated, ExecType.ORDER_STATUS)
    is_live = kind is ExecType.ORDER_STATUS
    return ExecutionReport(
        venue=intent.venue,
        exec_id=f"{status.list_id}:{status.number}:{one.cl_ord_id}",
        order_id=one.order_id or "NONE",
        cl_ord_id=order.current,
        orig_cl_ord_id=None,
        exec_type=kind,
        ord_status=stated,
        symbol=intent.symbol,
        side=intent.side,
        order_qty=order.order_qty,
        cum_qty=order.cum_qty,
        leaves_qty=order.leaves_qty if is_live else ZERO,
        avg_px=None,
        last_qty=ZERO,
        last_px=None,
        limit_price=order.limit_price,
        commission=ZERO,
        exec_ref_id=None,
        reason=f"list {status.list_id}: {one.reason or status.reason or stated.name.lower()}",
        trade_date=intent.trade_date,
        transact_time=status.transact_time,
        ord_rej_reason=one.code,
    )
