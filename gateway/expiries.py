"""Expiries: good-till orders whose ExpireTime has passed in silence.

Only venues that take an ExpireTime are looked after: the open orders are read once a minute.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from domain.orders import Order
from domain.ports import UnitOfWork
from gateway.endings import Endings

_GRACE = timedelta(seconds=30)  # For the venue's own word of it, and for clocks that differ.


class Expiries(Endings):
    """Looks after the orders of one venue that end at an instant."""

    def __init__(self, venue: str, **usual: Any) -> None:
        """`usual` is what `Endings` takes."""
        super().__init__(venue, **usual)
        self._told: set[str] = set()  # Asked about already: what lives on is a person's.

    def _occasion(self) -> datetime:
        return self._clock.now().replace(second=0, microsecond=0)

    def _left_over(self, view: UnitOfWork, now: datetime) -> Iterator[Order]:
        """Open orders of the venue whose instant has passed."""
        for order in view.orders.open():
            end, name = order.intent.expires_at, order.intent.cl_ord_id
            if end is None or order.intent.venue != self._venue or not order.sent:
                continue
            if end + _GRACE <= now and name not in self._told:
                self._told.add(name)
                yield order

    def _over(self, order: Order, _occasion: date, /) -> str:
        assert order.intent.expires_at is not None
        return f"it was good till {order.intent.expires_at:%Y-%m-%d %H:%M:%S} UTC"

    def _first_dead_day(self, order: Order, _occasion: date, /) -> date:
        assert order.intent.expires_at is not None
        return order.intent.expires_at.date()
