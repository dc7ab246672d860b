"""Exposure: what an order that is out may take of each account, at the worst of its terms.

A replace that the venue has not answered may stand already, so it counts beside the
terms that stood before it.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from domain.exact import to_cents
from domain.orders import Order, ReplaceRequest
from oms.worst_price import worst_price


def exposure(order: Order, collar: Decimal) -> dict[str, Decimal]:
    """Dollars by account; `collar` is how far a buy without a limit may go, as a fraction."""
    found: dict[str, Decimal] = {}
    for terms in _versions(order):
        for account, dollars in at_terms(order, terms, collar).items():
            found[account] = max(dollars, found.get(account, dollars))
    return found


def at_terms(order: Order, terms: ReplaceRequest, collar: Decimal) -> dict[str, Decimal]:
    """Dollars by account for the changed quantity at the worst price of these terms."""
    intent = order.intent
    priced = replace(intent, limit_price=terms.limit_price, stop_price=terms.stop_price)
    if order.splits:
        priced = replace(priced, reference_price=order.decision_price)
    price = worst_price(priced, collar)
    share = Fraction(terms.quantity) / Fraction(intent.quantity)
    return {
        part.account_id: _dollars(Fraction(part.quantity) * share * Fraction(price))
        for part in intent.allocations
    }


def _versions(order: Order) -> Iterator[ReplaceRequest]:
    """The terms that stand, and those that were asked for."""
    yield ReplaceRequest(
        cl_ord_id=order.current,
        orig_cl_ord_id=order.current,
        quantity=order.order_qty,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        requested_at=order.intent.decided_at,
        why="",
    )
    yield from (wish for wish in order.pending if isinstance(wish, ReplaceRequest))


def _dollars(exact: Fraction) -> Decimal:
    return to_cents(Decimal(exact.numerator) / Decimal(exact.denominator))
