"""What exchanges say to child orders, and what that means for the client's order."""

from datetime import datetime
from decimal import Decimal

from simulator.broker.parent import Child, Fill, Parent
from simulator.broker.reports import Desk
from simulator.values.messages import Message, Report
from simulator.values.words import ExecType, OrdStatus

_OPEN = {OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED, OrdStatus.PENDING_CANCEL, OrdStatus.PENDING_NEW}
_CHANGES = {ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT}


class Executions:
    """Executions pass through with ids of our own; a bust of the exchange is one of ours."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._volume: dict[str, int] = {}

    def volume(self, symbol: str) -> int:
        """Shares that our children traded."""
        return self._volume.get(symbol, 0)

    def hear(self, parent: Parent, venue: str, report: Report, now: datetime) -> list[Message]:
        """One report on a child."""
        said: list[Message] = []
        if report.exec_type == ExecType.TRADE and report.last_qty:
            said.append(self._trade(parent, venue, report, report.last_qty, now))
        elif report.exec_type in _CHANGES:
            said += self._taken_back(parent, venue, report, now)
        name = report.orig_cl_ord_id or report.cl_ord_id
        if report.ord_status in _OPEN and report.leaves_qty:
            child = parent.children.setdefault(name, Child(name, venue, 0))
            child.leaves = report.leaves_qty
        else:
            parent.children.pop(name, None)
        return said

    def _trade(
        self, parent: Parent, venue: str, report: Report, quantity: int, now: datetime
    ) -> Report:
        symbol = parent.order.symbol
        self._volume[symbol] = self.volume(symbol) + quantity
        fill = Fill("", quantity, Decimal(report.last_px))
        parent.fills[f"{venue}/{report.exec_id}"] = fill
        told = self._desk.trade(parent, quantity, report.last_px, venue, now)
        fill.exec_id = told.exec_id
        return told

    def _taken_back(
        self, parent: Parent, venue: str, report: Report, now: datetime
    ) -> list[Message]:
        fill = parent.fills.pop(f"{venue}/{report.exec_ref_id}", None)
        if fill is None:
            return []
        reference, kind = fill.exec_id, ExecType(report.exec_type)
        quantity, price = 0, "0"
        if kind is ExecType.TRADE_CORRECT:
            quantity = fill.quantity if report.last_qty is None else report.last_qty
            price = report.last_px or str(fill.price)
            fill.quantity, fill.price = quantity, Decimal(price)
            parent.fills[f"{venue}/{report.exec_id}"] = fill
        told = self._desk.report(parent, kind, now)
        fill.exec_id = told.exec_id
        return [told._replace(exec_ref_id=reference, last_qty=quantity, last_px=price)]
