"""What we send, as FIX 4.4 text.

Nothing that comes from outside may carry a control character into a field:
the engine would take the rest of it for another field.
"""

import re
from datetime import UTC, datetime

from domain.errors import BadInputError
from domain.exact import plain
from domain.orders import (
    CancelRequest,
    Order,
    OrderIntent,
    ReplaceRequest,
)
from domain.ports import OutboxBody, StatusRequest
from gateway.wiretext import message

_TOKEN = re.compile(r"[!-~]{1,64}")
_UNPRINTABLE = re.compile(r"[^ -~]")
_TEXT_LENGTH = 200
_CURRENCY = "USD"
_ISIN_SOURCE = "4"
_AUTOMATED_NO_INTERVENTION = "1"
_ALL_ORDERS = "7"  # MassStatusReqType.

Field = tuple[int, str]


def encode(body: OutboxBody, order: Order | None, *, account: str, at: datetime) -> str:
    """The message for `body`, without the session's own header fields.

    `order` is what stands for the order that the message speaks of; only a new
    order needs none. `account` is our block account at the broker (tag 1).
    Raises `BadInputError` when a field cannot go on a wire.
    """
    if isinstance(body, OrderIntent):
        return message("D", _new_order(body, account, at))
    if order is None:
        name = body.cl_ord_id if isinstance(body, StatusRequest) else body.orig_cl_ord_id
        raise BadInputError(f"there is no order {name} to send a {type(body).__name__} for")
    if isinstance(body, CancelRequest):
        return message("F", _cancel(body, order, account))
    if isinstance(body, ReplaceRequest):
        return message("G", _replace(body, order, account))
    return message("H", _status(body, order, account))


def encode_mass_status(at: datetime) -> str:
    """The question about all our open orders, asked at `at`."""
    name = at.astimezone(UTC).strftime("MS-%Y%m%d-%H%M%S%f")
    return message("AF", [(584, name), (585, _ALL_ORDERS)])


def _new_order(intent: OrderIntent, account: str, at: datetime) -> list[Field]:
    fields = [
        (11, _token("ClOrdID", intent.cl_ord_id)),
        (583, intent.run_id.hex),
        (1, _token("Account", account)),
        (21, _AUTOMATED_NO_INTERVENTION),
        *_instrument(intent),
        (54, intent.side.value),
        (60, _instant(at)),
        (38, plain(intent.quantity)),
        (40, intent.ord_type.value),
    ]
    if intent.limit_price is not None:
        fields.append((44, plain(intent.limit_price)))
    fields += [(15, _CURRENCY), (59, intent.time_in_force.value)]
    return fields


def _cancel(request: CancelRequest, order: Order, account: str) -> list[Field]:
    return [
        *_change(request, order, account),
        *_instrument(order.intent),
        (54, order.intent.side.value),
        (60, _instant(request.requested_at)),
        (38, plain(order.order_qty)),
        *_why(request.why),
    ]


def _replace(request: ReplaceRequest, order: Order, account: str) -> list[Field]:
    fields = [
        *_change(request, order, account),
        (21, _AUTOMATED_NO_INTERVENTION),
        *_instrument(order.intent),
        (54, order.intent.side.value),
        (60, _instant(request.requested_at)),
        (38, plain(request.quantity)),
        (40, order.intent.ord_type.value),
    ]
    if request.limit_price is not None:
        fields.append((44, plain(request.limit_price)))
    fields += [(15, _CURRENCY), (59, order.intent.time_in_force.value), *_why(request.why)]
    return fields


def _status(request: StatusRequest, order: Order, account: str) -> list[Field]:
    fields = [(11, _token("ClOrdID", request.cl_ord_id)), (583, order.intent.run_id.hex)]
    if order.order_id is not None:
        fields.append((37, _token("OrderID", order.order_id)))
    return [
        *fields,
        (1, _token("Account", account)),
        *_instrument(order.intent),
        (54, order.intent.side.value),
    ]


def _change(request: CancelRequest | ReplaceRequest, order: Order, account: str) -> list[Field]:
    fields = [
        (41, _token("OrigClOrdID", request.orig_cl_ord_id)),
        (11, _token("ClOrdID", request.cl_ord_id)),
        (583, order.intent.run_id.hex),
    ]
    if order.order_id is not None:
        fields.append((37, _token("OrderID", order.order_id)))
    return [*fields, (1, _token("Account", account))]


def _instrument(intent: OrderIntent) -> list[Field]:
    return [
        (55, _token("Symbol", intent.symbol)),
        (48, _token("SecurityID", intent.security_id)),
        (22, _ISIN_SOURCE),
    ]


def _why(text: str) -> list[Field]:
    """A reason never keeps a cancel from going out: what the wire cannot carry becomes `?`."""
    safe = _UNPRINTABLE.sub("?", text)[:_TEXT_LENGTH]
    return [(58, safe)] if safe else []


def _token(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise BadInputError(
            f"{name} {value!r} must be 1 to 64 printable ASCII characters without spaces"
        )
    return value


def _instant(value: datetime) -> str:
    assert value.tzinfo is not None
    return value.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S.%f")
