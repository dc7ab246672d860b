"""What the broker tells its clients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from simulator.broker.parent import Parent
from simulator.values.messages import (
    NO_EXECUTION,
    NO_ORDER,
    CancelRejected,
    Fields,
    Report,
)
from simulator.values.numbers import whole_number
from simulator.values.requests import (
    AskMassStatus,
    AskStatus,
    CancelOrder,
    NewOrder,
    ReplaceOrder,
)
from simulator.values.words import CxlRejReason, ExecType, OrdRejReason, OrdStatus, ResponseTo

LAST_MARKET = 30
LIST_ID = 66
TARGET_STRATEGY = 847
_CENT = Decimal("0.01")


@dataclass(slots=True)
class Desk:
    """Numbers and dates of every message."""

    venue: str
    time_zone: ZoneInfo
    fee_per_share: Decimal
    executions: int = 0

    def report(
        self,
        parent: Parent,
        kind: ExecType,
        now: datetime,
        *,
        cl_ord_id: str = "",
        orig_cl_ord_id: str = "",
    ) -> Report:
        """A report that shows the order as it stands."""
        order = parent.order
        is_status = kind is ExecType.ORDER_STATUS
        told = ((LIST_ID, order.list_id), (TARGET_STRATEGY, order.strategy))
        extra: Fields = tuple(field for field in told if field[1])
        return Report(
            client=parent.client,
            order_id=parent.order_id,
            cl_ord_id=cl_ord_id or parent.cl_ord_id,
            orig_cl_ord_id=orig_cl_ord_id,
            exec_id=NO_EXECUTION if is_status else self.next_exec_id(now),
            exec_type=kind,
            ord_status=parent.status,
            symbol=order.symbol,
            side=order.side,
            order_qty=parent.quantity,
            cum_qty=parent.cum,
            leaves_qty=parent.leaves,
            avg_px=parent.average,
            trade_date=self.date(now),
            transact_time=stamp(now),
            security_id=order.security_id,
            ord_type=order.ord_type,
            price=parent.price,
            time_in_force=order.time_in_force,
            account=order.account,
            link_id=order.link_id,
            secondary_id=order.secondary_id,
            extra=extra,
        )

    def trade(
        self, parent: Parent, quantity: int, price: str, market: str, now: datetime
    ) -> Report:
        """Shares that a child traded; `market` goes out as LastMkt (30)."""
        fee = (self.fee_per_share * quantity).quantize(_CENT, ROUND_HALF_UP)
        report = self.report(parent, ExecType.TRADE, now)
        return report._replace(
            last_qty=quantity,
            last_px=price,
            fee=str(fee) if self.fee_per_share else "",
            extra=(*report.extra, (LAST_MARKET, market)),
        )

    def order_refused(
        self, order: NewOrder, reason: OrdRejReason, text: str, now: datetime
    ) -> Report:
        """A new order that is not taken."""
        return Report(
            client=order.client,
            order_id=NO_ORDER,
            cl_ord_id=order.cl_ord_id,
            exec_id=self.next_exec_id(now),
            exec_type=ExecType.REJECTED,
            ord_status=OrdStatus.REJECTED,
            symbol=order.symbol,
            side=order.side,
            order_qty=whole_number(order.quantity) or 0,
            cum_qty=0,
            leaves_qty=0,
            avg_px="0",
            trade_date=self.date(now),
            transact_time=stamp(now),
            rej_reason=reason,
            text=text,
            account=order.account,
            link_id=order.link_id,
            secondary_id=order.secondary_id,
        )

    def duplicate_refused(self, order: NewOrder, first: Parent, now: datetime) -> Report:
        """A second order under a ClOrdID: the first one's state is quoted, and not changed."""
        report = self.report(first, ExecType.REJECTED, now, cl_ord_id=order.cl_ord_id)
        text = f"ClOrdID (11) {order.cl_ord_id} was used before"
        return report._replace(rej_reason=OrdRejReason.DUPLICATE_ORDER, text=text)

    def mass_status(
        self, request: AskMassStatus, parents: Sequence[Parent], now: datetime
    ) -> Iterator[Report]:
        """A status of each; the last one says so."""
        if not parents:
            nothing = AskStatus(request.client, "", request.symbol or "[N/A]", "1")
            report = self.unknown_status(nothing, now)
            yield report._replace(extra=((584, request.request_id), (911, "0"), (912, "Y")))
        for left, parent in enumerate(parents, 1 - len(parents)):
            report = self.report(parent, ExecType.ORDER_STATUS, now)
            counted = ((584, request.request_id), (911, str(len(parents))))
            last = (912, "N" if left else "Y")
            yield report._replace(extra=(*report.extra, *counted, last))

    def unknown_status(self, request: AskStatus, now: datetime) -> Report:
        """A status request for an order that is not here."""
        return Report(
            client=request.client,
            order_id=NO_ORDER,
            cl_ord_id=request.cl_ord_id,
            exec_id=NO_EXECUTION,
            exec_type=ExecType.ORDER_STATUS,
            ord_status=OrdStatus.REJECTED,
            symbol=request.symbol,
            side=request.side,
            order_qty=0,
            cum_qty=0,
            leaves_qty=0,
            avg_px="0",
            trade_date=self.date(now),
            transact_time=stamp(now),
            rej_reason=OrdRejReason.UNKNOWN_ORDER,
            text="unknown order",
        )

    def change_refused(
        self,
        request: CancelOrder | ReplaceOrder,
        parent: Parent | None,
        reason: CxlRejReason,
        text: str,
        now: datetime,
    ) -> CancelRejected:
        """A cancel or replace that is not done."""
        cancels = isinstance(request, CancelOrder)
        return CancelRejected(
            client=request.client,
            order_id=NO_ORDER if parent is None else parent.order_id,
            cl_ord_id=request.cl_ord_id,
            orig_cl_ord_id=request.orig_cl_ord_id if parent is None else parent.cl_ord_id,
            ord_status=OrdStatus.REJECTED if parent is None else parent.status,
            response_to=ResponseTo.CANCEL if cancels else ResponseTo.REPLACE,
            transact_time=stamp(now),
            reason=reason,
            text=text,
            account=request.account,
            link_id=request.link_id,
            secondary_id=request.secondary_id,
        )

    def next_exec_id(self, now: datetime) -> str:
        """An ExecID that was never used before."""
        self.executions += 1
        return f"{self.venue}-{self.date(now)}-{self.executions:06d}"

    def date(self, now: datetime) -> str:
        """TradeDate (75)."""
        return f"{now.astimezone(self.time_zone):%Y%m%d}"


def stamp(now: datetime) -> str:
    """TransactTime (60)."""
    return f"{now:%Y%m%d-%H:%M:%S}.{now.microsecond // 1000:03d}"
