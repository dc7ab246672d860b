"""Wishes about one allocation in doubt: what the broker said of it, and a second person's word."""

from datetime import datetime

from console.agreeing import how_to_agree
from console.service_port import Telling
from domain.orders import Settlement
from domain.ports import UnitOfWork
from oms import allocation_doubts

_MEANS = {
    Settlement.NEVER_REACHED: "never reached the broker, and is said anew as the books have it",
    Settlement.ENDED: "was refused or dropped by the broker, and is not said again",
    Settlement.STANDS: "is with the broker",
}


def propose(
    uow: UnitOfWork, alloc_id: str, *, what: Settlement, why: str, by: str, at: datetime
) -> Telling:
    """Write down what the first person says; raises `NotSettledError`."""
    said = allocation_doubts.propose(uow, alloc_id, what=what, why=why, by=by, at=at)
    return Telling(
        subject=alloc_id,
        lines=(
            f"{by} says that allocation {alloc_id} {_MEANS[what]}: {why}",
            how_to_agree(f"resolve {alloc_id}"),
        ),
        facts=said,
    )


def second(uow: UnitOfWork, alloc_id: str, *, by: str, at: datetime) -> Telling:
    """The second person agrees: the doubt is over. Raises `NotSettledError`."""
    settled = allocation_doubts.second(uow, alloc_id, by=by, at=at)
    line = f"allocation {alloc_id} {_MEANS[settled.what]}, say {settled.by} and {by}: {settled.why}"
    return Telling(subject=alloc_id, lines=(line,), facts=settled)
