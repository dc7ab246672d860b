"""Instructing: a broker is told who gets what of a block, in the way that its profile wants.

Before the block by a preliminary instruction, or after it with what the ledger gave to each
account. What the broker has is brought up to the ledger; what it may have is never said twice.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from domain.allocation_chain import (
    has_left,
    in_force,
    next_alloc_id,
    preliminary,
    said_anew,
    said_before,
    taken_back,
)
from domain.allocations import (
    AllocatedPart,
    AllocationAnswer,
    AllocationFact,
    AllocationInstruction,
    AllocationMode,
    AllocationWithdrawn,
    AllocStatus,
    AllocTransType,
    AllocType,
)
from domain.exact import ZERO
from domain.orders import Order, OrderIntent
from domain.ports import UnitOfWork
from domain.postings import Transaction
from domain.venue_ways import PLAIN, Ways
from oms.allocated import allocated, allocated_by_day, gross_of, has_undone

INSTRUCTED = "allocation_instructed"  # Audit.

_ACTOR = "oms"
_SIX_PLACES = Decimal("0.000001")


def announce(uow: UnitOfWork, intent: OrderIntent, ways: Ways, at: datetime) -> None:
    """Queue what has to be on the wire before the order: call it before the order is queued."""
    if ways.get(intent.venue, PLAIN).allocations is not AllocationMode.BEFORE:
        return
    parts = [(part.account_id, part.quantity) for part in intent.allocations]
    first = preliminary(intent.cl_ord_id, parts, trade_date=intent.trade_date, at=at)
    _queue(uow, intent.venue, first, at)


def announce_anew(uow: UnitOfWork, order: Order, at: datetime) -> None:
    """The order's parts have changed: what its broker was told of them beforehand is replaced.

    Call it before the change of the order is queued.
    """
    facts = uow.allocations.of_order(order.intent.cl_ord_id)
    standing = said_before(facts)
    if standing is not None:
        parts = [(part.account_id, part.quantity) for part in order.intent.allocations]
        _queue(uow, order.intent.venue, said_anew(standing, parts, facts, at), at)


def instruct(uow: UnitOfWork, order: Order, ways: Ways, at: datetime) -> None:
    """After a close-out: tell the broker what the accounts have, if it has to hear it."""
    way = ways.get(order.intent.venue, PLAIN)
    if way.allocations in (AllocationMode.NONE, AllocationMode.ON_ORDER):
        return
    if order.is_closed or way.daily_allocations:
        bring_up_to_date(uow, order, at, by_day=way.daily_allocations)


def bring_up_to_date(uow: UnitOfWork, order: Order, at: datetime, *, by_day: bool = False) -> None:
    """What the broker has of a block becomes what the ledger gave: all of it, or day by day.

    A block that goes on is only told of by its days.
    """
    intent = order.intent
    facts = uow.allocations.of_order(intent.cl_ord_id)
    standing = said_before(facts)
    if standing is not None and order.is_closed and not order.cum_qty:
        _queue(uow, intent.venue, taken_back(standing, facts, at), at)
    if standing is not None and not _has_refused(facts):
        return
    booked = uow.ledger.of_order(intent.cl_ord_id)
    if by_day:
        _tell_days(uow, order, booked, at)
        return
    parts = allocated(intent, booked)
    if not order.is_closed or sum(part.quantity for part in parts) != order.cum_qty:
        return  # If the close-out raised an alarm, what is not allocated is not told.
    day = max((fill.trade_date for fill in order.fills), default=intent.trade_date)
    _tell(uow, order, parts, day, at)


def _tell_days(uow: UnitOfWork, order: Order, booked: Sequence[Transaction], at: datetime) -> None:
    """Each day that was given out, as a block of its own, and days of which nothing is left."""
    if has_undone(booked):
        return  # The close-out raised an alarm.
    given = allocated_by_day(order.intent, booked)
    facts = uow.allocations.of_order(order.intent.cl_ord_id)
    told = {one.day for one in facts if isinstance(one, AllocationInstruction) and one.day}
    for day in sorted(given.keys() | told):
        _tell(uow, order, given.get(day, ()), day, at, by_day=True)


def _tell(
    uow: UnitOfWork,
    order: Order,
    parts: tuple[AllocatedPart, ...],
    day: date,
    at: datetime,
    *,
    by_day: bool = False,
) -> None:
    """One instruction, unless the broker has it already; of nothing, the Cancel of the last."""
    name, venue = order.intent.cl_ord_id, order.intent.venue
    facts = uow.allocations.of_order(name)
    earlier = in_force(facts, day if by_day else None)
    if not parts:
        if earlier is not None:
            _queue(uow, venue, taken_back(earlier, facts, at), at)
        return
    quantity = sum((part.quantity for part in parts), ZERO)
    wanted = AllocationInstruction(
        alloc_id=next_alloc_id(name, facts),
        order=name,
        kind=AllocType.CALCULATED,
        transaction=AllocTransType.NEW if earlier is None else AllocTransType.REPLACE,
        refers_to=None if earlier is None else earlier.alloc_id,
        quantity=quantity,
        average_price=(gross_of(order.intent.side, parts) / quantity).quantize(_SIX_PLACES),
        trade_date=day,
        parts=parts,
        requested_at=at,
        day=day if by_day else None,
    )
    if earlier is None or not wanted.says_the_same(earlier):
        _queue(uow, venue, wanted, at)


def take_back(uow: UnitOfWork, order: Order, at: datetime) -> None:
    """The order died before any venue had it: nobody is to wait for its block.

    What was said of it beforehand is withdrawn if it still waits, and cancelled at the broker
    if it has left.
    """
    name = order.intent.cl_ord_id
    facts = uow.allocations.of_order(name)
    standing = said_before(facts)
    if standing is None:
        return
    if not has_left(facts, standing) and uow.outbox.withdraw(standing.alloc_id, at):
        why = "its order was never sent"
        gone = AllocationWithdrawn(alloc_id=standing.alloc_id, at=at, why=why)
        uow.allocations.append(name, gone, at)
        return
    _queue(uow, order.intent.venue, taken_back(standing, facts, at), at)


def _has_refused(facts: tuple[AllocationFact, ...]) -> bool:
    """Whether the broker divided in another way than was said before: the outcome is told then."""
    return any(
        isinstance(fact, AllocationAnswer) and fact.status is not AllocStatus.ACCEPTED
        for fact in facts
    )


def _queue(uow: UnitOfWork, venue: str, one: AllocationInstruction, at: datetime) -> None:
    uow.allocations.append(one.order, one, at)
    uow.outbox.queue(venue, one, at)
    uow.audit.append(at=at, actor=_ACTOR, kind=INSTRUCTED, subject=one.order, body=one)
