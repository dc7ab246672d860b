"""One attack with nonsense: so many reports in one session, and what must hold afterwards."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from domain.exact import CENT, ZERO
from domain.instruments import CASH
from domain.postings import Leg, Transaction
from tests.fuzz.nonsense import Reports, Said
from tests.fuzz.target import Target


def talk_nonsense(target: Target, seed: int, count: int) -> tuple[Said, ...]:
    """Log on, take an order, and say `count` bent reports about it; all that was said."""
    intent = target.order()
    venue, said = target.venue, []
    for kind, fields in Reports(seed, intent).stream(count):
        said.append(Said(venue.report(kind, fields), kind, tuple(fields)))
    venue.ping()
    target.settle()
    return tuple(one for one in said if one.sequence not in venue.withheld)


def violations(target: Target, said: Sequence[Said]) -> Iterator[str]:
    """What is booked was said, and what may be a fill is booked or kept for a person."""
    fills, kept = target.fills(), target.quarantined()
    by_id: dict[str, list[Said]] = {}
    for one in said:
        by_id.setdefault(one.first().get(17, ""), []).append(one)
    for fill in fills:
        if not any(_is_the_same(fill, one) for one in by_id.get(fill.exec_id or "", [])):
            yield f"{fill.exec_id} is booked as nobody said it: {fill.legs}"
    booked = {fill.exec_id for fill in fills}
    undone = {t.exec_id for t in target.ledger() if t.reverses is not None}
    unheard: set[str] = set()  # Undone before they were said: they do not count.
    for one in said:
        first = one.first()
        known = first.get(17, "") in booked | undone | unheard
        if first.get(150) in {"G", "H"} and first.get(19) != first.get(17):
            unheard.add(first.get(19, ""))
        if one.is_genuine_fill and not known and one.sequence not in kept:
            yield f"a fill was lost: {one}"
        elif one.may_be_fill and not known and one.sequence not in kept:
            yield f"what may be a fill was passed over: {one}"


def _is_the_same(fill: Transaction, one: Said) -> bool:
    first = one.first()
    try:
        quantity, price = Decimal(first.get(32, "x")), Decimal(first.get(31, "x"))
    except InvalidOperation:
        return False
    if not (quantity.is_finite() and price.is_finite()):
        return False
    moved = {leg.asset == CASH: abs(leg.quantity) for leg in fill.legs if _is_street(leg)}
    money = quantity * price
    return moved.get(False) == quantity and abs(moved.get(True, ZERO) - money) < CENT


def _is_street(leg: Leg) -> bool:
    return leg.book.startswith("street:")
