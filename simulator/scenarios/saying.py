"""What the venue says at a step: the order does what the step says, and a report shows it.

A figure that the script states must be the one that follows, unless the step is marked odd.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeVar

from simulator.scenarios.line import Change, Fill, Line
from simulator.scenarios.script import QUANTITIES, VenueStep
from simulator.scenarios.words import CANCEL_REJECT, EXEC_TYPES, ORD_STATUSES
from simulator.values.messages import NO_EXECUTION, NO_ORDER, CancelRejected, Fields, Report
from simulator.values.numbers import plain
from simulator.values.requests import CancelOrder, Request
from simulator.values.words import CxlRejReason, ExecType, OrdStatus, ResponseTo

DAY_ORDER_QTY, DAY_CUM_QTY, DAY_AVG_PX = 424, 425, 426
WORKING_INDICATOR, CASH_ORDER_QTY, CURRENCY = 636, 152, 15
_Said = TypeVar("_Said", Report, CancelRejected)
_DUPLICATES = (6, 7)  # OrdRejReason: of an order, of a verbal order.
_PRICED = {ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.STOPPED}


class ContradictionError(Exception):
    """A step states what does not follow from the steps before it."""

    def __init__(self, field: str, stated: object, follows: object) -> None:
        super().__init__(f"{field} is {stated}, but {follows} follows from the steps before")
        self.field = field


class Now(NamedTuple):
    """Of the moment: what every message carries, and the next free execution."""

    exec_id: str
    trade_date: str
    transact_time: str
    market: Decimal  # The price of an execution where neither script nor order has one.


@dataclass(slots=True)
class Cast:
    """Who the letters of a script stand for in one play."""

    client: str
    symbol: str
    side: str
    scale: Fraction  # Quantities of the play per quantity of the script.
    ids: dict[str, str]
    lines: dict[str, Line]  # By the letter of any ClOrdID that the order had.
    executions: dict[str, str]
    asked: dict[str, Request]  # Requests by the letter of their ClOrdID.
    status_of: str = ""  # The ClOrdID that the last status request named.

    def quantity(self, figure: int) -> int:
        """A quantity of the script in this play."""
        return int(figure * self.scale)

    def line(self, letter: str) -> Line | None:
        """The order that a letter belongs to; the only one where none is named."""
        if letter:
            return self.lines.get(letter)
        return next(iter(self.lines.values()), None)


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
    told = _do(step, cast, line, now)
    said = _with_stated(_report(step, cast, line, now, told), step, cast)
    if said.ord_status is OrdStatus.CANCELED:
        line.ended = OrdStatus.CANCELED  # Also where one report bundles a fill and the end.
    return said


class _Told(NamedTuple):
    """What a report says beyond the order's standing."""

    cl_ord_id: str
    orig_cl_ord_id: str = ""
    last_qty: int | None = 0
    last_px: str = ""
    exec_ref_id: str = ""


def _do(step: VenueStep, cast: Cast, line: Line, now: Now) -> _Told:
    kind = EXEC_TYPES[step.says]
    named = cast.ids.get(step.text("ClOrdID"), "")
    if kind in _ENDINGS_OF_CHANGES:
        change = None if named and named == line.cl_ord_id else line.change(named)
        if change is not None:
            return _change(kind, line, change)
        if kind is not ExecType.CANCELED:
            raise ContradictionError("venue", step.says, "no request of the client's")
    if kind in _EXECUTIONS:
        return _execution(kind, step, cast, line, now)
    _stand(kind, step, cast, line)
    if kind is not ExecType.ORDER_STATUS:
        return _Told(line.cl_ord_id)
    older = cast.status_of if cast.status_of != line.cl_ord_id else ""
    return _Told(line.cl_ord_id, older, None)


_ENDINGS_OF_CHANGES = {
    ExecType.PENDING_CANCEL,
    ExecType.PENDING_REPLACE,
    ExecType.CANCELED,
    ExecType.REPLACED,
}
_EXECUTIONS = {*_PRICED, ExecType.TRADE_CANCEL}


def _change(kind: ExecType, line: Line, change: Change) -> _Told:
    """A pending cancel or replace goes on; OrigClOrdID is the last ClOrdID that was accepted."""
    told = _Told(change.cl_ord_id, line.cl_ord_id)
    if kind in {ExecType.PENDING_CANCEL, ExecType.PENDING_REPLACE}:
        change.told = True
        return told
    line.changes.remove(change)
    if kind is ExecType.CANCELED:
        line.ended = OrdStatus.CANCELED
    else:
        line.cl_ord_id = change.cl_ord_id
        line.quantity = max(change.quantity, line.cum)
        line.price = change.price or line.price
    return told


def _execution(kind: ExecType, step: VenueStep, cast: Cast, line: Line, now: Now) -> _Told:
    quantity = cast.quantity(_figure(step, "LastQty"))
    price = _price(step, line, now)
    if kind is ExecType.STOPPED:
        line.stopped = True
        return _Told(line.cl_ord_id, "", quantity, plain(price))
    if kind is ExecType.TRADE:
        line.fills.append(Fill(now.exec_id, quantity, price, line.day))
        if line.cum > line.quantity and not step.odd:
            raise ContradictionError("LastQty", _figure(step, "LastQty"), "less that is open")
        return _Told(line.cl_ord_id, "", quantity, plain(price))
    reference = cast.executions.get(step.text("ExecRefID"), "")
    fill = line.fill(reference)
    if fill is None:
        raise ContradictionError("ExecRefID", step.text("ExecRefID"), "no standing execution")
    if kind is ExecType.TRADE_CANCEL:
        line.fills.remove(fill)
        return _Told(line.cl_ord_id, "", 0, "0", reference)
    fill.exec_id, fill.quantity = now.exec_id, quantity or fill.quantity
    fill.price = price if "LastPx" in step.stated else fill.price
    return _Told(line.cl_ord_id, "", fill.quantity, plain(fill.price), reference)


def _stand(kind: ExecType, step: VenueStep, cast: Cast, line: Line) -> None:
    """What an order becomes without an execution or a request."""
    if kind is ExecType.NEW:
        line.accepted = True
        if "OrderQty" in step.stated and not line.quantity:
            line.quantity = cast.quantity(_figure(step, "OrderQty"))
    elif kind is ExecType.CANCELED:
        line.ended = OrdStatus.CANCELED
    elif kind is ExecType.REJECTED and not _quotes_another(step, line):
        line.ended = OrdStatus.REJECTED
    elif kind is ExecType.DONE_FOR_DAY:
        line.done_for_day = True
    elif kind is ExecType.EXPIRED:
        line.ended = OrdStatus.EXPIRED
    elif kind is ExecType.RESTATED:
        if "split" in step.stated:
            line.split(_figure(step, "split"))
        elif "OrderQty" in step.stated:
            line.quantity = cast.quantity(_figure(step, "OrderQty"))


def _quotes_another(step: VenueStep, line: Line) -> bool:
    """A duplicate is rejected with the state of the order that it repeats."""
    return line.accepted and step.stated.get("OrdRejReason") in _DUPLICATES


def _report(step: VenueStep, cast: Cast, line: Line, now: Now, told: _Told) -> Report:
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


def _figure(step: VenueStep, name: str) -> int:
    value = step.stated.get(name, 0)
    assert isinstance(value, int)
    return value


def _price(step: VenueStep, line: Line, now: Now) -> Decimal:
    stated = step.stated.get("LastPx")
    if isinstance(stated, Decimal):
        return stated
    return Decimal(line.price) if line.price else now.market
