"""A family: every order that came of one block, its parts and their generations.

Children never exceed their parent: what earlier ones did or may still do, and what is
to go out, are within the block, account by account.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from domain.exact import ZERO, plain
from domain.orders import Order, OrderIntent
from domain.ports import UnitOfWork
from oms.admission import Admission, Stopped
from oms.generations import lineage, part_name, root_of
from oms.rests import rest_by_account
from oms.routing import Route


def families(orders: Iterable[Order]) -> Mapping[str, tuple[Order, ...]]:
    """A run's orders by their block's ClOrdID, in the order they have."""
    found: defaultdict[str, list[Order]] = defaultdict(list)
    for order in orders:
        found[root_of(order.intent.cl_ord_id)].append(order)
    return {root: tuple(family) for root, family in found.items()}


def family_of(uow: UnitOfWork, root: str, parts: int) -> tuple[Order, ...]:
    """A block's orders, asked for by their names; it has no more than `parts` parts."""
    names = (part_name(root, number) for number in range(1, parts + 1))
    return tuple(order for name in names for order in lineage(uow, name))


def most_parts(routes: Iterable[Route]) -> int:
    """How many parts a block of these may have: one for each time of any, and one at once."""
    return 1 + len({at for route in routes for at in route.times})


def spoken_for(uow: UnitOfWork, family: Iterable[Order]) -> dict[str, Decimal]:
    """Shares by account that the orders did, or may still do."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in family:
        rest = rest_by_account(uow, order) if order.is_closed else {}
        for part in order.intent.allocations:
            found[part.account_id] += part.quantity - rest.get(part.account_id, ZERO)
    return dict(found)


def within_parents(
    uow: UnitOfWork, wanted: Sequence[OrderIntent], routes: Mapping[str, Route]
) -> Admission:
    """Take out what would exceed its block in shares."""
    parts = most_parts(routes.values())
    going: list[OrderIntent] = []
    stopped: list[Stopped] = []
    for intent in wanted:
        parent = routes[root_of(intent.cl_ord_id)]
        family = family_of(uow, parent.intent.cl_ord_id, parts)
        why = _over(intent, parent, spoken_for(uow, family))
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
