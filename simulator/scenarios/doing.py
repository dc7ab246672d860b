"""What an order becomes by a venue's step, before anything is said of it."""

from decimal import Decimal
from typing import NamedTuple

from simulator.scenarios.cast import Cast, ContradictionError, Now
from simulator.scenarios.line import Change, Fill, Line
from simulator.scenarios.script import VenueStep
from simulator.scenarios.words import EXEC_TYPES
from simulator.values.numbers import plain
from simulator.values.words import ExecType, OrdStatus

_DUPLICATES = (6, 7)  # OrdRejReason: of an order, of a verbal order.
_CHANGES = {
    ExecType.PENDING_CANCEL,
    ExecType.PENDING_REPLACE,
    ExecType.CANCELED,
    ExecType.REPLACED,
}
_EXECUTIONS = {
    ExecType.TRADE,
    ExecType.TRADE_CORRECT,
    ExecType.TRADE_CANCEL,
    ExecType.STOPPED,
}


class Told(NamedTuple):
    """What a report says beyond the order's standing."""

    cl_ord_id: str
    orig_cl_ord_id: str = ""
    last_qty: int | None = 0
    last_px: str = ""
    exec_ref_id: str = ""


def do(step: VenueStep, cast: Cast, line: Line, now: Now) -> Told:
    """Let the order do what the step says. Raises ContradictionError."""
    kind = EXEC_TYPES[step.says]
    named = cast.ids.get(step.text("ClOrdID"), "")
    if kind in _CHANGES:
        change = None if named and named == line.cl_ord_id else line.change(named)
        if change is not None:
            return _change(kind, line, change)
        if kind is not ExecType.CANCELED:
            raise ContradictionError("venue", step.says, "no request of the client's")
    if kind in _EXECUTIONS:
        return _execution(kind, step, cast, line, now)
    _stand(kind, step, cast, line)
    if kind is not ExecType.ORDER_STATUS:
        return Told(line.cl_ord_id)
    older = cast.status_of if cast.status_of != line.cl_ord_id else ""
    return Told(line.cl_ord_id, older, None)


def _change(kind: ExecType, line: Line, change: Change) -> Told:
    """A pending cancel or replace goes on; OrigClOrdID is the last ClOrdID that was accepted."""
    told = Told(change.cl_ord_id, line.cl_ord_id)
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


def _execution(kind: ExecType, step: VenueStep, cast: Cast, line: Line, now: Now) -> Told:
    quantity = cast.quantity(_figure(step, "LastQty"))
    price = _price(step, line, now)
    if kind is ExecType.STOPPED:
        line.stopped = True
        return Told(line.cl_ord_id, "", quantity, plain(price))
    if kind is ExecType.TRADE:
        line.fills.append(Fill(now.exec_id, quantity, price, line.day))
        if line.cum > line.quantity and not step.odd:
            raise ContradictionError("LastQty", _figure(step, "LastQty"), "less that is open")
        return Told(line.cl_ord_id, "", quantity, plain(price))
    reference = cast.executions.get(step.text("ExecRefID"), "")
    fill = line.fill(reference)
    if fill is None:
        raise ContradictionError("ExecRefID", step.text("ExecRefID"), "no standing execution")
    if kind is ExecType.TRADE_CANCEL:
        line.fills.remove(fill)
        return Told(line.cl_ord_id, "", 0, "0", reference)
    fill.exec_id, fill.quantity = now.exec_id, quantity or fill.quantity
    fill.price = price if "LastPx" in step.stated else fill.price
    return Told(line.cl_ord_id, "", fill.quantity, plain(fill.price), reference)


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


def _figure(step: VenueStep, name: str) -> int:
    value = step.stated.get(name, 0)
    assert isinstance(value, int)
    return value


def _price(step: VenueStep, line: Line, now: Now) -> Decimal:
    stated = step.stated.get("LastPx")
    if isinstance(stated, Decimal):
        return stated
    return Decimal(line.price) if line.price else now.market
