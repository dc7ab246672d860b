"""The open orders as the one writer knows them, so that no fill decodes its order again.

Orders are immutable values, so what is kept here is what the database says as long
as this process is its only writer. A transaction works on changes of its own, which
count when it commits; what a savepoint takes back is read again.
"""

from domain.orders import Order

_MOST = 20_000


class OrderCache:
    """Committed open orders by the ClOrdID of their intent, and by every name they have."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.names: dict[str, str] = {}

    def clear(self) -> None:
        """Another process may have written meanwhile."""
        self.orders.clear()
        self.names.clear()

    def keep(self, name: str, order: Order | None) -> None:
        """What a commit left of an order; None: unknown. Closed ones are not kept."""
        before = self.orders.pop(name, None)
        for known in before.chain if before is not None else ():
            self.names.pop(known, None)
        if order is None or order.is_closed:
            return
        if len(self.orders) >= _MOST:
            self.clear()
        self.orders[name] = order
        for known in order.chain:
            self.names[known] = name


class OrderChanges:
    """One transaction's view of the cache."""

    def __init__(self, cache: OrderCache) -> None:
        self._cache = cache
        self._changed: dict[str, Order | None] = {}  # None: to be read again.
        self._names: dict[str, str] = {}

    def find(self, cl_ord_id: str) -> Order | None:
        """The order that a ClOrdID names, when it is known here."""
        name = self._names.get(cl_ord_id) or self._cache.names.get(cl_ord_id)
        if name is None:
            return None
        if name in self._changed:
            return self._changed[name]
        return self._cache.orders.get(name)

    def put(self, order: Order) -> None:
        """The order as this transaction has it."""
        name = order.intent.cl_ord_id
        self._changed[name] = order
        for known in order.chain:
            self._names[known] = name

    def forget(self) -> None:
        """A savepoint was taken back: what it changed is not so."""
        self._changed = dict.fromkeys(self._changed)

    def commit(self) -> None:
        """What this transaction has is now what stands."""
        for name, order in self._changed.items():
            self._cache.keep(name, order)
