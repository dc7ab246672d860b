"""The fills of an order that stand, and what they come to.

Whatever a fill says about the order, it is counted: only alarms differ.
"""

from decimal import Decimal
from typing import NamedTuple

from domain.exact import ZERO, plain
from domain.order_table import FILLS
from domain.order_terms import alarm_about
from domain.orders import Alarm, ExecType, ExecutionReport, Order, StandingFill


class Sums(NamedTuple):
    """The fills that stand, and what they come to."""

    fills: tuple[StandingFill, ...]
    cum_qty: Decimal
    gross: Decimal
    commission: Decimal


def fold_fill(order: Order, event: ExecutionReport) -> tuple[Sums, tuple[Alarm, ...]]:
    """Count, un-count or re-count an execution; anything else changes no quantity."""
    sums = Sums(order.fills, order.cum_qty, order.gross, order.commission)
    if event.exec_type not in FILLS:
        return sums, ()
    alarms: list[Alarm] = []
    if event.exec_type is not ExecType.TRADE:
        kind = "busted" if event.exec_type is ExecType.TRADE_CANCEL else "corrected"
        found = next((f for f in reversed(order.fills) if f.exec_id == event.exec_ref_id), None)
        text = f"execution {event.exec_ref_id} was {kind} by {event.exec_id}"
        name = f"execution_{kind}" if found else "unknown_execution_changed"
        alarms.append(alarm_about(order, name, text if found else f"{text}, but it does not stand"))
        sums = sums if found is None else _without(sums, found, order.shares_of(found))
    if event.exec_type is not ExecType.TRADE_CANCEL and event.last_qty > 0:
        if event.last_px is None:
            text = f"execution {event.exec_id} has no LastPx: counted without money"
            alarms.append(alarm_about(order, "execution_without_price", text))
        fill = _fill_of(event)
        sums = _with(sums, fill, order.shares_of(fill))
    if sums.cum_qty > order.order_qty and sums.cum_qty > order.cum_qty:
        text = f"{plain(sums.cum_qty)} filled of {plain(order.order_qty)}; all of it is booked"
        alarms.append(alarm_about(order, "over_filled", text))
    return sums, tuple(alarms)


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
    return Sums(
        fills=(*sums.fills, fill),
        cum_qty=sums.cum_qty + shares,
        gross=sums.gross + fill.quantity * fill.price,
        commission=sums.commission + fill.commission,
    )


def _without(sums: Sums, fill: StandingFill, shares: Decimal) -> Sums:
    """As if the fill, of `shares` today, had never been."""
    return Sums(
        fills=tuple(one for one in sums.fills if one is not fill),
        cum_qty=sums.cum_qty - shares,
        gross=sums.gross - fill.quantity * fill.price,
        commission=sums.commission - fill.commission,
    )
