"""Orders as JSON, for operators: the fields of an exchange's, and the plan."""

from simulator.broker.parent import Parent
from simulator.values.words import OrdType, Side, TimeInForce


def parent_shown(parent: Parent) -> dict[str, object]:
    """An order, its plan, and how far it is."""
    plan, order = parent.plan, parent.order
    return {
        "order_id": parent.order_id,
        "client": parent.client,
        "cl_ord_id": parent.cl_ord_id,
        "chain": list(parent.names),
        "symbol": order.symbol,
        "side": Side(order.side).name.lower(),
        "type": OrdType(order.ord_type).name.lower(),
        "price": parent.price or None,
        "time_in_force": TimeInForce(order.time_in_force).name.lower(),
        "status": parent.status.name.lower(),
        "order_qty": parent.quantity,
        "cum_qty": parent.cum,
        "leaves_qty": parent.leaves,
        "avg_px": parent.average,
        "out": parent.out,
        "children": parent.sent,
        "strategy": plan.strategy.value,
        "start": plan.start.isoformat(),
        "end": plan.end.isoformat(),
        "rate": f"{float(plan.rate):g}" if plan.rate else None,
    }
