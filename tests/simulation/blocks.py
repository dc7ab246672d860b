"""Who gets what of a block, as the brokers hear of it: what is asked of allocations in the end.

A broker has of each block what the ledger gave, or what was said before it, and each of its
reports has our answer.
"""

from collections.abc import Iterator

from domain.allocations import (
    AllocationAck,
    AllocationAnswer,
    AllocationDoubted,
    AllocationFact,
    AllocationInstruction,
    AllocationLost,
    AllocationMode,
    AllocationReport,
    AllocationSent,
    AllocationSettled,
    AllocationWithdrawn,
)
from domain.orders import Order, Settlement
from tests.simulation.history import History
from tests.simulation.threads import go_on, look
from tests.simulation.venue import SimVenue
from tests.simulation.witness import ViolationError

Parts = dict[str, int]  # Shares by account.
_INSTRUCTED = (AllocationMode.BEFORE, AllocationMode.AFTER)
_ROUNDS, _SECONDS = 30, 5.0
_ENDS_A_DOUBT = (AllocationAck, AllocationLost, AllocationSettled)
_IS_OVER = (*_ENDS_A_DOUBT, AllocationWithdrawn, AllocationDoubted)


def silent(history: History) -> list[str]:
    """AllocIDs that were sent, and nobody knows what became of them, nor was told so."""
    facts = history.witness.allocations()
    told = {fact.alloc_id for fact in facts if isinstance(fact, _IS_OVER)}
    sent = (fact.alloc_id for fact in facts if isinstance(fact, AllocationSent))
    return [name for name in sent if name not in told]


def doubtful(history: History) -> list[str]:
    """Those that people were told of, and that are not settled."""
    facts = history.witness.allocations()
    known = {fact.alloc_id for fact in facts if isinstance(fact, _ENDS_A_DOUBT)}
    told = [fact.alloc_id for fact in facts if isinstance(fact, AllocationDoubted)]
    return [name for name in told if name not in known]


def by_telephone(history: History) -> None:
    """Two persons ask the broker about each: no message does."""
    process = history.process
    assert process is not None
    for alloc_id in doubtful(history):
        venue = _venue_of(history, alloc_id)
        has_it = alloc_id in venue.instructed
        what = Settlement.STANDS if has_it else Settlement.NEVER_REACHED
        history.note(f"by telephone: {alloc_id} {what.value}")
        history.desk.settle_allocation(process.vault, alloc_id, what)


def converge(history: History) -> None:
    """People ask about what is in doubt, until nothing is; then both sides are compared."""
    for _ in range(_ROUNDS):
        by_telephone(history)
        history.guarded(lambda: go_on(history))
        history.guarded(lambda: look(history))
        history.witness.look()
        history.clock.advance(_SECONDS)
        history.tick()
        if not (silent(history) or doubtful(history) or history.witness.waiting()):
            break
    else:
        raise ViolationError(f"[7] not settled: {silent(history) + doubtful(history)}")
    compare(history)


def compare(history: History) -> None:
    """The brokers' books of our blocks, and ours."""
    facts = history.witness.allocations()
    said = _said(facts)
    for name, order in history.witness.orders.items():
        venue = history.venues[order.intent.venue]
        if name not in history.left_to_people and not history.is_excused(venue.name):
            _compare_block(history, venue, name, order, said)
    if not history.left_to_people:
        _compare_answers(history, facts)


def _compare_answers(history: History, facts: list[AllocationFact]) -> None:
    """What brokers report of blocks that have ended was answered."""
    answered = {one.report_id for one in facts if isinstance(one, AllocationAnswer)}
    ended = {n for one in history.witness.orders.values() if one.is_closed for n in one.chain}
    for one in facts:
        is_due = isinstance(one, AllocationReport) and one.cl_ord_id in ended
        if is_due and one.report_id not in answered:
            raise ViolationError(f"[7] report {one.report_id} on {one.cl_ord_id} has no answer")


def _compare_block(
    history: History, venue: SimVenue, name: str, order: Order, said: dict[str, str]
) -> None:
    theirs = [
        parts for alloc_id, parts in venue.instructions().items() if said.get(alloc_id) == name
    ]
    mode = history.mode_of(venue.name)
    is_split = any(one.security_id == order.intent.security_id for one in history.splits)
    if mode not in _INSTRUCTED or not order.is_closed or is_split:
        return  # What a busted fill opened again is told anew when it ends.
    given = history.witness.given(name)
    allowed = [[given] if given else []]
    if given and mode is AllocationMode.BEFORE:  # A report that differed is answered by the last.
        allowed += [[_wanted(order)], [_wanted(order), given]]
    if theirs not in allowed:
        raise ViolationError(f"[7] the broker has {theirs} of {name}, the books gave {given}")


def _wanted(order: Order) -> Parts:
    return {part.account_id: int(part.quantity) for part in order.intent.allocations}


def _said(facts: list[AllocationFact]) -> dict[str, str]:
    """The block of each instruction."""
    return {fact.alloc_id: fact.order for fact in _instructions(facts)}


def _instructions(facts: list[AllocationFact]) -> Iterator[AllocationInstruction]:
    return (fact for fact in facts if isinstance(fact, AllocationInstruction))


def _venue_of(history: History, alloc_id: str) -> SimVenue:
    name = _said(history.witness.allocations())[alloc_id]
    return history.venues[history.witness.orders[name].intent.venue]
