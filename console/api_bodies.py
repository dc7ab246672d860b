"""The bodies of the local API: one JSON object, whose fields have kinds and no others."""

from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from console.service_port import AdjustmentWish
from console.strict_json import parse
from domain.codec import from_plain
from domain.errors import BadInputError
from domain.orders import Settlement
from domain.runs import Urgency
from oms.by_hand.order import HandOrder

BODY_LIMIT = 1_000_000  # Bytes; files are named by their path, never sent.

TEXTS: type = tuple[str, ...]
NUMBER = Decimal | None
URGENCY = Urgency | None
_JSON_KINDS: dict[Any, Any] = {
    str: object,
    int: int,
    date: str,
    Settlement: str,
    HandOrder: dict,
    AdjustmentWish: dict,
    NUMBER: str | None,
    URGENCY: str | None,
}


async def read(request: Request) -> Any:
    """The body as JSON; raises `HTTPException` where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return parse(bytes(body), "the request's body")


def typed(document: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """The body's fields as their types; unknown and missing ones are refused by name."""
    if not isinstance(document, dict):
        raise BadInputError(f"the body must be one object with the fields {', '.join(fields)}")
    if unknown := sorted(set(document) - set(fields)):
        raise BadInputError(f"unknown field {unknown[0]!r}; valid fields: {', '.join(fields)}")
    if missing := [name for name in fields if name not in document]:
        raise BadInputError(f"field {missing[0]!r} is missing; needed: {', '.join(fields)}")
    values = {}
    for name, kind in fields.items():
        if not isinstance(document[name], _JSON_KINDS.get(kind, list | bool)):
            raise BadInputError(f"field {name!r} is of the wrong kind: {document[name]!r}")
        try:
            values[name] = from_plain(kind, document[name])
        except (TypeError, ValueError, AttributeError) as error:
            raise BadInputError(f"field {name!r} is of the wrong kind: {error}") from error
    if "by" in values and not values["by"].strip():
        raise BadInputError("field 'by' is blank; say who asks for it")
    return values
