"""What the venue says at a step: the order does what the step says, and a report shows it.

A figure that the script states must be the one that follows, unless the step is marked odd.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from simulator.scenarios.cast import Cast, ContradictionError, Now
from simulator.scenarios.doing import Told, do
from simulator.scenarios.line import Line
from simulator.scenarios.script import QUANTITIES, VenueStep
from simulator.scenarios.words import CANCEL_REJECT, EXEC_TYPES, ORD_STATUSES
from simulator.values.messages import NO_EXECUTION, NO_ORDER, CancelRejected, Fields, Report
from simulator.values.numbers import plain
from simulator.values.requests import CancelOrder
from simulator.values.words import CxlRejReason, ExecType, OrdStatus, ResponseTo

DAY_ORDER_QTY, DAY_CUM_QTY, DAY_AVG_PX = 424, 425, 426
WORKING_INDICATOR, CASH_ORDER_QTY, CURRENCY = 636, 152, 15
_Said = TypeVar("_Said", Report, CancelRejected)


def say(step: VenueStep, cast: Cast, now: Now) -> Report | CancelRejected:
    """Let the order do what the step says, and report it. Raises ContradictionError."""
    letter = step.text("ClOrdID")
    if letter and letter not in cast.ids:
        raise ContradictionError("ClOrdID", letter, " or ".join(cast.ids) or "none")
    line = cast.line(letter)
    if step.says == CANCEL_REJECT:
        return _with_stated(_cancel_rejected(step, cast, line, now), step, cast)
    if line is None:
        return _with_stated(_unknown(step, cast, now), step, cast)
    told = do(step, cast, line, now)
    said = _with_stated(_report(step, cast, line, now, told), step, cast)
    if said.ord_status is OrdStatus.CANCELED:
        line.ended = OrdStatus.CANCELED  # Also where one report bundles a fill and the end.
    return said


def _report(step: VenueStep, cast: Cast, line: Line, now: Now, told: Told) -> Report:
    kind, order = EXEC_TYPES[step.says], line.order
    is_status = kind is ExecType.ORDER_STATUS
    exec_id = NO_EXECUTION if is_status else now.exec_id
    if "ExecID" in step.stated:
        cast.executions[step.text("ExecID")] = exec_id
    status = line.status
    if kind is ExecType.NEW and status is OrdStatus.PENDING_NEW:
        status = OrdStatus.NEW
    return Report(
        client=cast.client,
        order_id=line.order_id,
        cl_ord_id=told.cl_ord_id,
        orig_cl_ord_id=told.orig_cl_ord_id,
        exec_id=exec_id,
        exec_type=kind,
        ord_status=status,
        symbol=cast.symbol,
        side=cast.side,
        order_qty=line.quantity,
        cum_qty=line.cum,
        leaves_qty=line.leaves,
        avg_px=line.average,
        trade_date=now.trade_date,
        transact_time=now.transact_time,
        exec_ref_id=told.exec_ref_id,
        security_id=order.security_id,
        ord_type=order.ord_type,
        price=line.price,
        stop_price=order.stop_price,
        time_in_force=order.time_in_force,
        last_qty=told.last_qty,
        last_px=told.last_px,
        account=order.account,
        link_id=order.link_id,
        secondary_id=order.secondary_id,
        extra=_extra(step, line),
    )


def _extra(step: VenueStep, line: Line) -> Fields:
    order, fields = line.order, []
    if line.day > 1:
        fields += [(DAY_ORDER_QTY, str(line.day_quantity)), (DAY_CUM_QTY, str(line.day_cum))]
        fields.append((DAY_AVG_PX, line.day_average))
    if order.cash_quantity:
        fields.append((CASH_ORDER_QTY, order.cash_quantity))
        fields += [(CURRENCY, order.currency)] if order.currency else []
    if order.exec_inst:
        fields.append((18, order.exec_inst))
    if "WorkingIndicator" in step.stated:
        fields.append((WORKING_INDICATOR, "Y" if step.stated["WorkingIndicator"] else "N"))
    return tuple(fields)


def _unknown(step: VenueStep, cast: Cast, now: Now) -> Report:
    """A status request for an order that the venue does not know."""
    return Report(
        client=cast.client,
        order_id=NO_ORDER,
        cl_ord_id=cast.ids.get(step.text("ClOrdID"), ""),
        exec_id=NO_EXECUTION,
        exec_type=EXEC_TYPES[step.says],
        ord_status=OrdStatus.REJECTED,
        symbol=cast.symbol,
        side=cast.side,
        order_qty=0,
        cum_qty=0,
        leaves_qty=0,
        avg_px="0",
        trade_date=now.trade_date,
        transact_time=now.transact_time,
    )


def _cancel_rejected(step: VenueStep, cast: Cast, line: Line | None, now: Now) -> CancelRejected:
    letter = step.text("ClOrdID")
    request = cast.asked.get(letter)
    change = line.change(cast.ids.get(letter, "")) if line is not None else None
    if line is not None and change is not None:
        line.changes.remove(change)
    cancels = change.cancels if change is not None else isinstance(request, CancelOrder)
    return CancelRejected(
        client=cast.client,
        order_id=NO_ORDER if line is None else line.order_id,
        cl_ord_id=cast.ids.get(letter, ""),
        orig_cl_ord_id=str(getattr(request, "orig_cl_ord_id", ""))
        if line is None
        else line.cl_ord_id,
        ord_status=OrdStatus.REJECTED if line is None else line.status,
        response_to=ResponseTo.CANCEL if cancels else ResponseTo.REPLACE,
        transact_time=now.transact_time,
        reason=CxlRejReason.VENUE_OPTION,
        account=str(getattr(request, "account", "")),
        link_id=str(getattr(request, "link_id", "")),
        secondary_id=str(getattr(request, "secondary_id", "")),
    )


_REPORT_FIELDS: Mapping[str, str] = {
    "ClOrdID": "cl_ord_id",
    "OrigClOrdID": "orig_cl_ord_id",
    "OrdStatus": "ord_status",
    "OrderQty": "order_qty",
    "CumQty": "cum_qty",
    "LeavesQty": "leaves_qty",
    "LastQty": "last_qty",
    "AvgPx": "avg_px",
}
_SAID_AS_STATED: Mapping[str, str] = {
    "LastPx": "last_px",
    "OrdRejReason": "rej_reason",
    "CxlRejReason": "reason",
    "ExecRestatementReason": "restatement_reason",
    "Text": "text",
}


def _with_stated(said: _Said, step: VenueStep, cast: Cast) -> _Said:
    changes: dict[str, object] = {}
    for name, stated in step.stated.items():
        value = _actual(name, stated, cast)
        if name in _SAID_AS_STATED:
            changes[_SAID_AS_STATED[name]] = value
        elif name in _REPORT_FIELDS:
            follows = getattr(said, _REPORT_FIELDS[name])
            repeats = name == "LastQty" and follows is None  # A status may repeat it as 0.
            if follows != value and not (step.odd or repeats):
                raise ContradictionError(name, stated, follows)
            changes[_REPORT_FIELDS[name]] = value
    return said._replace(**changes)  # type: ignore[arg-type]  # Each field has its own type.


def _actual(name: str, stated: object, cast: Cast) -> object:
    """A stated value as this play says it."""
    if name in {"ClOrdID", "OrigClOrdID"}:
        return cast.ids.get(str(stated), "")
    if name == "OrdStatus":
        return ORD_STATUSES[str(stated)]
    if name in QUANTITIES and isinstance(stated, int):
        return cast.quantity(stated)
    if isinstance(stated, Decimal):
        return plain(stated)
    return stated
