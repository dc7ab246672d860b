"""Reports that come a second time, and would undo what has happened since.

A venue may send a report again, and a commit whose answer is lost is booked again by ourselves.
Executions are kept by their ExecIDs; of other reports the order's events are asked, but only
where a repetition would move the order: an order is as it is by the newest word.
"""

from domain.order_table import FILLS
from domain.orders import CLOSED, ExecType, ExecutionReport, Order, OrdStatus, TimeInForce
from domain.ports import UnitOfWork

_UNHEARD = frozenset({OrdStatus.INTENDED, OrdStatus.PENDING_NEW})
_ACCEPTANCES = frozenset({ExecType.PENDING_NEW, ExecType.NEW})
_RECEIPTS = frozenset({ExecType.PENDING_CANCEL, ExecType.PENDING_REPLACE})
_FINAL = frozenset({ExecType.REJECTED, ExecType.CANCELED, ExecType.EXPIRED, ExecType.CALCULATED})


def is_told_again(uow: UnitOfWork, order: Order, report: ExecutionReport) -> bool:
    """Whether it came before, word for word, and would now move what has moved on since."""
    if not _may_undo(order, report):
        return False
    events = uow.orders.events(order.intent.cl_ord_id)
    said = [one for one in events if isinstance(one, ExecutionReport)]
    if report.exec_type is ExecType.ORDER_STATUS:
        return _is_outdated(said, report)
    return report in said


def _may_undo(order: Order, report: ExecutionReport) -> bool:
    """Whether a repetition would change something; a usual first word is not looked up."""
    kind = report.exec_type
    if kind in FILLS:
        return False
    if kind is ExecType.ORDER_STATUS:
        is_believed = report.ord_status in CLOSED or not order.in_doubt
        return is_believed and report.ord_status is not order.status
    return order.is_closed or _may_undo_open(order, report)


def _may_undo_open(order: Order, report: ExecutionReport) -> bool:
    kind = report.exec_type
    if kind in _ACCEPTANCES:
        return order.status not in _UNHEARD
    if kind in _RECEIPTS:
        return all(wish.cl_ord_id != report.cl_ord_id for wish in order.pending)
    if kind is ExecType.DONE_FOR_DAY:  # A Day order does not come back from it.
        return order.intent.time_in_force is not TimeInForce.DAY
    return kind not in _FINAL  # No open order has had one of these.


def _is_outdated(said: list[ExecutionReport], answer: ExecutionReport) -> bool:
    """Whether the same answer came before something younger; answers have no ExecID of their own.

    The same one may come twice in earnest: an end is only believed once all executions are there.
    """
    if answer not in said:
        return False
    later = said[said.index(answer) + 1 :]
    return any(one.transact_time > answer.transact_time for one in later)
