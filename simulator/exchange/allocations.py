"""Allocations: who of a block's accounts gets how many shares, taken and acknowledged.

An AllocationInstruction (J) is answered by an Ack (P): accepted, or rejected with its reason. A
block whose accounts came with the order gets an AllocationReport (AS) when it ends, if the
rules say so.
"""

import re
from decimal import Decimal

from simulator.exchange.desk import Desk
from simulator.exchange.orders import Order
from simulator.values.messages import Fields, Note
from simulator.values.requests import Allocate, AllocationReportAck

_NEW, _REPLACE, _CANCEL = "0", "1", "2"  # AllocTransType (71).
_ACCEPTED, _REJECTED, _RECEIVED = "0", "1", "3"  # AllocStatus (87).
_PRICE = re.compile(r"\d{1,9}(\.\d{1,12})?", re.ASCII)
_KEPT = 10_000  # Allocations and reports, the latest.

# AllocRejCode (88).
_INCORRECT_QUANTITY, _INCORRECT_PRICE, _OTHER = "1", "2", "7"
_INCORRECT_SHARES, _MISMATCHED, _UNKNOWN_ORDER = "8", "11", "12"


class Allocations:
    """Allocations of all clients."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._accepted: dict[tuple[str, str], Allocate] = {}
        self._reports: dict[str, str] = {}  # AllocReportID -> AllocStatus that came back.
        self._count = 0

    def take(self, request: Allocate) -> None:
        """Answer an AllocationInstruction."""
        if self._desk.rules.allocation_received:
            self._acknowledge(request, _RECEIVED)
        refusal = self._refusal(request)
        if refusal is not None:
            self._acknowledge(request, _REJECTED, *refusal)
            return
        key = (request.client, request.alloc_id)
        if request.transaction == _CANCEL:
            self._accepted.pop(key, None)
        else:
            self._accepted[key] = request
            while len(self._accepted) > _KEPT:
                del self._accepted[next(iter(self._accepted))]
        self._acknowledge(request, _ACCEPTED)

    def report(self, order: Order) -> None:
        """A block with accounts of its own has ended: say who got what."""
        if not order.filled or not order.client:
            return
        self._count += 1
        moment, instrument = self._desk.moment, order.listing.instrument
        report_id = f"{self._desk.rules.name}-A{self._count:06d}"
        self._reports[report_id] = ""
        while len(self._reports) > _KEPT:
            del self._reports[next(iter(self._reports))]
        average = instrument.mean(order.gross, order.filled)
        shared = _share(order)
        fields: Fields = (
            (755, report_id),
            (70, report_id),
            (71, _NEW),
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
            (78, str(len(shared))),
        )
        for account, shares in shared:
            fields += ((79, account), (80, str(shares)), (153, average))
        self._desk.answer(Note(order.client, "AS", fields))

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
                for one in self._accepted.values()
            ],
            "reports": dict(self._reports),
        }

    def _refusal(self, request: Allocate) -> tuple[str, str] | None:
        known = (request.client, request.alloc_id) in self._accepted
        if request.transaction == _NEW and known:
            return _OTHER, f"AllocID(70) {request.alloc_id} was used before"
        if request.transaction in (_REPLACE, _CANCEL) and not known:
            return _OTHER, f"AllocID(70) {request.alloc_id} is unknown"
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
        if not orders:
            return None
        filled = sum(order.filled for order in orders)
        if filled != int(request.quantity):
            text = f"the orders have filled {filled}, Quantity(53) is {request.quantity}"
            return _INCORRECT_QUANTITY, text
        gross = sum(order.gross for order in orders)
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


def _share(order: Order) -> list[tuple[str, int]]:
    """What was filled, in the proportions of the order; lost fractions go to the largest ones."""
    wanted = [(account, int(shares)) for account, shares in order.allocations]
    whole = sum(shares for _, shares in wanted)
    exact = [divmod(order.filled * shares, whole) for _, shares in wanted]
    left = order.filled - sum(shares for shares, _ in exact)
    ranks = sorted(range(len(exact)), key=lambda one: (-exact[one][1], one))[:left]
    return [
        (account, exact[place][0] + (place in ranks)) for place, (account, _) in enumerate(wanted)
    ]


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _is_rounded(said: str, ours: str) -> bool:
    """Whether a price is ours, perhaps with fewer decimals."""
    if not _PRICE.fullmatch(said):
        return False
    half_step = Decimal(5).scaleb(-1 - len(said.partition(".")[2]))
    return abs(Decimal(said) - Decimal(ours)) <= half_step
