"""What a broker says of allocations, read from FIX text: acknowledgements (P) and reports (AS)."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from domain.allocations import (
    AllocatedPart,
    AllocationAck,
    AllocationReport,
    AllocRejCode,
    AllocStatus,
    AllocTransType,
)
from domain.exact import to_cents
from gateway.fields import FieldError, Fields, plain_text, trade_date_of, transact_time_of
from gateway.wiretext import pairs

_ACCOUNT = 79  # AllocAccount begins each instance of NoAllocs (78).
_OF_A_PART = frozenset({79, 80, 12, 13, 154})
_SINGLE = frozenset({6, 53, 54, 55, 70, 71, 75, 87, 755})
_PER_UNIT, _PERCENT = "1", "2"
_CODES = {code.value: code.name.replace("_", " ").lower() for code in AllocRejCode}


def read_ack(raw: str, venue: str) -> AllocationAck:
    """AllocationInstructionAck (35=P). Raises `FieldError`."""
    fields = Fields(pairs(raw), single=_SINGLE)
    _refuse_doubled(fields)
    code = plain_text(fields.text.get(88, ""))
    text = plain_text(fields.text.get(58, ""))
    words = _CODES.get(code, f"AllocRejCode {code}" if code else "")
    return AllocationAck(
        venue=venue,
        alloc_id=fields.identifier(70),
        status=_status(fields),
        code=code,
        reason=": ".join(part for part in (words, text) if part),
        transact_time=transact_time_of(fields, []),
    )


def read_report(raw: str, venue: str, accounts: Mapping[str, str]) -> AllocationReport:
    """AllocationReport (35=AS). `accounts` are ours by the broker's names. Raises `FieldError`."""
    given = list(pairs(raw))
    fields = Fields(given, single=_SINGLE)
    _refuse_doubled(fields)
    at = transact_time_of(fields, [])
    quantity, average = fields.quantity(53), fields.average(6)
    if quantity is None or average is None:
        raise FieldError("an allocation report without Quantity (53) or AvgPx (6)")
    transaction = fields.text.get(71, "0")
    if transaction not in set(AllocTransType):
        raise FieldError(f"AllocTransType (71) {transaction[:8]!r} is unknown")
    parts = tuple(_part(one, average, accounts) for one in _instances(given))
    return AllocationReport(
        venue=venue,
        report_id=fields.identifier(755),
        replaces=fields.identifier(795) if 795 in fields.text else None,
        transaction=AllocTransType(transaction),
        alloc_id=fields.identifier(70) if 70 in fields.text else fields.identifier(755),
        cl_ord_id=_only_order(given),
        symbol=fields.identifier(55),
        side=plain_text(fields.text.get(54, "")),
        quantity=quantity,
        average_price=average,
        trade_date=trade_date_of(fields, at),
        parts=parts,
        transact_time=at,
    )


def _status(fields: Fields) -> AllocStatus:
    status = fields.text.get(87, "")
    if status not in set(AllocStatus):
        raise FieldError(f"AllocStatus (87) {status[:8]!r} is unknown")
    return AllocStatus(status)


def _refuse_doubled(fields: Fields) -> None:
    if fields.doubled:
        tags = ", ".join(map(str, sorted(fields.doubled)))
        raise FieldError(f"tag {tags} appears more than once")


def _only_order(given: Iterable[tuple[int, str]]) -> str:
    """The ClOrdID of the block; a report of several orders together is not of a block of ours."""
    names = {value for tag, value in given if tag == 11}
    if len(names) > 1:
        raise FieldError(f"it is about {len(names)} orders together, and each block is our own")
    return Fields([(11, name) for name in names]).identifier(11) if names else ""


def _instances(given: Iterable[tuple[int, str]]) -> Iterator[Fields]:
    """The accounts. No other part of the message has the tags that are read of them."""
    found: list[tuple[int, str]] = []
    for tag, value in given:
        if tag == _ACCOUNT and found:
            yield Fields(found)
            found = []
        if tag == _ACCOUNT or (found and tag in _OF_A_PART):
            found.append((tag, value))
    if found:
        yield Fields(found)


def _part(fields: Fields, average: Decimal, accounts: Mapping[str, str]) -> AllocatedPart:
    name, quantity = fields.identifier(79), fields.quantity(80)
    if quantity is None:
        raise FieldError(f"account {name} without AllocQty (80)")
    return AllocatedPart(
        account_id=accounts.get(name, name),
        quantity=quantity,
        commission=_commission(fields, quantity, average),
        net_money=fields.price(154),
    )


def _commission(fields: Fields, quantity: Decimal, average: Decimal) -> Decimal | None:
    """Dollars; CommType (13) is per share, percent or absolute. None where nothing is said."""
    amount = fields.price(12)
    if amount is None:
        return None
    kind = fields.text.get(13, "3")
    if kind == _PER_UNIT:
        return to_cents(amount * quantity)
    if kind == _PERCENT:
        return to_cents(amount / 100 * quantity * average)
    return amount
