"""What was said of a block's accounts beforehand, when its order dies before any venue had it."""

from datetime import datetime

from domain.allocation_chain import has_left, said_before, taken_back
from domain.allocations import AllocationWithdrawn
from domain.ports import UnitOfWork

_WHY = "its order was never sent"


def take_back(uow: UnitOfWork, venue: str, cl_ord_id: str, at: datetime) -> None:
    """Withdraw it if it still waits; if it has left, cancel it: the broker waits for no block."""
    facts = uow.allocations.of_order(cl_ord_id)
    standing = said_before(facts)
    if standing is None:
        return
    if not has_left(facts, standing) and uow.outbox.withdraw(standing.alloc_id, at):
        gone = AllocationWithdrawn(alloc_id=standing.alloc_id, at=at, why=_WHY)
        uow.allocations.append(cl_ord_id, gone, at)
        return
    undoing = taken_back(standing, facts, at)
    uow.allocations.append(cl_ord_id, undoing, at)
    uow.outbox.queue(venue, undoing, at)
