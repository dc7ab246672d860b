"""An exchange as the place that the orders of lists go to."""

from collections.abc import Callable, Iterable

from simulator.exchange.desk import Desk
from simulator.exchange.masscancel import MassCancels
from simulator.exchange.orders import Order
from simulator.lists.place import Standing
from simulator.values.messages import Message
from simulator.values.requests import NewOrder
from simulator.values.words import OrdStatus


class Listed:
    """`Place` on an exchange. `enter` takes a new order as if it had come alone."""

    def __init__(self, desk: Desk, enter: Callable[[NewOrder], None], cancels: MassCancels) -> None:
        self._desk = desk
        self._cancels = cancels
        self.enter = enter

    @property
    def date(self) -> str:
        return self._desk.moment.date

    @property
    def instant(self) -> str:
        return self._desk.moment.text

    def answer(self, message: Message) -> None:
        """Say something."""
        self._desk.answer(message)

    def next_exec_id(self) -> str:
        """An ExecID that was never used before."""
        return self._desk.next_exec_id()

    def is_used(self, client: str, cl_ord_id: str) -> bool:
        """Whether a ClOrdID may not be used again."""
        return self._desk.register.is_used(client, cl_ord_id)

    def standing(self, client: str, cl_ord_id: str) -> Standing | None:
        """How the order that came by this name stands, or how its refusal did."""
        found = self._desk.register.find(client, cl_ord_id)
        if found is None:
            return None
        if not isinstance(found, Order):
            reason = None if found.rej_reason is None else int(found.rej_reason)
            return Standing(OrdStatus.REJECTED, rej_reason=reason, text=found.text)
        return how(found)

    def cancel(self, client: str, cl_ord_ids: Iterable[str], text: str) -> None:
        """End those that are open, the oldest first."""
        register = self._desk.register
        found = (register.find(client, name) for name in cl_ord_ids)
        orders = [one for one in found if isinstance(one, Order)]
        self._cancels.cancel(sorted(orders, key=lambda one: one.number), text, None)


def how(order: Order) -> Standing:
    """How an order stands."""
    return Standing(
        order.status,
        is_open=order.is_open,
        filled=order.filled,
        leaves=order.leaves,
        ended=order.quantity - order.filled if order.ended is not None else 0,
        average=order.listing.instrument.mean(order.gross, order.filled),
    )
