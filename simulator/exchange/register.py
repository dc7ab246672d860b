"""The register: a venue's orders, and the ids they answer to.

A ClOrdID is used up by the order, the change or the refusal that first carries it. An unknown
order uses nothing up. Of closed orders the last `closed_orders` are kept; then a status request
no longer knows them, and their ClOrdIDs are refused as used for as long as `UsedIds` says.
"""

from collections import deque
from collections.abc import Iterator

from simulator.exchange.orders import Order
from simulator.exchange.usedids import UsedIds
from simulator.values.messages import Report


class Register:
    """Orders by number and by the ClOrdIDs of their clients."""

    def __init__(self, *, closed_orders: int, remembered_ids: int) -> None:
        self._most = closed_orders
        self._orders: dict[int, Order] = {}
        self._open: dict[int, Order] = {}
        self._ids: dict[tuple[str, str], Order | Report] = {}
        self._closed: deque[Order | Report] = deque()
        self._used = UsedIds(remembered_ids)
        self.count = 0  # Orders that ever were.

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def __getitem__(self, number: int) -> Order:
        return self._orders[number]

    def open(self) -> list[Order]:
        """Orders that may trade, or may tomorrow."""
        return list(self._open.values())

    def get(self, number: int) -> Order | None:
        """An order by its number, if it is still kept."""
        return self._orders.get(number)

    def find(self, client: str, cl_ord_id: str) -> Order | Report | None:
        """What a ClOrdID first named: an order, or the report that refused it."""
        return self._ids.get((client, cl_ord_id))

    def order(self, client: str, cl_ord_id: str, order_id: str) -> Order | None:
        """An order by any ClOrdID of its chain, or else by its OrderID."""
        found = self._ids.get((client, cl_ord_id))
        if isinstance(found, Order):
            return found
        known = self.by_order_id(order_id) if order_id and found is None else None
        return known if known is not None and known.client == client else None

    def by_order_id(self, order_id: str) -> Order | None:
        """An order by the venue's own id."""
        digits = order_id.rpartition("-")[2]
        order = self._orders.get(int(digits)) if digits.isdecimal() and digits.isascii() else None
        return order if order is not None and order.order_id == order_id else None

    def is_used(self, client: str, cl_ord_id: str) -> bool:
        """Whether a ClOrdID may not be used again."""
        return (client, cl_ord_id) in self._ids or self._used.has(client, cl_ord_id)

    def add(self, order: Order) -> None:
        """Keep a new order."""
        self._orders[order.number] = self._open[order.number] = order
        if order.cl_ord_id:
            self._ids[order.client, order.cl_ord_id] = order

    def name(self, order: Order, cl_ord_id: str) -> None:
        """A ClOrdID of a change names this order too."""
        if cl_ord_id:
            self._ids[order.client, cl_ord_id] = order

    def refused(self, report: Report) -> None:
        """Keep the refusal of a new order; its ClOrdID is used up."""
        self._ids[report.client, report.cl_ord_id] = report
        self._close(report)

    def reopened(self, order: Order) -> None:
        """A bust, or a replace, lets a filled order work again."""
        self._open[order.number] = order

    def closed(self, order: Order) -> None:
        """The order is closed: among the last ones to be so it is kept."""
        self._open.pop(order.number, None)
        if not order.queued:
            order.queued = True
            self._close(order)

    def new_day(self) -> None:
        """Ids of what was forgotten may be used again."""
        self._used.clear()

    def _close(self, one: Order | Report) -> None:
        self._closed.append(one)
        while len(self._closed) > self._most:
            self._forget(self._closed.popleft())

    def _forget(self, one: Order | Report) -> None:
        if isinstance(one, Report):
            self._forget_id(one.client, one.cl_ord_id)
            return
        one.queued = False
        if one.is_open:  # A bust or a replace opened it again.
            return
        del self._orders[one.number]
        for cl_ord_id in one.chain:
            self._forget_id(one.client, cl_ord_id)

    def _forget_id(self, client: str, cl_ord_id: str) -> None:
        if self._ids.pop((client, cl_ord_id), None) is not None:
            self._used.add(client, cl_ord_id)
