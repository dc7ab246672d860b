"""Sizes: orders are cut to their participation limit and to round lots.

What is over stays out, with the reason; each account loses its like share.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

from domain.exact import ZERO, plain
from domain.orders import Order, OrderIntent, Side
from oms.allocation import allocate
from oms.funding import Cut, Funding, with_allocations
from oms.generations import root_of
from oms.routing import Route
from oms.wording import shares

_Name = tuple[str, Side]  # Security id and side.


def within_volume(
    intents: Sequence[OrderIntent], routes: Mapping[str, Route], earlier: Sequence[Order]
) -> Funding:
    """Cut what is over its limit, with what `earlier` orders of the run did or may still do."""
    used: defaultdict[_Name, Decimal] = defaultdict(Decimal)
    for order in earlier:
        used[order.intent.security_id, order.intent.side] += order.cum_qty + order.leaves_qty
    kept: list[OrderIntent] = []
    cuts: list[Cut] = []
    for intent in intents:
        name = intent.security_id, intent.side
        route = routes.get(root_of(intent.cl_ord_id))
        going: OrderIntent | None = intent
        if route is not None and route.most is not None:
            why = f"{route.why_most}, and {shares(used[name])} are"
            going, lost = _cut_to(intent, max(ZERO, route.most - used[name]), why)
            cuts += lost
        if going is not None:
            used[name] += going.quantity
            kept.append(going)
    return Funding(intents=tuple(kept), cuts=tuple(cuts))


def in_round_lots(intents: Sequence[OrderIntent], lots: Mapping[str, int]) -> Funding:
    """Cut each order to a multiple of its security's lot; `lots` are shares by security id."""
    kept: list[OrderIntent] = []
    cuts: list[Cut] = []
    for intent in intents:
        lot = Decimal(lots.get(intent.security_id, 1))
        whole = (intent.quantity / lot).to_integral_value(ROUND_FLOOR) * lot
        going, lost = _cut_to(intent, whole, f"it trades in round lots of {plain(lot)}")
        cuts += lost
        if going is not None:
            kept.append(going)
    return Funding(intents=tuple(kept), cuts=tuple(cuts))


def _cut_to(
    intent: OrderIntent, quantity: Decimal, why: str
) -> tuple[OrderIntent | None, tuple[Cut, ...]]:
    if intent.quantity <= quantity:
        return intent, ()
    wanted = {part.account_id: part.quantity for part in intent.allocations}
    granted = allocate(quantity, wanted, key=intent.cl_ord_id)
    cuts = tuple(
        Cut(
            account_id=account,
            cl_ord_id=intent.cl_ord_id,
            symbol=intent.symbol,
            wanted=wanted[account],
            funded=granted[account],
            why=f"{why}: {account} trades {plain(granted[account])} of {plain(wanted[account])} "
            f"{intent.symbol}",
        )
        for account in wanted
        if granted[account] < wanted[account]
    )
    return with_allocations(intent, granted), cuts
