"""A family: every order that came of one block, its parts and their generations.

Children never exceed their parent: what earlier ones did or may still do, and what is
to go out, are within the block, account by account.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from domain.exact import ZERO, plain
from domain.orders import Order, OrderIntent
from domain.ports import UnitOfWork
from oms.admission import Admission, Stopped
from oms.generations import root_of
from oms.rests import rest_by_account
from oms.routing import Route


def families(orders: Iterable[Order]) -> Mapping[str, tuple[Order, ...]]:
    """A run's orders by their block's ClOrdID, in the order they have."""
    found: defaultdict[str, list[Order]] = defaultdict(list)
    for order in orders:
        found[root_of(order.intent.cl_ord_id)].append(order)
    return {root: tuple(family) for root, family in found.items()}


def spoken_for(uow: UnitOfWork, family: Iterable[Order]) -> dict[str, Decimal]:
    """Shares by account that the orders did, or may still do."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in family:
        rest = rest_by_account(uow, order) if order.is_closed else {}
        for part in order.intent.allocations:
            found[part.account_id] += part.quantity - rest.get(part.account_id, ZERO)
    return dict(found)


def within_parents(
    uow: UnitOfWork, wanted: Sequence[OrderIntent], routes: Mapping[str, Route], run_id: UUID
) -> Admission:
    """Take out what would exceed its block in shares; only blocks with several children can."""
    several = {
        root for root, route in routes.items() if len(route.attempts) > 1 or len(route.times) > 1
    }
    several |= {i.cl_ord_id for i in wanted if root_of(i.cl_ord_id) != i.cl_ord_id}
    if not any({root_of(i.cl_ord_id), i.cl_ord_id} & several for i in wanted):
        return Admission(intents=tuple(wanted), stopped=())
    known = families(uow.orders.of_run(run_id))
    going: list[OrderIntent] = []
    stopped: list[Stopped] = []
    for intent in wanted:
        parent = routes.get(root_of(intent.cl_ord_id))
        family = known.get(root_of(intent.cl_ord_id), ())
        why = None if parent is None else _over(intent, parent, spoken_for(uow, family))
        if why is None:
            going.append(intent)
        else:
            stopped.append(Stopped(cl_ord_id=intent.cl_ord_id, account_id=None, why=why))
    return Admission(intents=tuple(going), stopped=tuple(stopped))


def _over(intent: OrderIntent, parent: Route, spoken: Mapping[str, Decimal]) -> str | None:
    meant = {part.account_id: part.quantity for part in parent.intent.allocations}
    for part in intent.allocations:
        account = part.account_id
        already = spoken.get(account, ZERO)
        if already + part.quantity > meant.get(account, ZERO):
            return (
                f"with {plain(part.quantity)} more, {account} would have "
                f"{plain(already + part.quantity)} of {plain(meant.get(account, ZERO))} shares"
            )
    return None
