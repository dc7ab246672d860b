"""Day ends: Day orders that their venue never spoke of again after its day roll."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from domain.day_roll import DayRoll
from domain.orders import Order, Sent
from domain.ports import UnitOfWork
from gateway.endings import Endings


class DayEnds(Endings):
    """Looks after each day roll of one venue."""

    def __init__(self, venue: str, roll: DayRoll, **usual: Any) -> None:
        """`usual` is what `Endings` takes."""
        super().__init__(venue, **usual)
        self._roll = roll

    def _occasion(self) -> date:
        return self._roll.day_of(self._clock.now())

    def _left_over(self, view: UnitOfWork, now: datetime) -> Iterator[Order]:
        """Open orders of the venue that could not trade after an earlier day."""
        today = self._roll.day_of(now)
        for order in view.orders.open():
            intent = order.intent
            if intent.venue != self._venue or not order.sent:
                continue
            if (intent.expires or intent.trade_date) >= today:
                continue  # No need to look up when it was sent.
            if self._roll.is_over(intent, _sent_at(view, order), now):
                yield order

    def _over(self, _order: Order, occasion: date, /) -> str:
        return f"the trading day ended before {occasion}"

    def _first_dead_day(self, _order: Order, occasion: date, /) -> date:
        return occasion


def _sent_at(view: UnitOfWork, order: Order) -> datetime:
    events = view.orders.events(order.intent.cl_ord_id)
    sent = [event.sent_at for event in events if isinstance(event, Sent)]
    return sent[-1] if sent else order.intent.decided_at
