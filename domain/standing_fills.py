"""The fills of an order that stand, and what they come to.

Whatever a fill says about the order, it is counted: only alarms differ.
"""

from decimal import Decimal
from typing import NamedTuple

from domain.exact import ZERO, plain
from domain.order_table import FILLS
from domain.order_terms import alarm_about
from domain.orders import Alarm, ExecType, ExecutionReport, Order, StandingFill, Undone


class Sums(NamedTuple):
    """The fills that stand, and what they come to."""

    fills: tuple[StandingFill, ...]
    cum_qty: Decimal
    gross: Decimal
    commission: Decimal
    undone: tuple[Undone, ...]


def fold_fill(order: Order, event: ExecutionReport) -> tuple[Sums, tuple[Alarm, ...]]:
    """Count, un-count or re-count an execution; anything else changes no quantity."""
    sums = Sums(order.fills, order.cum_qty, order.gross, order.commission, order.undone)
    if event.exec_type not in FILLS:
        return sums, ()
    alarms: list[Alarm] = []
    if event.exec_type is not ExecType.TRADE:
        sums, alarm = _undo(order, sums, event)
        alarms.append(alarm)
    if known := next((one for one in sums.undone if _is_of(one, event)), None):
        sums = sums._replace(undone=tuple(one for one in sums.undone if one is not known))
        text = f"execution {event.exec_id} was undone before it was heard: it does not count"
        alarms.append(alarm_about(order, "execution_busted", text))
    elif event.exec_type is not ExecType.TRADE_CANCEL and event.last_qty > 0:
        if event.last_px is None:
            text = f"execution {event.exec_id} has no LastPx: counted without money"
            alarms.append(alarm_about(order, "execution_without_price", text))
        fill = _fill_of(event)
        sums = _with(sums, fill, order.shares_of(fill))
    if sums.cum_qty > order.order_qty and sums.cum_qty > order.cum_qty:
        text = f"{plain(sums.cum_qty)} filled of {plain(order.order_qty)}; all of it is booked"
        alarms.append(alarm_about(order, "over_filled", text))
    return sums, tuple(alarms)


def _undo(order: Order, sums: Sums, event: ExecutionReport) -> tuple[Sums, Alarm]:
    """Without what a bust or a correction refers to, or with a note that it will not count."""
    kind = "busted" if event.exec_type is ExecType.TRADE_CANCEL else "corrected"
    text = f"execution {event.exec_ref_id} was {kind} by {event.exec_id}"
    found = next((f for f in reversed(sums.fills) if f.exec_id == event.exec_ref_id), None)
    if found is not None:
        alarm = alarm_about(order, f"execution_{kind}", text)
        return _without(sums, found, order.shares_of(found)), alarm
    is_of_itself = event.exec_ref_id == event.exec_id  # It undoes nothing.
    if event.exec_ref_id is not None and not is_of_itself:
        unheard = Undone(exec_id=event.exec_ref_id, at=event.transact_time)
        sums = sums._replace(undone=(*sums.undone, unheard))
    text = f"{text}, but it does not stand"
    return sums, alarm_about(order, "unknown_execution_changed", text)


def _is_of(undone: Undone, event: ExecutionReport) -> bool:
    return undone.exec_id == event.exec_id and event.transact_time <= undone.at


def _fill_of(event: ExecutionReport) -> StandingFill:
    return StandingFill(
        exec_id=event.exec_id,
        trade_date=event.trade_date,
        quantity=event.last_qty,
        price=event.last_px if event.last_px is not None else ZERO,
        commission=event.commission,
    )


def _with(sums: Sums, fill: StandingFill, shares: Decimal) -> Sums:
    """One fill more, of `shares` today; the sums move by it alone, however many there are."""
    return sums._replace(
        fills=(*sums.fills, fill),
        cum_qty=sums.cum_qty + shares,
        gross=sums.gross + fill.quantity * fill.price,
        commission=sums.commission + fill.commission,
    )


def _without(sums: Sums, fill: StandingFill, shares: Decimal) -> Sums:
    """As if the fill, of `shares` today, had never been."""
    return sums._replace(
        fills=tuple(one for one in sums.fills if one is not fill),
        cum_qty=sums.cum_qty - shares,
        gross=sums.gross - fill.quantity * fill.price,
        commission=sums.commission - fill.commission,
    )
