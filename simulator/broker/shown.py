"""Orders as JSON, for operators."""

from simulator.broker.parent import Parent
from simulator.scenarios.words import name_of


def parent_shown(parent: Parent) -> dict[str, object]:
    """An order, its plan, and how far it is."""
    plan = parent.plan
    return {
        "order_id": parent.order_id,
        "client": parent.client,
        "cl_ord_id": parent.cl_ord_id,
        "symbol": parent.order.symbol,
        "side": parent.order.side,
        "status": name_of(parent.status),
        "quantity": parent.quantity,
        "filled": parent.cum,
        "out": parent.out,
        "average_price": parent.average,
        "strategy": plan.strategy.value,
        "start": plan.start.isoformat(),
        "end": plan.end.isoformat(),
        "rate": f"{float(plan.rate):g}" if plan.rate else None,
        "children": parent.sent,
    }
