"""Restricted names: what the list stops as soon as it says so.

An order that nobody has sent dies in the same transaction; of one that is out the
cancel is queued in it. A block with a barred part is taken back whole, as for a halt.
"""

from datetime import datetime

from domain.orders import CancelRequest, Order
from domain.ports import UnitOfWork
from domain.restrictions import Bar, Bars, bar_to
from oms.cancel import cancel


def barred(uow: UnitOfWork, bars: Bars) -> tuple[tuple[Order, Bar], ...]:
    """The open orders that may not be out, each with the reason; not those being cancelled."""
    if not bars:
        return ()
    return tuple(
        (order, bar)
        for order in uow.orders.open()
        if (bar := bar_to(bars, order.intent)) is not None
        and not any(isinstance(wish, CancelRequest) for wish in order.pending)
    )


def take_back(uow: UnitOfWork, bars: Bars, *, at: datetime, by: str) -> tuple[Order, ...]:
    """Take back every open order that is barred; those taken back are returned."""
    return tuple(cancel(uow, order, at=at, why=bar.why, by=by) for order, bar in barred(uow, bars))
