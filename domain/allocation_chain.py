"""What was said to a broker of one block, oldest first, and what of it counts now.

All of it follows from the facts: what the broker refused, never had or dropped counts no more.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from domain.allocations import (
    AllocatedPart,
    AllocationAck,
    AllocationAnswer,
    AllocationDoubted,
    AllocationFact,
    AllocationInstruction,
    AllocationLost,
    AllocationReport,
    AllocationSent,
    AllocationSettled,
    AllocationWithdrawn,
    AllocTransType,
    AllocType,
)
from domain.exact import ZERO
from domain.orders import Settlement

_ENDING = (AllocationAck, AllocationLost, AllocationSettled)  # Of a doubt.


def first_alloc_id(cl_ord_id: str) -> str:
    """The AllocID of a block's first instruction."""
    return f"{cl_ord_id}-A1"


def next_alloc_id(cl_ord_id: str, facts: Iterable[AllocationFact]) -> str:
    """An AllocID that no instruction of the block had."""
    count = sum(1 for fact in facts if isinstance(fact, AllocationInstruction))
    return f"{cl_ord_id}-A{count + 1}"


def preliminary(
    cl_ord_id: str, parts: Iterable[tuple[str, Decimal]], *, trade_date: date, at: datetime
) -> AllocationInstruction:
    """Who is to get what of a block, said before it is sent."""
    shared = tuple(AllocatedPart(account_id=name, quantity=shares) for name, shares in parts)
    return AllocationInstruction(
        alloc_id=first_alloc_id(cl_ord_id),
        order=cl_ord_id,
        kind=AllocType.PRELIMINARY,
        transaction=AllocTransType.NEW,
        quantity=sum((part.quantity for part in shared), ZERO),
        trade_date=trade_date,
        parts=shared,
        requested_at=at,
    )


def said_again(
    lost: AllocationInstruction, facts: Iterable[AllocationFact], at: datetime
) -> AllocationInstruction:
    """A new instruction with the words of one that the broker provably never had."""
    return replace(lost, alloc_id=next_alloc_id(lost.order, facts), requested_at=at)


def said_anew(
    earlier: AllocationInstruction,
    parts: Iterable[tuple[str, Decimal]],
    facts: Iterable[AllocationFact],
    at: datetime,
) -> AllocationInstruction:
    """The Replace of a preliminary instruction: its order was changed since."""
    return replace(
        preliminary(earlier.order, parts, trade_date=earlier.trade_date, at=at),
        alloc_id=next_alloc_id(earlier.order, facts),
        transaction=AllocTransType.REPLACE,
        refers_to=earlier.alloc_id,
    )


def taken_back(
    earlier: AllocationInstruction, facts: Iterable[AllocationFact], at: datetime
) -> AllocationInstruction:
    """The Cancel of an instruction that the broker has, or may have."""
    return replace(
        earlier,
        alloc_id=next_alloc_id(earlier.order, facts),
        transaction=AllocTransType.CANCEL,
        refers_to=earlier.alloc_id,
        requested_at=at,
    )


def said_before(facts: Iterable[AllocationFact]) -> AllocationInstruction | None:
    """The preliminary instruction that the broker has, or may have or get, if any.

    A Cancel or a Replace of it counts, but for one that the broker never had.
    """
    facts = tuple(facts)
    told = [fact for fact in facts if isinstance(fact, AllocationInstruction)]
    unheard = _unheard(facts)
    over = _dead(facts) | {one.refers_to for one in told if one.alloc_id not in unheard}
    holds = (one for one in told if one.tells_beforehand and one.alloc_id not in over)
    return next(holds, None)


def has_left(facts: Iterable[AllocationFact], one: AllocationInstruction) -> bool:
    """Whether an instruction was marked as handed over."""
    return any(isinstance(fact, AllocationSent) and fact.alloc_id == one.alloc_id for fact in facts)


def in_force(
    facts: Iterable[AllocationFact], day: date | None = None
) -> AllocationInstruction | None:
    """The newest instruction with fills that the broker has, or may have or get, if any.

    One that it rejected or never had does not count, nor what a later one replaced. With `day`
    it is that of the day's fills.
    """
    facts = tuple(facts)
    dead = _dead(facts)
    for one in reversed(facts):
        if not isinstance(one, AllocationInstruction) or one.alloc_id in dead:
            continue
        if one.kind is AllocType.CALCULATED and one.day == day:
            return None if one.transaction is AllocTransType.CANCEL else one
    return None


def _dead(facts: Iterable[AllocationFact]) -> set[str | None]:
    """AllocIDs that the broker rejected, never had or never gets, or dropped."""
    facts = tuple(facts)
    return _unheard(facts) | {
        fact.alloc_id
        for fact in facts
        if (isinstance(fact, AllocationAck) and fact.is_rejection)
        or (isinstance(fact, AllocationSettled) and fact.what is Settlement.ENDED)
    }


def _unheard(facts: Iterable[AllocationFact]) -> set[str | None]:
    """AllocIDs that the broker never had, and never gets."""
    return {
        fact.alloc_id
        for fact in facts
        if isinstance(fact, AllocationLost | AllocationWithdrawn)
        or (isinstance(fact, AllocationSettled) and fact.what is Settlement.NEVER_REACHED)
    }


def said_to_be_unheard(facts: Iterable[AllocationFact], alloc_id: str) -> bool:
    """Whether two persons said that the broker never had an instruction."""
    return any(
        isinstance(fact, AllocationSettled)
        and fact.alloc_id == alloc_id
        and fact.what is Settlement.NEVER_REACHED
        for fact in facts
    )


def doubt_of(facts: Iterable[AllocationFact], alloc_id: str) -> AllocationDoubted | None:
    """The doubt about an instruction, while nothing has ended it."""
    found: AllocationDoubted | None = None
    for fact in facts:
        if isinstance(fact, AllocationDoubted) and fact.alloc_id == alloc_id:
            found = fact
        elif isinstance(fact, _ENDING) and fact.alloc_id == alloc_id:
            found = None
    return found


def unanswered_reports(facts: Iterable[AllocationFact]) -> tuple[AllocationReport, ...]:
    """The newest report of each trade date that we have not answered, by trade date."""
    found: dict[date, AllocationReport] = {}
    for fact in facts:
        if isinstance(fact, AllocationReport):
            found[fact.trade_date] = fact
        elif isinstance(fact, AllocationAnswer):
            found = {day: one for day, one in found.items() if one.report_id != fact.report_id}
    return tuple(found[day] for day in sorted(found))
