"""Settlement: a doubt that the wire cannot end is ended by two persons.

The first says what became of the order and how that is known; the second agrees,
and only then does it count. What happens to the order in between makes the
proposal void: the second person must agree to what is still so.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import BadInputError
from domain.order_states import apply
from domain.orders import Alarm, DoubtSettled, Order, OrdStatus, Settlement
from domain.ports import UnitOfWork
from oms.cancel import repeat_lost_cancel
from oms.days import give_out, mandates_of
from oms.instructing import take_back
from oms.second_person import Proposals, Spoken, require_second

SETTLED = "doubt_settled"  # Audit.


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one person says of a doubt; `events` are those that there then were about it."""

    what: Settlement
    why: str
    events: int


PROPOSALS = Proposals("settlement_proposed", Proposal)


class NotSettledError(BadInputError):
    """The order is not settled; the text says why and what to do."""


def propose(
    uow: UnitOfWork, order: Order, *, what: Settlement, why: str, by: str, at: datetime
) -> Proposal:
    """Write down what the first person says. Nothing about the order changes yet.

    Raises `NotSettledError`.
    """
    name = order.intent.cl_ord_id
    _require_doubt(order)
    _require_possible(order, what)
    proposal = Proposal(what=what, why=why, events=len(uow.orders.events(name)))
    PROPOSALS.write(uow, name, proposal, by=by, at=at)
    return proposal


def second(
    uow: UnitOfWork, order: Order, *, by: str, at: datetime
) -> tuple[DoubtSettled, tuple[Alarm, ...]]:
    """The second person agrees: the doubt is over. Raises `NotSettledError`."""
    name = order.intent.cl_ord_id
    _require_doubt(order)
    said = agreed(uow, name, len(uow.orders.events(name)), by=by)
    event = DoubtSettled(
        cl_ord_id=order.current,
        at=at,
        what=said.proposal.what,
        why=said.proposal.why,
        by=said.by,
        seconded_by=by,
    )
    moved, alarms = apply(order, event)
    uow.orders.append(moved, event, at)
    uow.audit.append(at=at, actor=by, kind=SETTLED, subject=name, body=event)
    if moved.status is OrdStatus.UNSENT:
        take_back(uow, moved, at)
    elif moved.is_closed:  # No report will close it any more: its accounts get what it filled.
        alarms += give_out(uow, moved, mandates_of(uow, moved.intent.run_id), at)
    else:  # A cancel that it took with it would have ended it.
        repeat_lost_cancel(uow, moved, at)
    return event, alarms


def agreed(uow: UnitOfWork, name: str, events: int, *, by: str) -> Spoken[Proposal]:
    """Who said what of a doubt, now that `by` agrees; `events` are those that there are now.

    Raises `NotSettledError` where nobody has said anything, where the same person did, and
    where something has happened since.
    """
    said = PROPOSALS.newest(uow, name)
    if said is None:
        raise NotSettledError(f"nobody has said what became of {name}; say it first, with --as")
    require_second(said.by, by, NotSettledError, did=f"said this of {name}")
    if events != said.proposal.events:
        raise NotSettledError(
            f"{name} has changed since {said.by} spoke of it; look at `trimtab order {name}`, "
            "and say again what became of it"
        )
    return said


def _require_doubt(order: Order) -> None:
    if not order.in_doubt:
        raise NotSettledError(
            f"order {order.intent.cl_ord_id} is not in doubt: it is {order.status.name.lower()}"
        )


def _require_possible(order: Order, what: Settlement) -> None:
    acknowledged = order.order_id is not None or bool(order.fills)
    if what is Settlement.NEVER_REACHED and acknowledged:
        raise NotSettledError(
            f"order {order.intent.cl_ord_id} has reached its venue, which calls it "
            f"{order.order_id or 'filled in part'}; it may have ended, or it stands"
        )
