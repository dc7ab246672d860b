"""Disagreements: our fold of an order against what the venue says of it."""

from decimal import Decimal

from domain.exact import plain
from domain.order_table import FILLS
from domain.order_terms import alarm_about
from domain.orders import Alarm, ExecType, ExecutionReport, Order, OrdType, TimeInForce

AVERAGE_PRICE_TOLERANCE = Decimal("0.0001")  # Dollars a share: venues round AvgPx.


def disagreements(order: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    """Our fold against the venue's CumQty, LeavesQty and AvgPx."""
    found: list[Alarm] = []
    if event.cum_qty != order.cum_qty:
        text = f"CumQty is {plain(event.cum_qty)} at the venue, {plain(order.cum_qty)} by our fills"
        found.append(alarm_about(order, "cum_qty_disagrees", text))
    elif event.leaves_qty != order.leaves_qty and not order.is_closed:
        text = (
            f"LeavesQty is {plain(event.leaves_qty)} at the venue, "
            f"{plain(order.leaves_qty)} by our fills"
        )
        found.append(alarm_about(order, "leaves_qty_disagrees", text))
    elif event.avg_px is not None and order.cum_qty > 0:
        difference = abs(event.avg_px * order.cum_qty - order.gross)
        if difference > AVERAGE_PRICE_TOLERANCE * order.cum_qty:
            text = (
                f"AvgPx is {plain(event.avg_px)} at the venue; "
                f"our fills are {plain(order.gross)} dollars for {plain(order.cum_qty)} shares"
            )
            found.append(alarm_about(order, "avg_px_disagrees", text))
    return (*found, *_of_another_day(order, event), *_other_terms(order, event))


def _of_another_day(order: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    """A Day order trades on its own day: another TradeDate means that two clocks disagree."""
    intent = order.intent
    if event.exec_type not in FILLS or intent.time_in_force is not TimeInForce.DAY:
        return ()
    if event.trade_date == intent.trade_date:
        return ()
    text = f"TradeDate is {event.trade_date} at the venue, the order is of {intent.trade_date}"
    return (alarm_about(order, "trade_date_disagrees", text),)


def _other_terms(order: Order, event: ExecutionReport) -> tuple[Alarm, ...]:
    """An acknowledgement of something else than was asked for."""
    if event.exec_type is not ExecType.NEW:
        return ()
    intent = order.intent
    terms: tuple[tuple[str, OrdType | TimeInForce | Decimal | None, object], ...] = (
        ("OrdType", event.ord_type, intent.ord_type),
        ("TimeInForce", event.time_in_force, intent.time_in_force),
        ("Price", event.limit_price, intent.limit_price),
        ("StopPx", event.stop_price, intent.stop_price),
    )
    others = [
        f"{name} is {_term(said)} at the venue, we asked for {_term(meant)}"
        for name, said, meant in terms
        if said is not None and meant is not None and said != meant
    ]
    return tuple(alarm_about(order, "terms_disagree", text) for text in others)


def _term(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else getattr(value, "name", str(value))
