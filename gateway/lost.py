"""What was claimed and provably never reached the engine, until the database knows it too.

A database that is away does not take the proof along: it is kept and tried again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from domain.orders import Alarm, OrderIntent, OrdStatus
from domain.ports import ListExecuteRequest, OutboxBody, UnitOfWork
from gateway import changes
from gateway.claims import (
    declare_lost,
    declare_unsent,
    has_ended,
    note_withdrawn,
    order_of,
    was_marked,
)


class Lost(NamedTuple):
    """One message, and why it never left."""

    venue: str
    body: OutboxBody
    why: str
    alarm: str = "message_not_sent"
    is_wanted: bool = True  # By accident; else it was kept back, and stays so.
    is_claimed: bool = True  # False: whether the claim was committed is not known.


def settle(uow: UnitOfWork, lost: Iterable[Lost], at: datetime) -> tuple[Alarm, ...]:
    """Declare each unsent, once; of a claim that was not committed there is nothing to say."""
    alarms: list[Alarm] = []
    for one in lost:
        if not _is_to_be_told(uow, one):
            continue
        if one.is_wanted or isinstance(one.body, ListExecuteRequest):  # The others may begin.
            alarms += declare_lost(uow, one.venue, one.body, one.why, at)
        elif isinstance(one.body, OrderIntent):
            alarms += declare_unsent(uow, one.body.cl_ord_id, one.why, at)
        else:
            note_withdrawn(uow, one.body, one.why, at)
            alarms += changes.never_left(uow, one.body, one.why, at)
        alarms.append(Alarm(kind=one.alarm, cl_ord_id=one.body.cl_ord_id, message=one.why))
    return tuple(alarms)


def _is_to_be_told(uow: UnitOfWork, one: Lost) -> bool:
    """Not when it is written already: the commit that did so may have seemed to fail."""
    if has_ended(uow, one.body):
        return False
    if isinstance(one.body, OrderIntent):
        order = order_of(uow, one.body)
        return order is not None and order.sent and order.status is OrdStatus.INTENDED
    return one.is_claimed or was_marked(uow, one.body)
