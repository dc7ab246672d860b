"""Instructing: a broker is told who gets what of a block, in the way that its profile wants.

Before the block by a preliminary instruction, or after it with what the ledger gave to each
account. What the broker has is brought up to the ledger; what it may have is never said twice.
"""

from datetime import datetime
from decimal import Decimal

from domain.allocations import (
    AllocationAnswer,
    AllocationFact,
    AllocationInstruction,
    AllocationMode,
    AllocationWithdrawn,
    AllocStatus,
    AllocTransType,
    AllocType,
    has_left,
    in_force,
    next_alloc_id,
    preliminary,
    said_before,
    taken_back,
)
from domain.orders import Order, OrderIntent
from domain.ports import UnitOfWork
from domain.venue_ways import PLAIN, Ways
from oms.allocated import allocated

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


def instruct(uow: UnitOfWork, order: Order, ways: Ways, at: datetime) -> None:
    """After the close-out: tell the broker what the accounts have, if it has to hear it."""
    intent = order.intent
    mode = ways.get(intent.venue, PLAIN).allocations
    if mode in (AllocationMode.NONE, AllocationMode.ON_ORDER) or not order.is_closed:
        return
    facts = uow.allocations.of_order(intent.cl_ord_id)
    standing = _preliminary(facts)
    if mode is AllocationMode.BEFORE and standing is not None:
        if not order.cum_qty:
            _queue(uow, intent.venue, taken_back(standing, facts, at), at)
        return
    parts = allocated(intent, uow.ledger.of_order(intent.cl_ord_id))
    if sum(part.quantity for part in parts) != order.cum_qty:
        return  # The close-out raised an alarm: what is not allocated is not told.
    earlier = in_force(facts)
    if not parts:
        if earlier is not None:
            _queue(uow, intent.venue, taken_back(earlier, facts, at), at)
        return
    wanted = AllocationInstruction(
        alloc_id=next_alloc_id(intent.cl_ord_id, facts),
        order=intent.cl_ord_id,
        kind=AllocType.CALCULATED,
        transaction=AllocTransType.NEW if earlier is None else AllocTransType.REPLACE,
        refers_to=None if earlier is None else earlier.alloc_id,
        quantity=order.cum_qty,
        average_price=(order.gross / order.cum_qty).quantize(_SIX_PLACES),
        trade_date=max(fill.trade_date for fill in order.fills),
        parts=parts,
        requested_at=at,
    )
    if earlier is None or not wanted.says_the_same(earlier):
        _queue(uow, intent.venue, wanted, at)


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


def _preliminary(facts: tuple[AllocationFact, ...]) -> AllocationInstruction | None:
    """What was said before the block, if it holds; else the outcome has to be told."""
    refused = any(
        isinstance(fact, AllocationAnswer) and fact.status is not AllocStatus.ACCEPTED
        for fact in facts
    )
    return None if refused else said_before(facts)


def _queue(uow: UnitOfWork, venue: str, one: AllocationInstruction, at: datetime) -> None:
    uow.allocations.append(one.order, one, at)
    uow.outbox.queue(venue, one, at)
    uow.audit.append(at=at, actor=_ACTOR, kind=INSTRUCTED, subject=one.order, body=one)
