"""What a venue says: execution reports and cancel rejects, ready for the wire."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from simulator.instruments import Instrument
from simulator.orders import Order
from simulator.words import (
    CxlRejReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    OrdType,
    ResponseTo,
    TimeInForce,
)

NO_ORDER = "NONE"  # OrderID (37) of what the venue does not know.
NO_EXECUTION = "0"  # ExecID (17) of an answer to a status request, as FIX 4.4 wants it.
_CENT = Decimal("0.01")
_AVERAGE = Decimal("0.00000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """ExecutionReport (35=8)."""

    client: str
    order_id: str
    cl_ord_id: str
    orig_cl_ord_id: str = ""
    exec_id: str
    exec_type: ExecType
    ord_status: OrdStatus
    symbol: str
    security_id: str = ""
    side: str
    ord_type: OrdType | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    order_qty: int
    cum_qty: int
    leaves_qty: int
    avg_px: Decimal
    last_qty: int = 0
    last_px: Decimal | None = None
    fee: Decimal | None = None  # Dollars, of this execution.
    reason: OrdRejReason | None = None
    text: str = ""
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""
    trade_date: date
    transact_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRejected:
    """OrderCancelReject (35=9)."""

    client: str
    order_id: str
    cl_ord_id: str
    orig_cl_ord_id: str
    ord_status: OrdStatus
    response_to: ResponseTo
    reason: CxlRejReason
    text: str
    account: str = ""
    link_id: str = ""
    secondary_id: str = ""
    transact_time: datetime


Message = Report | CancelRejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something happens: the instant, and the trade date it belongs to."""

    now: datetime
    trade_date: date


def report_on(
    order: Order,
    instrument: Instrument,
    moment: Moment,
    *,
    exec_id: str,
    exec_type: ExecType,
    cl_ord_id: str | None = None,
    orig_cl_ord_id: str = "",
    reason: OrdRejReason | None = None,
    text: str = "",
) -> Report:
    """A report that shows the order as it stands, without a fill."""
    return Report(
        client=order.client,
        order_id=order.order_id,
        cl_ord_id=order.cl_ord_id if cl_ord_id is None else cl_ord_id,
        orig_cl_ord_id=orig_cl_ord_id,
        exec_id=exec_id,
        exec_type=exec_type,
        ord_status=order.reported_status,
        symbol=order.symbol,
        security_id=order.security_id,
        side=order.side,
        ord_type=order.ord_type,
        price=None if order.price is None else instrument.price(order.price),
        time_in_force=order.time_in_force,
        order_qty=order.quantity,
        cum_qty=order.filled,
        leaves_qty=order.leaves,
        avg_px=average_price(order, instrument),
        reason=reason,
        text=text,
        account=order.account,
        link_id=order.link_id,
        secondary_id=order.secondary_id,
        trade_date=moment.trade_date,
        transact_time=moment.now,
    )


def average_price(order: Order, instrument: Instrument) -> Decimal:
    """Mean of the fills by quantity: exact, or rounded to eight places where it has no end."""
    if order.filled == 0:
        return Decimal(0)
    return (instrument.tick * order.gross / order.filled).quantize(_AVERAGE).normalize()


def fee_of(quantity: int, fee_per_share: Decimal) -> Decimal:
    """Dollars for one execution, rounded to the cent, half a cent up."""
    return (fee_per_share * quantity).quantize(_CENT, ROUND_HALF_UP)
