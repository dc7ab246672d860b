"""Lists: orders that come in one message, or in fragments of one.

A list is whole when its last fragment is here. Then each order goes the way of a single one, at
once or when a ListExecute (L) comes, and is reported on as ever; ListStatus (N) tells beside that
how all of them stand. Until then an order of it can be asked about and taken back, and no book
has it. There is no bidding here.
"""

from dataclasses import dataclass, field

from simulator.lists import waiting
from simulator.lists.place import Place, Standing
from simulator.values.messages import Fields, Note
from simulator.values.requests import (
    AskListStatus,
    AskStatus,
    CancelList,
    CancelOrder,
    Disconnected,
    ExecuteList,
    NewList,
    NewOrder,
    ReplaceOrder,
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
    """One list; while `working` is None its orders are not with the floor yet."""

    first: NewList
    orders: list[tuple[str, NewOrder]] = field(default_factory=list)
    whole: bool = False
    working: dict[str, None] | None = None  # The names of open orders.
    dropped: set[str] = field(default_factory=set)  # Taken back while the list waited.
    ends: dict[str, Standing] = field(default_factory=dict)  # Of orders that may be forgotten.
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
    """Lists of all clients, on one floor."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lists: dict[_Key, _List] = {}
        self._touched: dict[_Key, _List] = {}  # Of this instant.
        self.waiting: dict[_Key, _List] = {}  # By client and ClOrdID: not begun yet.

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
            else:
                self.waiting.update({(request.client, o.cl_ord_id): one for _, o in one.orders})

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
            self._end(one)
        else:
            self._say(one, _RESPONSE, stage=_CANCELLING)
            text = f"cancel of list {request.list_id}"
            self._place.cancel(request.client, list(one.working), text)

    def speaks_for(self, request: CancelOrder | ReplaceOrder | AskStatus) -> bool:
        """Answer what is asked about an order that waits; False when there is no such order."""
        name = request.cl_ord_id if isinstance(request, AskStatus) else request.orig_cl_ord_id
        one = self.waiting.get((request.client, name))
        if one is None:
            return False
        order = next(order for _, order in one.orders if order.cl_ord_id == name)
        if isinstance(request, AskStatus):
            self._place.answer(waiting.status(self._place, order, request))
        elif isinstance(request, ReplaceOrder):
            self._place.answer(waiting.refused(self._place, order, request))
        else:
            self._place.answer(waiting.canceled(self._place, order, request))
            one.dropped.add(name)
            del self.waiting[request.client, name]
            if len(one.dropped) == len(one.orders):
                self._end(one)
        return True

    def status(self, request: AskListStatus) -> None:
        """How a list stands."""
        one = self._named(request, "M")
        if one is not None:
            self._say(one, _RESPONSE)

    def ended(self, client: str, list_id: str, cl_ord_id: str, how: Standing) -> None:
        """An order is not open any more; its floor may forget it."""
        one = self._lists.get((client, list_id))
        if one is not None and one.working is not None:
            one.working.pop(cl_ord_id, None)
            one.ends[cl_ord_id] = how
            self._touched[client, list_id] = one

    def publish(self) -> None:
        """Behind the reports of an instant: lists of which no order is open any more are done."""
        for one in self._touched.values():
            if not one.working and not one.over:
                one.over = True
                self._say(one, _ALL_DONE)
        self._touched.clear()

    def disconnected(self, request: Disconnected, *, cancels: bool = False) -> None:
        """The rest of a list that is not whole will not come any more.

        One that waits to be begun goes on waiting, unless its client's orders leave with it.
        """
        for one in list(self._lists.values()):
            if one.first.client != request.client:
                continue
            if not one.whole:
                self._refuse(one, "the session ended before the list was whole")
            elif cancels and one.working is None and not one.over:
                self._end(one)

    def _keep(self, key: _Key, one: _List) -> _List:
        self._lists[key] = one
        while len(self._lists) > _KEPT:
            oldest = self._lists.pop(next(iter(self._lists)))
            for _, order in oldest.orders:
                self.waiting.pop((oldest.first.client, order.cl_ord_id), None)
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
            if self._is_used(one.first.client, name):
                return f"ClOrdID(11) {name!r:.70} was used before"
        return ""

    def _is_used(self, client: str, cl_ord_id: str) -> bool:
        return (client, cl_ord_id) in self.waiting or self._place.is_used(client, cl_ord_id)

    def _begin(self, one: _List, *, say: bool = False) -> None:
        client = one.first.client
        one.working = {}
        if say:
            self._say(one, _STARTED)
        for _, order in sorted(one.orders, key=lambda pair: int(pair[0])):
            self.waiting.pop((client, order.cl_ord_id), None)
            if order.cl_ord_id not in one.dropped:
                self._place.enter(order)
        for _, order in one.orders:
            found = self._place.standing(client, order.cl_ord_id)
            if found is not None and found.is_open:
                one.working[order.cl_ord_id] = None
            elif found is not None:
                one.ends[order.cl_ord_id] = found
        self._touched[client, one.first.list_id] = one

    def _end(self, one: _List) -> None:
        """It ends before it was begun."""
        one.over = True
        for _, order in one.orders:
            self.waiting.pop((one.first.client, order.cl_ord_id), None)
        self._say(one, _ALL_DONE)

    def _refuse(self, one: _List, text: str) -> None:
        one.refused, one.whole, one.over = text, True, True
        self._say(one, _ACK)

    def _named(self, request: ExecuteList | CancelList | AskListStatus, kind: str) -> _List | None:
        one = self._lists.get((request.client, request.list_id))
        if one is None:
            text = f"ListID(66) {request.list_id!r:.70} is unknown"
            fields = ((372, kind), (379, request.list_id), (380, _UNKNOWN_ID), (58, text))
            self._place.answer(Note(request.client, "j", fields))
        return one

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
                (60, self._place.instant),
                (68, str(len(one.orders))),
                (893, "Y" if number == len(parts) else "N"),
                (73, str(len(part))),
                *(field for row in part for field in row),
            )
            self._place.answer(Note(one.first.client, "N", fields))

    def _row(self, one: _List, order: NewOrder) -> Fields:
        """How one order stands."""
        found = None
        if not one.refused and order.cl_ord_id not in one.dropped:
            found = self._place.standing(one.first.client, order.cl_ord_id)
            found = found or one.ends.get(order.cl_ord_id)
        return _figures(order, found or _unseen(one, order))


def _unseen(one: _List, order: NewOrder) -> Standing:
    """An order that waits for its list to begin, or that ended before it did."""
    if one.refused:
        return Standing(OrdStatus.REJECTED, text=one.refused)
    if one.over or order.cl_ord_id in one.dropped:
        return Standing(OrdStatus.CANCELED, ended=waiting.shares(order))
    return Standing(OrdStatus.PENDING_NEW, is_open=True, leaves=waiting.shares(order))


def _figures(order: NewOrder, found: Standing) -> Fields:
    return (
        (11, order.cl_ord_id),
        (14, str(found.filled)),
        (39, found.status),
        (151, str(found.leaves)),
        (84, str(found.ended)),
        (6, found.average),
        *(() if found.rej_reason is None else ((103, str(found.rej_reason)),)),
        *(((58, found.text),) if found.text else ()),
    )
