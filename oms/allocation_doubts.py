"""Allocations in doubt: whether a broker has an instruction, found out by two persons.

No message asks a broker that. The first person says what it told him, the second agrees, as
with orders (`oms.settlement`). What never reached the broker is then told anew, as the books
have it by then, under another AllocID.
"""

from datetime import datetime

from domain.allocation_chain import doubt_of
from domain.allocations import AllocationFact, AllocationInstruction, AllocationSettled
from domain.orders import Settlement
from domain.ports import UnitOfWork
from oms.instructing import bring_up_to_date
from oms.settlement import PROPOSALS, SETTLED, NotSettledError, Proposal, agreed


def propose(
    uow: UnitOfWork, alloc_id: str, *, what: Settlement, why: str, by: str, at: datetime
) -> Proposal:
    """Write down what the first person says. Nothing about the allocation changes yet.

    Raises `NotSettledError`.
    """
    _, facts = _doubted(uow, alloc_id)
    proposal = Proposal(what=what, why=why, events=len(facts))
    PROPOSALS.write(uow, alloc_id, proposal, by=by, at=at)
    return proposal


def second(uow: UnitOfWork, alloc_id: str, *, by: str, at: datetime) -> AllocationSettled:
    """The second person agrees: the doubt is over. Raises `NotSettledError`."""
    one, facts = _doubted(uow, alloc_id)
    said = agreed(uow, alloc_id, len(facts), by=by)
    settled = AllocationSettled(
        alloc_id=alloc_id,
        at=at,
        what=said.proposal.what,
        why=said.proposal.why,
        by=said.by,
        seconded_by=by,
    )
    uow.allocations.append(one.order, settled, at)
    uow.audit.append(at=at, actor=by, kind=SETTLED, subject=alloc_id, body=settled)
    if settled.what is Settlement.NEVER_REACHED:
        order = uow.orders.get(one.order)
        assert order is not None, "an instruction is kept with its order"
        bring_up_to_date(uow, order, at, by_day=one.day is not None)
    return settled


def _doubted(
    uow: UnitOfWork, alloc_id: str
) -> tuple[AllocationInstruction, tuple[AllocationFact, ...]]:
    """The instruction, and everything that was said about its block."""
    order = uow.allocations.order_of(alloc_id)
    facts = () if order is None else uow.allocations.of_order(order)
    if doubt_of(facts, alloc_id) is None:
        raise NotSettledError(
            f"allocation {alloc_id} is not in doubt; `trimtab order {order or alloc_id}` shows "
            "what was said of it"
        )
    told = (fact for fact in facts if isinstance(fact, AllocationInstruction))
    return next(one for one in told if one.alloc_id == alloc_id), facts
