"""Whether the broker takes an order or a change: a reason and a sentence, or nothing."""

import re
from collections.abc import Mapping

from simulator.broker.rules import BrokerRules
from simulator.exchange.instruments import Instrument
from simulator.values.numbers import whole_number
from simulator.values.requests import NewOrder, ReplaceOrder
from simulator.values.words import OrdRejReason, OrdType, Side, TimeInForce

_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,64}")
Refusal = tuple[OrdRejReason, str]
Listed = Mapping[str, Mapping[str, Instrument]]  # By exchange and symbol.


def refusal_of(order: NewOrder, rules: BrokerRules, listed: Listed) -> Refusal | None:
    """Everything but the strategy."""
    if not _IDENTIFIER.fullmatch(order.cl_ord_id):
        return OrdRejReason.OTHER, "ClOrdID (11) must be 1 to 64 printable characters"
    venues = [venue for venue in rules.works_on if order.symbol in listed[venue]]
    if not venues:
        where = ", ".join(rules.works_on)
        return OrdRejReason.UNKNOWN_SYMBOL, f"{order.symbol:.40} does not trade on {where}"
    if order.side not in set(Side):
        return OrdRejReason.UNSUPPORTED, f"Side (54) {order.side:.20}: use {', '.join(Side)}"
    if order.time_in_force != TimeInForce.DAY:
        return OrdRejReason.UNSUPPORTED, "TimeInForce (59) must be 0 (Day); ExpireTime ends earlier"
    return terms_refusal(order, rules, listed[venues[0]][order.symbol])


def terms_refusal(
    order: NewOrder | ReplaceOrder, rules: BrokerRules, instrument: Instrument
) -> Refusal | None:
    """Type, price and quantity."""
    if order.ord_type not in {OrdType.MARKET, OrdType.LIMIT}:
        return OrdRejReason.UNSUPPORTED, "OrdType (40) must be 1 (Market) or 2 (Limit)"
    units = instrument.reference
    if order.ord_type == OrdType.LIMIT:
        found = instrument.units(order.price)
        if not found:
            tick = instrument.tick_text(units)
            return OrdRejReason.OTHER, f"Price (44) {order.price:.20} must be a multiple of {tick}"
        units = found
    quantity = whole_number(order.quantity)
    lot = instrument.lot(units)
    if not quantity or quantity % lot:
        text = f"OrderQty (38) {order.quantity:.20} must be whole shares in lots of {lot}"
        return OrdRejReason.INCORRECT_QUANTITY, text
    if quantity > rules.maximum_quantity:
        return OrdRejReason.EXCEEDS_LIMIT, f"OrderQty (38) is above {rules.maximum_quantity}"
    return None
