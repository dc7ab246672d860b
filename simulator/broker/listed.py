"""A broker as the place that the orders of lists go to."""

from collections.abc import Callable, Iterable
from datetime import datetime

from simulator.broker.parent import Parent
from simulator.broker.register import Register
from simulator.broker.reports import Desk, stamp
from simulator.lists.place import Standing
from simulator.values.messages import Message, Report
from simulator.values.requests import NewOrder

Take = Callable[[NewOrder, datetime], list[Message]]
CallOff = Callable[[Parent, str, datetime], list[Message]]


class Listed:
    """`Place` at a broker, at the instant that was set last; what is said waits in `said`."""

    def __init__(self, desk: Desk, orders: Register, *, take: Take, call_off: CallOff) -> None:
        """`take` answers a new order as if it had come alone, `call_off` ends one."""
        self._desk, self._orders = desk, orders
        self._take, self._call_off = take, call_off
        self._now: datetime | None = None
        self._refused: dict[tuple[str, str], Standing] = {}  # Of the list that is being begun.
        self.said: list[Message] = []

    def set(self, now: datetime) -> None:
        """What comes happens now."""
        self._now = now

    @property
    def now(self) -> datetime:
        assert self._now is not None, "set before anything is asked"
        return self._now

    @property
    def date(self) -> str:
        return self._desk.date(self.now)

    @property
    def instant(self) -> str:
        return stamp(self.now)

    def answer(self, message: Message) -> None:
        """Say something."""
        self.said.append(message)

    def enter(self, order: NewOrder) -> None:
        """Take an order of a list."""
        said = self._take(order, self.now)
        self.said += said
        for one in said:
            if (
                isinstance(one, Report)
                and self._orders.named(order.client, order.cl_ord_id) is None
            ):
                key = (order.client, order.cl_ord_id)
                self._refused[key] = Standing(
                    one.ord_status, rej_reason=one.rej_reason, text=one.text
                )

    def is_used(self, client: str, cl_ord_id: str) -> bool:
        """Whether a ClOrdID may not be used again."""
        return self._orders.named(client, cl_ord_id) is not None

    def next_exec_id(self) -> str:
        """An ExecID that was never used before."""
        return self._desk.next_exec_id(self.now)

    def standing(self, client: str, cl_ord_id: str) -> Standing | None:
        """How the order that came by this name stands; a refusal is only told once."""
        parent = self._orders.named(client, cl_ord_id)
        if parent is None:
            return self._refused.pop((client, cl_ord_id), None)
        return how(parent)

    def cancel(self, client: str, cl_ord_ids: Iterable[str], text: str) -> None:
        """End those that are open."""
        for name in cl_ord_ids:
            parent = self._orders.named(client, name)
            if parent is not None and parent.is_open:
                self.said += self._call_off(parent, text, self.now)


def how(parent: Parent) -> Standing:
    """How an order stands."""
    is_over = parent.ended is not None
    return Standing(
        parent.status,
        is_open=parent.is_open,
        filled=parent.cum,
        leaves=parent.leaves,
        ended=max(parent.quantity - parent.cum, 0) if is_over else 0,
        average=parent.average,
    )
