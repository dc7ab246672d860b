"""Routes: the way of an order by hand.

It works until its own end, not a wave's: until the close, or, when that has passed or it is good
for longer, for as long as its venue lets it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from domain.orders import OrderIntent
from domain.snapshot import Snapshot
from oms.by_hand.order import HandOrder
from oms.route_blocks import route_blocks
from oms.route_terms import TradingDay
from oms.routing import FOR_ALL, Attempt, Route, RoutingSettings, Rule

BY_HAND = "by hand"  # The rule's name where the person said how it goes.


def routes(
    order: HandOrder,
    blocks: Iterable[OrderIntent],
    snapshot: Snapshot,
    settings: RoutingSettings,
    at: datetime,
) -> tuple[Route, ...]:
    """One for each block: accounts that directed their brokerage have a block of their own."""
    found = route_blocks(blocks, snapshot, order.urgency, _rules(order, snapshot, settings))
    return tuple(
        replace(one, attempts=tuple(_own(a, order, settings.day, at) for a in one.attempts))
        for one in found
    )


def _rules(order: HandOrder, snapshot: Snapshot, settings: RoutingSettings) -> RoutingSettings:
    """The firm's own, or one that says what the person said; the firm's volume limit stays."""
    if not order.has_terms:
        return settings
    choice = order.choice(settings.usual.collar, snapshot.as_of)
    return replace(settings, rules=(Rule(name=BY_HAND, choices=(choice,)),))


def _own(attempt: Attempt, order: HandOrder, day: TradingDay, at: datetime) -> Attempt:
    intent = attempt.intent
    if order.has_terms:
        intent = replace(
            intent,
            limit_price=intent.limit_price if order.limit is None else order.limit,
            stop_price=intent.stop_price if order.stop is None else order.stop,
            routed=intent.routed and replace(intent.routed, why=_why(intent.routed.why)),
        )
    until = attempt.works_until or day.at(intent.trade_date, day.close)
    if attempt.rests or until <= at:
        return replace(attempt, intent=intent, works_until=None, rests=True)
    return replace(attempt, intent=intent, works_until=until)


def _why(said: str) -> str:
    return said.replace(FOR_ALL, "its terms were given by hand")
