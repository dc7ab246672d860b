"""Replacing: a change of an order that is out, within the limits that a new order has.

What it may take beyond everything that its order had entered is reserved in the
transaction that commits it. One that takes nothing more, such as a smaller quantity, is
stopped by the rate of messages only; one that a kill switch covers is not sent at all.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.entries import ChangeEntry, EntryPart
from domain.exact import ZERO
from domain.kills import first_that_stops, in_words
from domain.orders import Order, ReplaceRequest, Side
from domain.ports import UnitOfWork
from domain.restrictions import bar_to
from ledger.positions import cash as cash_of
from oms.cancel import ChangeRefusedError, change
from oms.exposure import at_terms, exposure
from oms.wire_risk import MINUTE, RiskLimits, over, too_many


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the order is to become. A stop price that is None stays as it is."""

    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None = None


def replace_order(
    uow: UnitOfWork,
    order: Order,
    terms: Terms,
    *,
    limits: RiskLimits,
    at: datetime,
    why: str,
    by: str = "oms",
) -> Order:
    """Ask the venue for other terms. Raises `ChangeRefusedError` with what stands against it."""
    moved = change(
        uow,
        order,
        quantity=terms.quantity,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        at=at,
        why=why,
        collar=limits.price_collar,
        by=by,
    )
    wish = moved.pending[-1]
    assert isinstance(wish, ReplaceRequest)
    messages = uow.outbox.queued_since(at - MINUTE, limits.messages_per_minute + 1) - 1
    more = _more(uow, order, wish, limits.price_collar)
    against = _stopped(uow, order, at) or too_many(messages, limits)
    if against is None and more:
        against = _over_a_limit(uow, order, more, limits, at) or _unpaid(uow, moved, more, limits)
    if against is not None:
        raise ChangeRefusedError(order, against)
    uow.entries.add_change(_entry(order, wish, more, at))
    return moved


def _more(
    uow: UnitOfWork, order: Order, wish: ReplaceRequest, collar: Decimal
) -> dict[str, Decimal]:
    """Dollars by account beyond everything that the order and its changes had entered."""
    entered = uow.entries.reserved(order.intent.cl_ord_id)
    wanted = at_terms(order, wish, collar)
    known = {account: entered.get(account, ZERO) for account in wanted}
    if not entered:  # Committed by a release that kept no entries.
        known = exposure(order, collar)
    return {a: wanted[a] - known[a] for a in sorted(wanted) if wanted[a] > known[a]}


def _stopped(uow: UnitOfWork, order: Order, at: datetime) -> str | None:
    kill = first_that_stops(uow.kills.active(), order.intent)
    if kill is not None:
        return f"{in_words(kill)} was halted by {kill.by}: {kill.why}"
    bar = bar_to(uow.snapshots.bars(at), order.intent)
    return None if bar is None else f"{order.intent.symbol} is {bar.why}"


def _over_a_limit(
    uow: UnitOfWork, order: Order, more: Mapping[str, Decimal], limits: RiskLimits, at: datetime
) -> str | None:
    """What the order would be by itself, and on its day."""
    age = (at.date() - order.intent.decided_at.date()).days
    if age > limits.stale_days:
        return f"its price was decided on {age} days ago; {limits.stale_days} are allowed"
    whole = sum(exposure(order, limits.price_collar).values(), ZERO) + sum(more.values(), ZERO)
    if whole > limits.maximum_notional:
        return f"${whole:,.2f}; an order may have ${limits.maximum_notional:,.2f}"
    used = uow.entries.used(at.date())
    if why := over("the firm", used.firm, sum(more.values(), ZERO), limits.daily_firm):
        return why
    by_strategy: defaultdict[str, Decimal] = defaultdict(Decimal)
    for part in order.intent.allocations:
        by_strategy[part.strategy] += more.get(part.account_id, ZERO)
    for name, dollars in by_strategy.items():
        before = used.by_strategy.get(name, ZERO)
        if why := over(f"strategy {name}", before, dollars, limits.daily_strategy):
            return why
    for name, dollars in more.items():
        before = used.by_account.get(name, ZERO)
        if why := over(f"account {name}", before, dollars, limits.daily_account):
            return why
    return None


def _unpaid(
    uow: UnitOfWork, moved: Order, more: Mapping[str, Decimal], limits: RiskLimits
) -> str | None:
    """Whose cash does not pay for all its buys at their worst, with this one as changed."""
    if moved.intent.side is Side.SELL:
        return None
    cash = cash_of(uow.ledger.balances())
    at_work: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in uow.orders.open():
        if order.intent.side is Side.BUY:
            for account, dollars in exposure(order, limits.price_collar).items():
                at_work[account] += dollars
    for account in more:
        if at_work[account] > cash.get(account, ZERO):
            return (
                f"{account} has ${cash.get(account, ZERO):,.2f}, and its buys could take "
                f"${at_work[account]:,.2f} then"
            )
    return None


def _entry(
    order: Order, wish: ReplaceRequest, more: Mapping[str, Decimal], at: datetime
) -> ChangeEntry:
    return ChangeEntry(
        cl_ord_id=wish.cl_ord_id,
        intent_id=order.intent.cl_ord_id,
        trade_date=at.date(),
        parts=tuple(
            EntryPart(account_id=part.account_id, strategy=part.strategy, notional=dollars)
            for part in order.intent.allocations
            if (dollars := more.get(part.account_id)) is not None
        ),
    )
