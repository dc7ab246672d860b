"""NewOrderList (35=E): the orders of a wave for one venue, in as few messages as it takes.

A list goes out whole or not at all: its fragments are marked in one transaction. It begins at
once (ListExecInstType 1), or waits for a ListExecute (2) where the profile says so, without
bidding; each order is reported on as if it had gone alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.orders import OrderIntent
from gateway import codec
from gateway.dialect import Dialect, Kind
from gateway.printable import token
from gateway.terms import Field

_NO_BIDDING = "3"  # BidType (394).
_AT_ONCE, _WHEN_TOLD = "1", "2"  # ListExecInstType (433).


@dataclass(frozen=True, slots=True)
class Fragment:
    """One message of a list, and the orders in it."""

    orders: tuple[OrderIntent, ...]
    text: str


def encode_list(
    orders: Sequence[OrderIntent], *, account: str, at: datetime, dialect: Dialect
) -> tuple[Fragment, ...]:
    """The messages of one list, in their order. Raises `BadInputError` as `codec.encode` does.

    ListSeqNo (67) counts what goes: an order that was stopped leaves no gap.
    """
    assert orders
    assert len({order.list_id for order in orders}) == 1
    starts = range(0, len(orders), dialect.list_orders)
    return tuple(
        _fragment(orders, start, account=account, at=at, dialect=dialect) for start in starts
    )


def _fragment(
    orders: Sequence[OrderIntent],
    start: int,
    *,
    account: str,
    at: datetime,
    dialect: Dialect,
) -> Fragment:
    end = min(start + dialect.list_orders, len(orders))
    part = tuple(orders[start:end])
    fields: list[Field] = [
        (66, token("ListID", orders[0].list_id or "")),
        (394, _NO_BIDDING),
        (433, _WHEN_TOLD if dialect.lists_wait else _AT_ONCE),
        (68, str(len(orders))),
        (893, "Y" if end == len(orders) else "N"),
        (73, str(len(part))),
    ]
    for number, order in enumerate(part, start=start + 1):
        name, *terms = codec.new_order(order, account, at, dialect)
        fields += [name, (67, str(number)), *terms]
    return Fragment(part, codec.in_dialect(Kind.LIST, fields, part[0], account, dialect))
