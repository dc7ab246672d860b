"""Refusals: what stands against an order by hand before anybody is asked about it.

Everything that can be seen at once is said at once, each with what to do about it. What the
rules, a second person and the limits at the wire think of it comes after.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.errors import BadInputError
from domain.exact import ZERO, plain
from domain.instruments import Security
from domain.orders import OrdType, Side, TimeInForce
from domain.ports import UnitOfWork
from domain.snapshot import Snapshot
from oms.blocks import directed
from oms.by_hand.cover import free_shares, in_words
from oms.by_hand.lots import lot_problems
from oms.by_hand.order import HandOrder
from oms.by_hand.times import over_already
from oms.route_terms import TradingDay
from oms.wire_risk import RiskLimits, far_from

_OPTIONS = {"type": "the kind", "time_in_force": "--tif", "days": "--until", "end": "--end"}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the firm has: venues with a session, limits at the wire, and hours."""

    venues: frozenset[str]
    limits: RiskLimits
    day: TradingDay


class HandOrderRefusedError(BadInputError):
    """The order by hand is not taken; the text has every reason."""

    def __init__(self, order: HandOrder, reasons: tuple[str, ...]) -> None:
        super().__init__(f"the order is not taken: {'; '.join(reasons)}")
        self.order, self.reasons = order, reasons


def problems(
    uow: UnitOfWork, order: HandOrder, snapshot: Snapshot, house: House, at: datetime
) -> Iterator[str]:
    """Every reason why it is not taken, each with its remedy."""
    security = next((one for one in snapshot.securities if one.symbol == order.symbol), None)
    if security is None:
        yield _unknown_symbol(order.symbol, snapshot)
        return
    price = next((p.close for p in snapshot.prices if p.security_id == security.security_id), None)
    if price is None:
        yield f"there is no price of {order.symbol}: ingest one, and say it again"
        return
    yield from _of_terms(order, snapshot, house)
    yield from over_already(order, snapshot.as_of, house.day, at)
    yield from _of_prices(order, security, price, house.limits)
    yield from _of_venue(order, snapshot, house.venues)
    yield from _of_accounts(uow, order, security, snapshot)
    yield from lot_problems(uow, order, security, snapshot)


def _unknown_symbol(symbol: str, snapshot: Snapshot) -> str:
    near = difflib.get_close_matches(symbol, [one.symbol for one in snapshot.securities], n=1)
    hint = f"did you mean {near[0]}?" if near else "add it there"
    return f"the security master has no {symbol!r}; {hint}"


def _of_terms(order: HandOrder, snapshot: Snapshot, house: House) -> Iterator[str]:
    """What of its terms does not go together."""
    priced = order.limit is not None or order.stop is not None or order.peg is not None
    if order.at_market and priced:
        yield "--market goes with no --limit, --stop or --peg: say one of them"
    if order.peg is not None and order.stop is not None:
        yield "--peg goes with no --stop: say one of them"
    if order.expires is not None and order.duration is not TimeInForce.GTD:
        yield f"--until says a last day, and --tif {order.duration.name.lower()}: leave one out"
    elif order.duration is TimeInForce.GTD and order.expires is None:
        yield "--tif gtd needs its last day: say it with --until"
    if order.until is not None and order.expires is None:
        yield "a time of day to end at needs its day: say both with --until"
    if order.expires is not None and order.expires < snapshot.as_of:
        yield f"--until {order.expires} is over: today is {snapshot.as_of}"
    problem = order.choice(house.limits.price_collar, snapshot.as_of).problem()
    if problem is not None and problem[0] not in ("days", "until"):
        option = _OPTIONS.get(problem[0], f"--{problem[0]}")
        yield f"{option} does not go with the rest: {problem[1]}"


def _of_prices(
    order: HandOrder, security: Security, price: Decimal, limits: RiskLimits
) -> Iterator[str]:
    for name, given in (("limit", order.limit), ("stop", order.stop)):
        if given is None:
            continue
        if given <= 0 or given % security.tick:
            tick = plain(security.tick)
            yield f"--{name} {plain(given)} is not a multiple of {order.symbol}'s tick of {tick}"
        elif far := far_from(given, price, limits.price_collar, f"--{name}"):
            yield far
    if order.peg is not None and order.peg.offset % security.tick:
        away = plain(order.peg.offset)
        tick = plain(security.tick)
        yield f"--offset {away} is not a multiple of {order.symbol}'s tick of {tick}"
    if order.ord_type is OrdType.STOP_LIMIT and order.limit is not None and order.stop is not None:
        gap = order.limit - order.stop if order.side is Side.BUY else order.stop - order.limit
        if gap < 0:
            yield (
                f"a stop at {plain(order.stop)} would wake beyond its limit of "
                f"{plain(order.limit)} and never trade: move one of them"
            )


def _of_venue(order: HandOrder, snapshot: Snapshot, venues: frozenset[str]) -> Iterator[str]:
    if order.venue is None:
        return
    if order.venue not in venues:
        yield f"there is no venue {order.venue!r}; known: {', '.join(sorted(venues))}"
    chosen = directed(snapshot)
    for part in order.allocations:
        other = chosen.get(part.account_id, order.venue)
        if other != order.venue:
            yield (
                f"{part.account_id} directed its brokerage to {other}: leave --venue out, or "
                "give this account an order of its own"
            )


def _of_accounts(
    uow: UnitOfWork, order: HandOrder, security: Security, snapshot: Snapshot
) -> Iterator[str]:
    known = {account.account_id for account in snapshot.accounts}
    stopped = snapshot.quarantined()
    names = [part.account_id for part in order.allocations]
    if not names:
        yield "no account is named: say --account NAME=SHARES, once for each"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"account {name} is named twice: say each once"
    if order.quantity % security.lot_size:
        yield (
            f"{plain(order.quantity)} shares are not a multiple of {order.symbol}'s round lot of "
            f"{security.lot_size}"
        )
    for part in order.allocations:
        account = part.account_id
        if account not in known:
            yield f"there is no account {account!r}; `trimtab positions` lists them"
        elif account in stopped:
            yield f"{account} is in quarantine: {stopped[account][0].message}"
        elif part.quantity <= 0 or part.quantity % 1:
            yield f"{plain(part.quantity)} shares for {account}: say a whole number above zero"
        elif order.side is Side.SELL:
            held, free = free_shares(uow, account, security.security_id)
            if part.quantity > max(free, ZERO):
                yield in_words(account, order.symbol, part.quantity, held, free)
