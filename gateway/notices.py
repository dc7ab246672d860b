"""Notices: what a venue says that is no report on one order. Acknowledged allocations, lists.

Each is taken within the transaction of its message, like a report, and books nothing by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.allocation_chain import in_force, said_again, said_to_be_unheard, taken_back
from domain.allocations import (
    AllocationAck,
    AllocationDoubted,
    AllocationFact,
    AllocationInstruction,
    AllocationLost,
    AllocationSettled,
    AllocStatus,
    AllocTransType,
)
from domain.orders import Alarm, OrdStatus, Settlement
from domain.ports import ExecutionSink, UnitOfWork
from gateway import list_notices
from gateway.allocation_reports import read_ack, read_report
from gateway.list_status import read_list_status
from gateway.wiretext import value_of

KINDS = frozenset({"P", "AS", "N"})  # AllocationInstructionAck, AllocationReport, ListStatus.

_ACTOR = "gateway"
_NOT_OPEN = frozenset({OrdStatus.INTENDED, OrdStatus.PENDING_NEW})


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a notice; `has_doubted` when orders are in doubt by it."""

    alarms: tuple[Alarm, ...]
    has_doubted: bool = False


def take(
    uow: UnitOfWork,
    raw: str,
    venue: str,
    sink: ExecutionSink,
    *,
    at: datetime,
    accounts: Mapping[str, str],
    lists_wait: bool,
) -> Taken:
    """Take in a message of `KINDS`; `accounts` are ours by the broker's names.

    `lists_wait`: a list there waits for our ListExecute.

    Raises `FieldError`, or what `sink` raises, for what can only be kept raw.
    """
    kind = value_of(raw, 35)
    if kind == "P":
        return Taken(take_ack(uow, read_ack(raw, venue), at))
    if kind == "AS":
        return Taken(sink.apply(uow, read_report(raw, venue, accounts), at))
    status = read_list_status(raw)
    alarms, has_doubted = list_notices.take(uow, status, venue, sink, at=at, lists_wait=lists_wait)
    return Taken(alarms, has_doubted)


def take_ack(uow: UnitOfWork, ack: AllocationAck, at: datetime) -> tuple[Alarm, ...]:
    """Keep what the broker says to an instruction; a rejection is for a person."""
    block = uow.allocations.order_of(ack.alloc_id)
    if block is None:
        text = f"{ack.venue} acknowledges an allocation that we do not know, {ack.alloc_id}"
        return (Alarm(kind="unknown_allocation", cl_ord_id=ack.alloc_id, message=text),)
    uow.allocations.append(block, ack, at)
    uow.audit.append(at=at, actor=_ACTOR, kind="allocation_acknowledged", subject=block, body=ack)
    if not ack.is_rejection and said_to_be_unheard(uow.allocations.of_order(block), ack.alloc_id):
        text = f"{ack.venue} has allocation {ack.alloc_id}, which two persons said it never had"
        return (Alarm(kind="settlement_contradicted", cl_ord_id=block, message=text),)
    if not ack.is_rejection:
        return ()
    _say_of_what_stands(uow, ack, block, at)
    text = f"{ack.venue} rejected allocation {ack.alloc_id}: {ack.reason or 'it gives no reason'}"
    return (Alarm(kind="allocation_rejected", cl_ord_id=block, message=text),)


def _say_of_what_stands(uow: UnitOfWork, ack: AllocationAck, block: str, at: datetime) -> None:
    """What crossed the rejection of what it undoes is said of what stands there."""
    facts = uow.allocations.of_order(block)
    told = [fact for fact in facts if isinstance(fact, AllocationInstruction)]
    one = next(each for each in told if each.alloc_id == ack.alloc_id)
    if one != told[-1] or not any(_says_dead(fact, one.refers_to) for fact in facts):
        return
    stands = in_force(facts, one.day)
    if one.transaction is AllocTransType.CANCEL:
        new = None if stands is None else taken_back(stands, facts, at)
    else:
        new = replace(
            said_again(one, facts, at),
            transaction=AllocTransType.NEW if stands is None else AllocTransType.REPLACE,
            refers_to=None if stands is None else stands.alloc_id,
        )
    if new is not None:
        uow.allocations.append(block, new, at)
        uow.outbox.queue(ack.venue, new, at)


def _says_dead(fact: AllocationFact, alloc_id: str | None) -> bool:
    """Whether it says that the broker does not have this instruction."""
    match fact:
        case AllocationAck():
            is_dead = fact.is_rejection
        case AllocationSettled():
            is_dead = fact.what is Settlement.NEVER_REACHED
        case _:
            is_dead = isinstance(fact, AllocationLost)
    return is_dead and fact.alloc_id == alloc_id


def refused(
    uow: UnitOfWork, venue: str, alloc_id: str, why: str, at: datetime
) -> tuple[Alarm, ...]:
    """The broker could not read our instruction, or does not take such messages."""
    ack = AllocationAck(
        venue=venue,
        alloc_id=alloc_id,
        status=AllocStatus.BLOCK_REJECTED,
        reason=why,
        transact_time=at,
    )
    return take_ack(uow, ack, at)


def doubt(uow: UnitOfWork, alloc_id: str, why: str, at: datetime) -> tuple[Alarm, ...]:
    """Nobody knows whether the broker has an instruction: it is not sent again, a person asks."""
    block = uow.allocations.order_of(alloc_id)
    if block is None:
        return ()
    facts = uow.allocations.of_order(block)
    answered = (AllocationAck, AllocationDoubted, AllocationLost, AllocationSettled)
    if any(isinstance(fact, answered) and fact.alloc_id == alloc_id for fact in facts):
        return ()
    uow.allocations.append(block, AllocationDoubted(alloc_id=alloc_id, at=at, why=why), at)
    text = f"{why}; it is not sent again: ask the broker whether it has {alloc_id}, then resolve it"
    return (Alarm(kind="allocation_in_doubt", cl_ord_id=block, message=text),)


def _takes_its_place(fact: AllocationFact, one: AllocationInstruction) -> bool:
    """Whether it replaces or cancels the other; if the broker refuses it, it is said anew."""
    return isinstance(fact, AllocationInstruction) and fact.refers_to == one.alloc_id


def lost(
    uow: UnitOfWork, venue: str, one: AllocationInstruction, why: str, at: datetime
) -> tuple[Alarm, ...]:
    """The engine provably never took an instruction: what it says goes out under another id.

    Not one that precedes its order, which names it: the outcome is told after the block.
    """
    uow.allocations.append(one.order, AllocationLost(alloc_id=one.alloc_id, at=at, why=why), at)
    if one.precedes_its_order:
        text = f"allocation {one.alloc_id} was not sent, the outcome will be told: {why}"
        return (Alarm(kind="message_not_sent", cl_ord_id=one.order, message=text),)
    told = uow.allocations.of_order(one.order)
    if later := next((f for f in told if _takes_its_place(f, one)), None):
        text = f"allocation {one.alloc_id} was not sent, {later.alloc_id} says what counts: {why}"
        return (Alarm(kind="message_not_sent", cl_ord_id=one.order, message=text),)
    again = said_again(one, uow.allocations.of_order(one.order), at)
    uow.allocations.append(again.order, again, at)
    uow.outbox.queue(venue, again, at)
    text = f"allocation {one.alloc_id} goes out again as {again.alloc_id}: {why}"
    return (Alarm(kind="message_not_sent", cl_ord_id=one.order, message=text),)
