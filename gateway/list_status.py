"""ListStatus (35=N): how the orders of a list stand together, read from FIX text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.orders import OrdStatus
from gateway.fields import FieldError, Fields, plain_text, transact_time_of
from gateway.wiretext import pairs, value_of

_FIRST = 11  # ClOrdID begins each instance of NoOrders (73).
_OF_AN_ORDER = frozenset({11, 14, 37, 39, 58, 103})
_RECEIVED, _OVER, _REFUSED = "2", "6", "7"  # ListOrderStatus (431).
_STATUSES = {s.value: s for s in OrdStatus if len(s.value) == 1}


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """One order of the list, in the venue's words."""

    cl_ord_id: str
    order_id: str  # Over FIX 5.0, where it is said.
    status: OrdStatus | None  # None: a word that we do not know.
    filled: Decimal | None  # CumQty (14).
    code: int | None  # OrdRejReason (103).
    reason: str


@dataclass(frozen=True, slots=True)
class ListStatus:
    """One report, or a part of one."""

    list_id: str
    number: int  # RptSeq (83).
    is_over: bool
    is_refused: bool
    waits: bool  # It is there whole, and not begun; said with the last part.
    reason: str  # ListStatusText (444).
    orders: tuple[ListedOrder, ...]
    transact_time: datetime


def read_list_status(raw: str) -> ListStatus:
    """Raises `FieldError`."""
    given = list(pairs(raw))
    fields = Fields(given, single=frozenset({66, 431}))
    if fields.doubled:
        raise FieldError("ListID (66) or ListOrderStatus (431) appears more than once")
    stage = fields.text.get(431, "")
    return ListStatus(
        list_id=fields.identifier(66),
        number=fields.code(83) or 1,
        is_over=stage == _OVER,
        is_refused=stage == _REFUSED,
        waits=stage == _RECEIVED and is_last(raw),
        reason=plain_text(fields.text.get(444, "")),
        orders=tuple(_order(one) for one in _instances(given)),
        transact_time=transact_time_of(fields, []),
    )


def is_last(raw: str) -> bool:
    """Whether it is the last part of what is said at once: RptSeq (83) of NoRpts (82)."""
    return (value_of(raw, 83) or "1") == (value_of(raw, 82) or "1")


def _instances(given: Iterable[tuple[int, str]]) -> Iterator[Fields]:
    found: list[tuple[int, str]] = []
    for tag, value in given:
        if tag == _FIRST and found:
            yield Fields(found)
            found = []
        if tag == _FIRST or (found and tag in _OF_AN_ORDER):
            found.append((tag, value))
    if found:
        yield Fields(found)


def _order(fields: Fields) -> ListedOrder:
    return ListedOrder(
        cl_ord_id=fields.identifier(11),
        order_id=fields.identifier(37) if 37 in fields.text else "",
        filled=fields.quantity(14),
        status=_STATUSES.get(fields.text.get(39, "")),
        code=fields.code(103),
        reason=plain_text(fields.text.get(58, "")),
    )
