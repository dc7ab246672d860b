"""Doubts: after a restart, what became of the orders that nobody has acknowledged.

What never left the outbox is provably unsent and dies. Of the rest we do not
know, so the venue is asked; nothing is sent again on a guess.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.order_states import apply
from domain.orders import DoubtRaised, NeverSent, Order, OrdStatus
from domain.ports import StatusRequest, UnitOfWork
from oms.instructing import take_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What a restart found, by ClOrdID."""

    withdrawn: tuple[str, ...]
    in_doubt: tuple[str, ...]


def raise_doubts(uow: UnitOfWork, at: datetime) -> Doubts:
    """Once at start, before the gateway: sort the unacknowledged orders, ask about the unknown."""
    withdrawn: list[str] = []
    in_doubt: list[str] = []
    for order in uow.orders.open():
        name = order.intent.cl_ord_id
        if order.in_doubt:
            in_doubt.append(name)  # Still: it was asked about before, and is asked again.
            ask(uow, order, at)
        elif order.status is not OrdStatus.INTENDED:
            continue
        elif uow.outbox.withdraw(name, at):
            withdrawn.append(name)
            why = "never handed to the engine before the restart"
            never = NeverSent(cl_ord_id=name, at=at, why=why, accidental=True)
            _note(uow, order, never, at)
            take_back(uow, order, at)
        else:
            in_doubt.append(name)
            why = "handed to the engine before the restart and not acknowledged"
            _note(uow, order, DoubtRaised(cl_ord_id=name, at=at, why=why), at)
            ask(uow, order, at)
    return Doubts(withdrawn=tuple(withdrawn), in_doubt=tuple(in_doubt))


def ask(uow: UnitOfWork, order: Order, at: datetime) -> None:
    """Queue a status request, unless one is still waiting to be sent."""
    if not uow.outbox.is_asked(order.current):
        request = StatusRequest(cl_ord_id=order.current, requested_at=at)
        uow.outbox.queue(order.intent.venue, request, at)


def _note(uow: UnitOfWork, order: Order, event: NeverSent | DoubtRaised, at: datetime) -> None:
    moved, _ = apply(order, event)
    uow.orders.append(moved, event, at)
    kind = "order_withdrawn" if isinstance(event, NeverSent) else "doubt_raised"
    uow.audit.append(at=at, actor="oms", kind=kind, subject=order.intent.cl_ord_id, body=event)
