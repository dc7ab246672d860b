"""Entering: the commit of orders that may go, within the limits at the wire.

Intent, outbox row, what counts against the limits and the audit entry are of one
transaction, so that a limit holds whatever happens after it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.orders import OrderIntent
from domain.ports import UnitOfWork
from domain.venue_ways import EVERYWHERE_PLAIN, Ways
from oms import wire_risk
from oms.admission import Admission
from oms.instructing import announce
from oms.lists import in_lists
from oms.wire_risk import PriceFacts, RiskLimits

ACTOR = "oms"


def enter(
    uow: UnitOfWork,
    intents: Sequence[OrderIntent],
    limits: RiskLimits,
    facts: PriceFacts,
    now: datetime,
    *,
    ways: Ways = EVERYWHERE_PLAIN,
) -> Admission:
    """Commit what is within the limits, and count it against them; the rest is told.

    `ways` says which venues take lists, and hear of an order's accounts before the order.
    """
    if not intents:
        return Admission(intents=(), stopped=())
    earlier = wire_risk.before(uow, limits, intents[0].trade_date, now)
    going = wire_risk.check(intents, limits, earlier, facts, now)
    going = replace(going, intents=in_lists(going.intents, ways))
    uow.foresee(orders=(intent.cl_ord_id for intent in going.intents))
    for intent in going.intents:
        uow.orders.add(intent)
        announce(uow, intent, ways, now)
        uow.outbox.queue(intent.venue, intent, now)
        uow.audit.append(
            at=now, actor=ACTOR, kind="order_released", subject=intent.cl_ord_id, body=intent
        )
        uow.entries.add(wire_risk.entry_of(intent, limits, facts.strategies, now))
    return going
