"""The last look: kill switches, once more, between the commit of a claim and the engine.

A claim that was committed just before a kill would otherwise send its orders just after
it, or a change that makes one larger or dearer. What a switch of the meantime stops was never
handed to the engine: an order dies unsent, and of a change the venue never hears.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from domain.kills import first_that_stops
from domain.orders import OrderIntent
from domain.runs import Kill

Sent = TypeVar("Sent")


class LastLook:
    """The switches that this process has set, oldest first. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._set: list[Kill] = []
        self._being_set = 0
        self._being_sent = 0

    @contextmanager
    def setting(self, kill: Kill) -> Iterator[None]:
        """Commit `kill` inside: no order goes to the engine meanwhile, nor later what it stops.

        A commit that fails may have been kept all the same: what was claimed before it is stopped
        too. Later claims read what is true.
        """
        with self._changed:
            self._being_set += 1  # From here on no order begins; the one under way is let go.
            self._changed.wait_for(lambda: not self._being_sent)
        try:
            yield
        finally:
            with self._changed:
                self._set.append(kill)
                self._being_set -= 1
                self._changed.notify_all()

    def seen(self) -> int:
        """How many switches there are: a claim that begins now reads them all."""
        with self._changed:
            return len(self._set)

    def send(
        self, orders: Sequence[OrderIntent], seen: int, send: Callable[[], Sent]
    ) -> Sent | Kill:
        """What `send` says, or the switch set after `seen` that stops one of the orders.

        `orders` are those that the messages send or change; of a cancel or a question, none.
        """
        if not orders:
            return send()
        with self._changed:
            self._changed.wait_for(lambda: not self._being_set)
            for order in orders:
                if (kill := first_that_stops(self._set[seen:], order)) is not None:
                    return kill
            self._being_sent += 1
        try:
            return send()
        finally:
            with self._changed:
                self._being_sent -= 1
                self._changed.notify_all()
