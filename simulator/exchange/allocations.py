"""Allocations: who of a block's accounts gets how many shares, taken and acknowledged.

An AllocationInstruction (J) is answered by an Ack (P): accepted, or rejected with its reason. A
preliminary one comes before its order, which names it by AllocID (70). A block whose accounts
came with the order, or before it, gets an AllocationReport (AS) when it ends, if the rules say
so, and another one in its place when it changes after that.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from simulator.exchange.desk import Desk
from simulator.exchange.orders import Order
from simulator.values.messages import Fields, Note
from simulator.values.requests import Allocate, AllocationReportAck

_NEW, _REPLACE, _CANCEL = "0", "1", "2"  # AllocTransType (71).
_PRELIMINARY = "2"  # AllocType (626).
_ACCEPTED, _REJECTED, _RECEIVED = "0", "1", "3"  # AllocStatus (87).
_PRICE = re.compile(r"\d{1,9}(\.\d{1,12})?", re.ASCII)
_DOLLARS = "3"  # CommType (13): an absolute amount.
_KEPT = 10_000  # Allocations and reports, the latest.

# AllocRejCode (88).
_INCORRECT_QUANTITY, _INCORRECT_PRICE, _OTHER = "1", "2", "7"
_INCORRECT_SHARES, _MISMATCHED, _UNKNOWN_ORDER = "8", "11", "12"


class Allocations:
    """Allocations of all clients."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._used: dict[tuple[str, str], None] = {}  # AllocIDs of clients.
        self._reports: dict[str, str] = {}  # AllocReportID -> AllocStatus that came back.
        self._reported: dict[str, str] = {}  # OrderID -> its latest AllocReportID.
        self._count = 0

    def take(self, request: Allocate) -> None:
        """Answer an AllocationInstruction."""
        if self._desk.rules.allocation_received:
            self._acknowledge(request, _RECEIVED)
        refusal = self._refusal(request)
        if refusal is not None:
            self._acknowledge(request, _REJECTED, *refusal)
            return
        standing, key = self._desk.instructions, (request.client, request.alloc_id)
        if request.transaction != _NEW:
            standing.pop(_about(request), None)
        if request.transaction != _CANCEL:
            standing[key] = request
            _bound(standing)
        if request.transaction == _REPLACE and request.kind == _PRELIMINARY:
            self._hand_on(request)
        self._used[key] = None
        _bound(self._used)
        self._acknowledge(request, _ACCEPTED)

    def _hand_on(self, request: Allocate) -> None:
        """The orders that it names are for these accounts from now on."""
        for cl_ord_id in request.cl_ord_ids:
            order = self._desk.register.order(request.client, cl_ord_id, "")
            assert order is not None, "an unknown one was refused"
            order.allocations, order.alloc_id = request.allocations, request.alloc_id

    def report(self, order: Order) -> None:
        """A block with accounts of its own has ended: say who got what."""
        earlier = self._reported.get(order.order_id, "")
        if not order.client or not (order.filled or earlier):
            return
        self._count += 1
        report_id = f"{self._desk.rules.name}-A{self._count:06d}"
        self._reports[report_id] = ""
        self._reported[order.order_id] = report_id
        _bound(self._reports)
        _bound(self._reported)
        moment = self._desk.moment
        average = order.listing.instrument.mean(order.gross, order.filled)
        fields: Fields = (
            (755, report_id),
            (70, order.alloc_id or report_id),
            (71, _REPLACE if earlier else _NEW),
            *(((795, earlier),) if earlier else ()),
            (794, "3"),  # AllocReportType: sellside calculated using preliminary.
            (87, _ACCEPTED),
            (857, "1"),  # The orders are listed.
            (73, "1"),
            (11, order.cl_ord_id),
            (37, order.order_id),
            (54, order.side),
            (55, order.symbol),
            (53, str(order.filled)),
            (6, average),
            (75, moment.date),
            (60, moment.text),
            (78, str(len(order.allocations))),
            *self._parts(order, average),
        )
        self._desk.answer(Note(order.client, "AS", fields))

    def _parts(self, order: Order, average: str) -> Iterator[tuple[int, str]]:
        """What each account got, and its part of the fees."""
        wanted = [int(shares) for _, shares in order.allocations]
        shared = share(order.filled, wanted)
        fees = sum(Decimal(self._desk.fees.text(fill.quantity)) for fill in order.fills)
        cents = share(int(fees * 100), shared) if order.filled else [0] * len(shared)
        for (account, _), shares, part in zip(order.allocations, shared, cents, strict=True):
            yield from ((79, account), (80, str(shares)))
            if fees:
                yield from ((12, str(Decimal(part).scaleb(-2))), (13, _DOLLARS))
            yield 153, average

    def acknowledged(self, request: AllocationReportAck) -> None:
        """The client has said what it thinks of a report."""
        if request.report_id in self._reports:
            self._reports[request.report_id] = request.status

    def view(self) -> dict[str, object]:
        """Instructions that stand, and reports with the status that came back."""
        return {
            "instructions": [
                {
                    "client": one.client,
                    "alloc_id": one.alloc_id,
                    "symbol": one.symbol,
                    "side": one.side,
                    "quantity": one.quantity,
                    "accounts": [list(pair) for pair in one.allocations],
                }
                for one in self._desk.instructions.values()
            ],
            "reports": dict(self._reports),
        }

    def _refusal(self, request: Allocate) -> tuple[str, str] | None:
        if (request.client, request.alloc_id) in self._used and (
            request.reference or request.transaction == _NEW
        ):
            return _OTHER, f"AllocID(70) {request.alloc_id} was used before"
        _, about = _about(request)
        if request.transaction in (_REPLACE, _CANCEL) and (
            _about(request) not in self._desk.instructions
        ):
            return _OTHER, f"AllocID {about} is unknown"
        if request.transaction not in (_NEW, _REPLACE, _CANCEL):
            return _OTHER, f"AllocTransType(71) {request.transaction:.10}: use 0, 1 or 2"
        if request.transaction == _CANCEL:
            return None
        return self._wrong_quantity(request) or self._wrong_orders(request)

    def _wrong_quantity(self, request: Allocate) -> tuple[str, str] | None:
        if not request.allocations:
            return _OTHER, "NoAllocs(78) must name an account or more"
        parts = [shares for _, shares in request.allocations]
        if not all(_is_plain(text) for text in (request.quantity, *parts)):
            return _INCORRECT_QUANTITY, "quantities must be whole numbers of shares"
        shared = sum(int(text) for text in parts)
        if shared != int(request.quantity):
            text = f"AllocQty(80) add up to {shared}, Quantity(53) is {request.quantity}"
            return _INCORRECT_SHARES, text
        return None

    def _wrong_orders(self, request: Allocate) -> tuple[str, str] | None:
        """The orders of the block: known, of the same symbol and side, and filled so far."""
        orders = []
        for cl_ord_id in request.cl_ord_ids:
            order = self._desk.register.order(request.client, cl_ord_id, "")
            if order is None:
                return _UNKNOWN_ORDER, f"ClOrdID(11) {cl_ord_id!r:.70} is unknown"
            if (order.symbol, order.side) != (request.symbol, request.side):
                text = f"order {cl_ord_id} is in {order.symbol}, Side(54) {order.side}"
                return _MISMATCHED, text
            orders.append(order)
        if not orders or request.kind == _PRELIMINARY:
            return None
        filled, gross = _figures(orders, request)
        if filled != int(request.quantity):
            text = f"the orders have filled {filled}, Quantity(53) is {request.quantity}"
            return _INCORRECT_QUANTITY, text
        average = orders[0].listing.instrument.mean(gross, filled)
        if request.average_price and not _is_rounded(request.average_price, average):
            return _INCORRECT_PRICE, f"AvgPx(6) is {request.average_price}, ours {average}"
        return None

    def _acknowledge(self, request: Allocate, status: str, code: str = "", text: str = "") -> None:
        moment = self._desk.moment
        fields = (
            (70, request.alloc_id),
            (75, request.trade_date or moment.date),
            (60, moment.text),
            (87, status),
            *([(88, code)] if code else []),
            *([(58, text)] if text else []),
        )
        self._desk.answer(Note(request.client, "P", fields))


def _figures(orders: Sequence[Order], request: Allocate) -> tuple[int, int]:
    """Shares and units that were filled: of its TradeDate if that is what it is about, or ever."""
    today = [fill for order in orders for fill in order.fills if fill.date == request.trade_date]
    filled = sum(fill.quantity for fill in today)
    if str(filled) == request.quantity:
        return filled, sum(fill.quantity * fill.price for fill in today)
    return sum(order.filled for order in orders), sum(order.gross for order in orders)


def share(whole: int, weights: Sequence[int]) -> list[int]:
    """`whole` in the proportions of `weights`; lost fractions go to the largest ones."""
    total = sum(weights)
    exact = [divmod(whole * weight, total) for weight in weights]
    left = whole - sum(units for units, _ in exact)
    ranks = sorted(range(len(exact)), key=lambda one: (-exact[one][1], one))[:left]
    return [units + (place in ranks) for place, (units, _) in enumerate(exact)]


def _about(request: Allocate) -> tuple[str, str]:
    """Client and AllocID of what a Replace or a Cancel is about."""
    return request.client, request.reference or request.alloc_id


def _bound(kept: dict[Any, Any]) -> None:
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _is_rounded(said: str, ours: str) -> bool:
    """Whether a price is ours, perhaps with fewer decimals."""
    if not _PRICE.fullmatch(said):
        return False
    half_step = Decimal(5).scaleb(-1 - len(said.partition(".")[2]))
    return abs(Decimal(said) - Decimal(ours)) <= half_step
