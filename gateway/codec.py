"""What we send, as FIX text.

Nothing that comes from outside may carry a control character into a field:
the engine would take the rest of it for another field.
"""

from datetime import UTC, datetime
from decimal import Decimal

from domain.allocations import AllocationAnswer, AllocationInstruction
from domain.errors import BadInputError
from domain.exact import plain
from domain.orders import (
    CancelRequest,
    ListCancelRequest,
    Order,
    OrderIntent,
    ReplaceRequest,
)
from domain.ports import ListExecuteRequest, OutboxBody, StatusRequest
from gateway import allocations
from gateway.dialect import Dialect, Kind
from gateway.named_values import filled
from gateway.printable import instant, printable, token
from gateway.terms import Field, fields_of
from gateway.wiretext import HEADER_TAGS, message

PLAIN = Dialect()

_ISIN_SOURCE = "4"
_ALL_ORDERS = "7"  # MassStatusReqType.


def encode(
    body: OutboxBody,
    order: Order | None,
    *,
    account: str,
    at: datetime,
    dialect: Dialect = PLAIN,
) -> str:
    """The message for `body`, without the session's own header fields.

    `order` is what stands for the order that the message speaks of; only a new
    order needs none. `account` is our block account at the broker (tag 1).
    Raises `BadInputError` when a field cannot go on a wire, or the venue does not
    take such an order.
    """
    if isinstance(body, OrderIntent):
        fields = new_order(body, account, at, dialect)
        return in_dialect(Kind.NEW, fields, body, account, dialect)
    if isinstance(body, ListCancelRequest):
        return in_dialect(Kind.LIST_CANCEL, _list_cancel(body), None, account, dialect)
    if isinstance(body, ListExecuteRequest):
        fields = [(66, token("ListID", body.list_id)), (60, instant(at))]
        return in_dialect(Kind.LIST_EXECUTE, fields, None, account, dialect)
    if isinstance(body, AllocationAnswer):
        fields = allocations.answer(body, at)
        return in_dialect(Kind.ALLOCATION_ANSWER, fields, None, account, dialect)
    if order is None:
        name = named_order(body)
        raise BadInputError(f"there is no order {name} to send a {type(body).__name__} for")
    if isinstance(body, CancelRequest):
        kind, fields = Kind.CANCEL, _cancel(body, order, account)
    elif isinstance(body, ReplaceRequest):
        kind, fields = Kind.REPLACE, _replace(body, order, account, dialect)
    elif isinstance(body, AllocationInstruction):
        kind, fields = Kind.ALLOCATION, allocations.instruction(body, order, dialect)
    else:
        kind, fields = Kind.STATUS, _status(body, order, account)
    return in_dialect(kind, fields, order.intent, account, dialect)


def named_order(body: OutboxBody) -> str:
    """The ClOrdID of the order that a message speaks of; empty where it is of none."""
    if isinstance(body, OrderIntent | StatusRequest):
        return body.cl_ord_id
    if isinstance(body, AllocationInstruction):
        return body.order
    if isinstance(body, ListCancelRequest | ListExecuteRequest | AllocationAnswer):
        return ""
    return body.orig_cl_ord_id


def encode_mass_status(at: datetime, account: str, dialect: Dialect = PLAIN) -> str:
    """The question about all our open orders, asked at `at`."""
    name = at.astimezone(UTC).strftime("MS-%Y%m%d-%H%M%S%f")
    fields = [(584, name), (585, _ALL_ORDERS)]
    return in_dialect(Kind.MASS_STATUS, fields, None, account, dialect)


def encode_list_status(list_id: str, account: str, dialect: Dialect = PLAIN) -> str:
    """The question about a whole list."""
    fields = [(66, token("ListID", list_id))]
    return in_dialect(Kind.LIST_STATUS, fields, None, account, dialect)


def in_dialect(
    kind: Kind, fields: list[Field], intent: OrderIntent | None, account: str, dialect: Dialect
) -> str:
    """The message with what the broker wants beside; `intent` is None where it is of no order.

    Header fields come first: behind the others they would be out of order.
    """
    wanted = (
        (one.tag, filled(one.text, intent, account)) for one in dialect.tags if kind in one.kinds
    )
    custom = [(tag, printable(text)) for tag, text in wanted if text]
    custom.sort(key=lambda field: field[0] not in HEADER_TAGS)
    return message(kind, [*custom, *fields])


def new_order(intent: OrderIntent, account: str, at: datetime, dialect: Dialect) -> list[Field]:
    """A new order's fields, ClOrdID first. Raises `BadInputError`."""
    return [
        (11, token("ClOrdID", intent.cl_ord_id)),
        (583, intent.run_id.hex),
        (1, token("Account", account)),
        (21, dialect.handling),
        *_instrument(intent),
        (54, intent.side.value),
        (60, instant(at)),
        *allocations.of_order(intent, dialect),
        *_terms(
            intent,
            intent.quantity,
            intent.limit_price,
            intent.stop_price,
            dialect,
            cash=intent.cash_quantity,
        ),
    ]


def _cancel(request: CancelRequest, order: Order, account: str) -> list[Field]:
    return [
        *_change(request, order, account),
        *_instrument(order.intent),
        (54, order.intent.side.value),
        (60, instant(request.requested_at)),
        (38, plain(order.order_qty)),
        *_why(request.why),
    ]


def _list_cancel(request: ListCancelRequest) -> list[Field]:
    return [
        (66, token("ListID", request.list_id)),
        (60, instant(request.requested_at)),
        *_why(request.why),
    ]


def _replace(request: ReplaceRequest, order: Order, account: str, dialect: Dialect) -> list[Field]:
    return [
        *_change(request, order, account),
        (21, dialect.handling),
        *_instrument(order.intent),
        (54, order.intent.side.value),
        (60, instant(request.requested_at)),
        *allocations.of_change(request, order.intent, dialect),
        *_terms(order.intent, request.quantity, request.limit_price, request.stop_price, dialect),
        *_why(request.why),
    ]


def _terms(
    intent: OrderIntent,
    quantity: Decimal,
    limit: Decimal | None,
    stop: Decimal | None,
    dialect: Dialect,
    *,
    cash: Decimal | None = None,
) -> list[Field]:
    if why := dialect.unsupported(intent):
        raise BadInputError(why)
    return fields_of(intent, quantity=quantity, limit=limit, stop=stop, dialect=dialect, cash=cash)


def _status(request: StatusRequest, order: Order, account: str) -> list[Field]:
    """A question about a change goes without OrderID, which would bring the order's answer."""
    fields = [(11, token("ClOrdID", request.cl_ord_id)), (583, order.intent.run_id.hex)]
    is_of_the_order = request.cl_ord_id in (order.current, order.intent.cl_ord_id)
    if order.order_id is not None and is_of_the_order:
        fields.append((37, token("OrderID", order.order_id)))
    return [
        *fields,
        (1, token("Account", account)),
        *_instrument(order.intent),
        (54, order.intent.side.value),
    ]


def _change(request: CancelRequest | ReplaceRequest, order: Order, account: str) -> list[Field]:
    fields = [
        (41, token("OrigClOrdID", request.orig_cl_ord_id)),
        (11, token("ClOrdID", request.cl_ord_id)),
        (583, order.intent.run_id.hex),
    ]
    if order.order_id is not None:
        fields.append((37, token("OrderID", order.order_id)))
    return [*fields, (1, token("Account", account))]


def _instrument(intent: OrderIntent) -> list[Field]:
    return [
        (55, token("Symbol", intent.symbol)),
        (48, token("SecurityID", intent.security_id)),
        (22, _ISIN_SOURCE),
    ]


def _why(text: str) -> list[Field]:
    safe = printable(text)
    return [(58, safe)] if safe else []
