"""What we say about a block's accounts: on its order, by AllocationInstruction, and in answers.

Accounts go by the names that the broker knows them by. Source of the flows: FIX 4.4
Volume 5, Post-Trade.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from domain.allocation_chain import first_alloc_id
from domain.allocations import (
    AllocatedPart,
    AllocationAnswer,
    AllocationInstruction,
    AllocationMode,
    AllocTransType,
    AllocType,
)
from domain.exact import plain, to_scaled
from domain.orders import Order, OrderIntent, ReplaceRequest
from domain.sharing import shared
from gateway.dialect import Dialect
from gateway.printable import instant, printable, token
from gateway.terms import Field

_CURRENCY = "USD"
_ISIN_SOURCE = "4"
_ABSOLUTE = "3"  # CommType (13): dollars.
_NOT_SPECIFIED, _LISTED = "0", "1"  # AllocNoOrdersType (857).


def of_order(intent: OrderIntent, dialect: Dialect) -> list[Field]:
    """What the order itself says of its accounts."""
    if dialect.allocations is AllocationMode.BEFORE:
        return [(70, token("AllocID", first_alloc_id(intent.cl_ord_id)))]
    if dialect.allocations is not AllocationMode.ON_ORDER:
        return []
    parts = [(part.account_id, part.quantity) for part in intent.allocations]
    return [(78, str(len(parts))), *_shares(parts, dialect.accounts)]


def of_change(request: ReplaceRequest, intent: OrderIntent, dialect: Dialect) -> list[Field]:
    """What a replace says of them: all of its parts again, in the shares that it asks for."""
    if dialect.allocations is not AllocationMode.ON_ORDER:
        return []
    weights = {part.account_id: to_scaled(part.quantity) for part in intent.allocations}
    parts = shared(request.quantity, weights, Decimal(1), request.cl_ord_id)
    said = [(account, quantity) for account, quantity in parts.items() if quantity]
    return [(78, str(len(said))), *_shares(said, dialect.accounts)]


def instruction(one: AllocationInstruction, order: Order, dialect: Dialect) -> list[Field]:
    """AllocationInstruction (35=J)."""
    intent = order.intent
    refers = [] if one.refers_to is None else [(72, token("RefAllocID", one.refers_to))]
    average = Decimal(0) if one.average_price is None else one.average_price
    return [
        (70, token("AllocID", one.alloc_id)),
        (71, one.transaction.value),
        (626, one.kind.value),
        *refers,
        *_orders(one, order),
        (54, intent.side.value),
        (55, token("Symbol", intent.symbol)),
        (48, token("SecurityID", intent.security_id)),
        (22, _ISIN_SOURCE),
        (53, plain(one.quantity)),
        (6, plain(average)),
        (15, _CURRENCY),
        (75, f"{one.trade_date:%Y%m%d}"),
        (60, instant(one.requested_at)),
        *_net_money(one.parts),
        (78, str(len(one.parts))),
        *(field for part in one.parts for field in _part(part, one, dialect.accounts)),
    ]


def answer(one: AllocationAnswer, at: datetime) -> list[Field]:
    """AllocationReportAck (35=AT)."""
    code = [] if one.code is None else [(88, one.code.value)]
    text = printable(one.text)
    return [
        (755, token("AllocReportID", one.report_id)),
        (70, token("AllocID", one.alloc_id)),
        (60, instant(at)),
        (87, one.status.value),
        *code,
        *([(58, text)] if text else []),
    ]


def _orders(one: AllocationInstruction, order: Order) -> list[Field]:
    """A preliminary instruction comes before its order, which then names it.

    One that replaces it names the order, as a change of the order cannot name both.
    """
    if one.kind is AllocType.PRELIMINARY and one.transaction is not AllocTransType.REPLACE:
        return [(857, _NOT_SPECIFIED)]
    fields = [(857, _LISTED), (73, "1"), (11, token("ClOrdID", order.current))]
    if order.order_id is not None:
        fields.append((37, token("OrderID", order.order_id)))
    return fields


def _net_money(parts: Iterable[AllocatedPart]) -> list[Field]:
    amounts = [part.net_money for part in parts if part.net_money is not None]
    return [(118, plain(sum(amounts, Decimal(0))))] if amounts else []


def _shares(parts: Iterable[tuple[str, Decimal]], accounts: Mapping[str, str]) -> Iterable[Field]:
    for account, quantity in parts:
        yield 79, token("AllocAccount", accounts.get(account, account))
        yield 80, plain(quantity)


def _part(
    part: AllocatedPart, one: AllocationInstruction, accounts: Mapping[str, str]
) -> Iterable[Field]:
    yield from _shares([(part.account_id, part.quantity)], accounts)
    if part.commission is not None:
        yield from ((12, plain(part.commission)), (13, _ABSOLUTE))
    if one.average_price is not None:
        yield 153, plain(one.average_price)
    if part.net_money is not None:
        yield 154, plain(part.net_money)
