"""Turns: when the parts of a run's orders are due.

What has no schedule is due at once. A part is what should be done by its turn, less what
the parts before it did: what was left comes along. Purchases without a schedule come
again at each turn of scheduled sales, for what the cash did not yet pay for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from domain.exact import ZERO
from domain.orders import Order, OrderIntent, Side
from domain.ports import UnitOfWork
from oms.family import spoken_for
from oms.generations import part_name
from oms.rests import ROUTER, WISHES
from oms.routing import Route

_RELEASE = frozenset({"oms", ROUTER})  # Whose cancels do not end an order for good.


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a block: its number from 1, and which share should be done with it."""

    route: Route
    number: int
    share: Fraction
    is_overtaken: bool = False  # A later part of the same block is due as well.

    @property
    def name(self) -> str:
        """The part's ClOrdID."""
        return part_name(self.route.intent.cl_ord_id, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is due at one instant; None: at once."""

    at: datetime | None
    parts: tuple[Part, ...]


def turns(routes: Sequence[Route], now: datetime) -> tuple[Turn, ...]:
    """In their order. A part whose successor is due at `now` is overtaken by it."""
    due: dict[datetime | None, list[Part]] = {}
    selling = sorted({at for r in routes if r.intent.side is Side.SELL for at in r.times})
    for route in routes:
        for part, at in _parts(route, selling, now):
            due.setdefault(at, []).append(part)
    first = [Turn(at=None, parts=tuple(due.pop(None)))] if None in due else []
    later = sorted((at, parts) for at, parts in due.items() if at is not None)
    return (*first, *(Turn(at=at, parts=tuple(parts)) for at, parts in later))


def part_of(
    uow: UnitOfWork,
    part: Part,
    family: Sequence[Order],
    stopped: frozenset[tuple[str, str | None]],
) -> OrderIntent | None:
    """The part's order: the committed one, or what is to go out now; None when nothing is.

    `family` are the block's orders so far, oldest first. `stopped` are the ClOrdIDs and
    accounts (None: the whole order) that were stopped in this run: what was stopped once
    stays out.
    """
    for order in family:
        if order.intent.cl_ord_id == part.name:
            return order.intent
    if part.is_overtaken:
        return None
    if part.number == 1 and part.share == 1:
        return part.route.intent
    if any(_is_decided(uow, order) for order in family):
        return None
    names = {part_name(part.route.intent.cl_ord_id, n) for n in range(1, part.number)}
    names |= {order.intent.cl_ord_id for order in family}
    if any((name, None) in stopped for name in names):
        return None
    done = spoken_for(uow, family)
    wanted = {
        one.account_id: max(ZERO, _share(one.quantity, part.share) - done.get(one.account_id, ZERO))
        for one in part.route.intent.allocations
        if not any((name, one.account_id) in stopped for name in names)
    }
    return _with_name(part, wanted, family[-1].intent.cl_ord_id if family else None)


def _parts(
    route: Route, selling: Sequence[datetime], now: datetime
) -> Iterable[tuple[Part, datetime | None]]:
    times: Sequence[datetime | None] = route.times or (None,)
    count = len(times)
    if not route.times and route.intent.side is Side.BUY:
        times = (None, *selling)
        count = 1
    for number, at in enumerate(times, start=1):
        following = times[number] if number < len(times) else None
        yield (
            Part(
                route=route,
                number=number,
                share=min(Fraction(1), Fraction(number, count)),
                is_overtaken=at is not None and following is not None and following <= now,
            ),
            at,
        )


def _is_decided(uow: UnitOfWork, order: Order) -> bool:
    """Whether a person took it back or changed it: then its later parts stay out too."""
    entries = uow.audit.about(order.intent.cl_ord_id)
    return any(entry.kind in WISHES and entry.actor not in _RELEASE for entry in entries)


def _share(quantity: Decimal, share: Fraction) -> Decimal:
    """Whole shares, rounded down; all of it at the end."""
    if share == 1:
        return quantity
    exact = quantity * share.numerator / share.denominator
    return exact.to_integral_value(ROUND_FLOOR)


def _with_name(
    part: Part, wanted: Mapping[str, Decimal], follows: str | None
) -> OrderIntent | None:
    intent = part.route.intent
    parts = tuple(
        replace(one, quantity=wanted[one.account_id])
        for one in intent.allocations
        if wanted.get(one.account_id, ZERO) > 0
    )
    if not parts:
        return None
    routed = intent.routed
    return replace(
        intent,
        cl_ord_id=part.name,
        quantity=sum((one.quantity for one in parts), ZERO),
        allocations=parts,
        routed=None if routed is None else replace(routed, follows=follows),
    )
