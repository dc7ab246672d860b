"""The broker's orders: by ClOrdID, by child, by due time. Closed ones are kept up to a number."""

import heapq
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from simulator.broker.parent import Parent
from simulator.broker.working import child_id


class Register:
    """All orders that the broker knows."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._parents: dict[int, Parent] = {}
        self._by_name: dict[tuple[str, str], Parent] = {}
        self._by_child: dict[str, Parent] = {}
        self._closed: deque[int] = deque()
        self._due: list[tuple[datetime, int]] = []  # A heap; stale entries are skipped.
        self.count = 0
        self.ended_listed: list[Parent] = []  # Whose lists are to be told.

    def add(self, parent: Parent) -> None:
        """A new order."""
        self.count = parent.number
        self._parents[parent.number] = parent
        self.name(parent, parent.cl_ord_id)

    def name(self, parent: Parent, cl_ord_id: str) -> None:
        """A ClOrdID that is used up by this order."""
        self._by_name[parent.client, cl_ord_id] = parent
        parent.names.append(cl_ord_id)

    def child(self, parent: Parent, cl_ord_id: str) -> None:
        """A child of this order."""
        self._by_child[cl_ord_id] = parent

    def named(self, client: str, cl_ord_id: str) -> Parent | None:
        """The client's order that used this ClOrdID."""
        return self._by_name.get((client, cl_ord_id))

    def of_child(self, cl_ord_id: str) -> Parent | None:
        """The order that a child belongs to."""
        return self._by_child.get(cl_ord_id)

    def __iter__(self) -> Iterator[Parent]:
        """In the order they came."""
        return iter(self._parents.values())

    def next(self) -> Parent | None:
        """The order whose slice is due first."""
        while self._due:
            due, number = self._due[0]
            parent = self._parents.get(number)
            if parent is not None and parent.due == due:
                return parent
            heapq.heappop(self._due)
        return None

    def settle(self, parent: Parent) -> None:
        """After every change: when it is due, and whether it is closed."""
        if not parent.is_open:
            parent.due = None
            if not parent.kept:
                parent.kept = True
                self._closed.append(parent.number)
                if parent.order.list_id:
                    self.ended_listed.append(parent)
        if parent.due is not None:
            heapq.heappush(self._due, (parent.due, parent.number))
        while len(self._closed) > self._kept:
            self._forget(self._parents[self._closed.popleft()])

    def _forget(self, parent: Parent) -> None:
        parent.kept = False
        if parent.is_open:  # A bust has opened it again.
            return
        del self._parents[parent.number]
        for name in parent.names:
            self._by_name.pop((parent.client, name), None)
        for number in range(1, parent.sent + 1):
            self._by_child.pop(child_id(parent, number), None)
