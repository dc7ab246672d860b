"""Lists: orders that come in one message, or in fragments of one.

A list is whole when its last fragment is here. Then each order goes the way of a single one, at
once or when a ListExecute (L) comes, and is reported on as ever; ListStatus (N) tells beside that
how all of them stand. There is no bidding here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.exchange.desk import Desk
from simulator.exchange.masscancel import MassCancels
from simulator.exchange.orders import Order
from simulator.values.messages import Fields, Note, Report
from simulator.values.requests import (
    AskListStatus,
    CancelList,
    Disconnected,
    ExecuteList,
    NewList,
    NewOrder,
)
from simulator.values.words import OrdStatus

_NO_BIDDING = "3"  # BidType (394).
_AT_ONCE, _WHEN_TOLD = "1", "2"  # ListExecInstType (433).
_ACK, _RESPONSE, _STARTED, _ALL_DONE = "1", "2", "4", "5"  # ListStatusType (429).
_RECEIVED, _EXECUTING, _CANCELLING, _DONE, _REJECT = "2", "3", "4", "6", "7"  # ListOrderStatus.
_UNKNOWN_ID = "1"  # BusinessRejectReason (380).
_MOST_ORDERS = 10_000  # Of one list.
_KEPT = 10_000  # Lists, the latest.
_PART = 100  # Orders in one ListStatus.

_Key = tuple[str, str]  # Client and ListID.


@dataclass(slots=True)
class _List:
    """One list; while `working` is None its orders are not with the book yet."""

    first: NewList
    orders: list[tuple[str, NewOrder]] = field(default_factory=list)
    whole: bool = False
    working: set[int] | None = None  # The numbers of open orders.
    over: bool = False  # No order of it is open, and that was said.
    refused: str = ""  # Why, of a list that was.

    @property
    def stage(self) -> str:
        """ListOrderStatus (431)."""
        if self.refused:
            return _REJECT
        if self.over:
            return _DONE
        return _RECEIVED if self.working is None else _EXECUTING


class Lists:
    """Lists of all clients. `enter` takes a new order as if it had come alone."""

    def __init__(self, desk: Desk, enter: Callable[[NewOrder], None], cancels: MassCancels) -> None:
        self._desk = desk
        self._enter = enter
        self._cancels = cancels
        self._lists: dict[_Key, _List] = {}
        self._touched: dict[_Key, _List] = {}  # Of this instant.

    def take(self, request: NewList) -> None:
        """A list, or a fragment: refused, kept for the rest to come, or begun."""
        key = (request.client, request.list_id)
        known = self._lists.get(key)
        if known is not None and known.whole:
            text = f"ListID(66) {request.list_id!r:.70} was used before"
            self._say(_List(request, list(request.orders), refused=text), _ACK)
            return
        one = known or self._keep(key, _List(request))
        one.orders += request.orders
        one.whole = request.last_fragment != "N"
        fault = self._fault(one, request)
        if fault:
            self._refuse(one, fault)
        elif one.whole:
            self._say(one, _ACK)
            if one.first.begins != _WHEN_TOLD:
                self._begin(one)

    def execute(self, request: ExecuteList) -> None:
        """A client says that a list may begin."""
        one = self._named(request, "L")
        if one is None:
            return
        if one.whole and one.working is None and not one.over:
            self._begin(one, say=True)
        else:
            self._say(one, _RESPONSE)

    def cancel(self, request: CancelList) -> None:
        """End what is open of a list; what the book never had ends unseen."""
        one = self._named(request, "K")
        if one is None:
            return
        if one.over:
            self._say(one, _RESPONSE)
        elif not one.whole:
            self._refuse(one, "the list was cancelled before it was whole")
        elif one.working is None:
            one.over = True
            self._say(one, _ALL_DONE)
        else:
            self._say(one, _RESPONSE, stage=_CANCELLING)
            orders = [self._desk.register.get(number) for number in sorted(one.working)]
            text = f"cancel of list {request.list_id}"
            self._cancels.cancel([order for order in orders if order is not None], text, None)

    def status(self, request: AskListStatus) -> None:
        """How a list stands."""
        one = self._named(request, "M")
        if one is not None:
            self._say(one, _RESPONSE)

    def publish(self) -> None:
        """Behind the reports of an instant: lists of which no order is open any more are done."""
        desk = self._desk
        for order in desk.ended_listed:
            one = self._lists.get((order.client, order.list_id))
            if one is not None and one.working is not None and not order.is_open:
                one.working.discard(order.number)
                self._touched[order.client, order.list_id] = one
        desk.ended_listed.clear()
        for one in self._touched.values():
            if not one.working and not one.over:
                one.over = True
                self._say(one, _ALL_DONE)
        self._touched.clear()

    def disconnected(self, request: Disconnected) -> None:
        """The rest of a list that is not whole will not come any more."""
        for one in list(self._lists.values()):
            if one.first.client == request.client and not one.whole:
                self._refuse(one, "the session ended before the list was whole")

    def _keep(self, key: _Key, one: _List) -> _List:
        self._lists[key] = one
        while len(self._lists) > _KEPT:
            del self._lists[next(iter(self._lists))]
        return one

    def _fault(self, one: _List, request: NewList) -> str:
        """What keeps a list from being taken, in a sentence; empty when nothing does."""
        first = one.first
        if first.bidding != _NO_BIDDING:
            return f"BidType(394) {first.bidding:.10}: there is no bidding here, use 3"
        if first.begins not in ("", _AT_ONCE, _WHEN_TOLD):
            return f"ListExecInstType(433) {first.begins:.10}: use 1 at once or 2 when told"
        if request.total != first.total:
            return f"TotNoOrders(68) was {first.total:.12} and is {request.total:.12}"
        total = int(first.total) if first.total.isdecimal() and len(first.total) < 9 else 0
        if not 0 < total <= _MOST_ORDERS:
            return f"TotNoOrders(68) {first.total:.12}: 1 to {_MOST_ORDERS}"
        count = len(one.orders)
        if count > total or (one.whole and count < total):
            return f"TotNoOrders(68) is {total}, there are {count} orders"
        return self._wrong_orders(one)

    def _wrong_orders(self, one: _List) -> str:
        numbers = [number for number, _ in one.orders]
        if not all(number.isdecimal() and len(number) < 9 for number in numbers):
            return "ListSeqNo(67) must be a number"
        if len(set(map(int, numbers))) < len(numbers):
            return "ListSeqNo(67) comes twice"
        names = [order.cl_ord_id for _, order in one.orders]
        if len(set(names)) < len(names):
            return "ClOrdID(11) comes twice"
        for name in names:
            if self._desk.register.is_used(one.first.client, name):
                return f"ClOrdID(11) {name!r:.70} was used before"
        return ""

    def _begin(self, one: _List, *, say: bool = False) -> None:
        one.working = set()
        if say:
            self._say(one, _STARTED)
        for _, order in sorted(one.orders, key=lambda pair: int(pair[0])):
            self._enter(order)
        found = (self._found(one, order) for _, order in one.orders)
        one.working = {
            order.number for order in found if isinstance(order, Order) and order.is_open
        }
        self._touched[one.first.client, one.first.list_id] = one

    def _refuse(self, one: _List, text: str) -> None:
        one.refused, one.whole, one.over = text, True, True
        self._say(one, _ACK)

    def _named(self, request: ExecuteList | CancelList | AskListStatus, kind: str) -> _List | None:
        one = self._lists.get((request.client, request.list_id))
        if one is None:
            text = f"ListID(66) {request.list_id!r:.70} is unknown"
            fields = ((372, kind), (379, request.list_id), (380, _UNKNOWN_ID), (58, text))
            self._desk.answer(Note(request.client, "j", fields))
        return one

    def _found(self, one: _List, order: NewOrder) -> Order | Report | None:
        return self._desk.register.find(one.first.client, order.cl_ord_id)

    def _say(self, one: _List, kind: str, *, stage: str = "") -> None:
        """ListStatus, in as many parts as it needs."""
        rows = [self._row(one, order) for _, order in one.orders]
        parts = [rows[at : at + _PART] for at in range(0, len(rows), _PART)] or [[]]
        for number, part in enumerate(parts, start=1):
            fields: Fields = (
                (66, one.first.list_id),
                (429, kind),
                (82, str(len(parts))),
                (431, stage or one.stage),
                (83, str(number)),
                *(((444, one.refused),) if one.refused else ()),
                (60, self._desk.moment.text),
                (68, str(len(one.orders))),
                (893, "Y" if number == len(parts) else "N"),
                (73, str(len(part))),
                *(field for row in part for field in row),
            )
            self._desk.answer(Note(one.first.client, "N", fields))

    def _row(self, one: _List, order: NewOrder) -> Fields:
        """How one order stands."""
        found = None if one.refused else self._found(one, order)
        if isinstance(found, Order):
            ended = found.quantity - found.filled if found.ended is not None else 0
            average = found.listing.instrument.mean(found.gross, found.filled)
            return _figures(
                order,
                found.status,
                filled=found.filled,
                leaves=found.leaves,
                ended=ended,
                average=average,
            )
        if found is not None:
            why: Fields = () if found.rej_reason is None else ((103, str(int(found.rej_reason))),)
            return (*_figures(order, OrdStatus.REJECTED), *why, (58, found.text))
        if one.refused:
            return (*_figures(order, OrdStatus.REJECTED), (58, one.refused))
        return self._unseen(one, order)

    def _unseen(self, one: _List, order: NewOrder) -> Fields:
        """An order that waits for its list to begin, or that ended before it did."""
        shares = int(order.quantity) if order.quantity.isdecimal() else 0
        if one.over:
            return _figures(order, OrdStatus.CANCELED, ended=shares)
        return _figures(order, OrdStatus.PENDING_NEW, leaves=shares)


def _figures(
    order: NewOrder,
    status: str,
    *,
    filled: int = 0,
    leaves: int = 0,
    ended: int = 0,
    average: str = "0",
) -> Fields:
    return (
        (11, order.cl_ord_id),
        (14, str(filled)),
        (39, status),
        (151, str(leaves)),
        (84, str(ended)),
        (6, average),
    )
