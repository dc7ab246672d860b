"""Wire risk: the last limits before an order is committed, in the same transaction.

They do not ask whether a trade is wise or allowed, which was asked before, but
whether an order is a mistake: too large, too far from its price, decided on an old
price, the same again, too many at once, too much for a day. The shape is that of
SEC Rule 15c3-5(c)(1): pre-set thresholds, and orders that are erroneous by price,
size, frequency or repetition.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted

from domain.codec import content_name, encode
from domain.entries import DayUse, Entry, EntryPart, Lately
from domain.errors import ConfigError
from domain.exact import ZERO, plain, to_cents
from domain.orders import OrderIntent
from domain.ports import UnitOfWork
from domain.snapshot import Snapshot
from oms.admission import Admission, Stopped
from oms.funding import with_allocations
from oms.worst_price import worst_price

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """What an order may be at most, and all orders of a minute or a trade date together."""

    maximum_quantity: Decimal  # Shares of one order.
    maximum_notional: Decimal  # Dollars of one order.
    price_collar: Decimal  # The limit's distance from the reference price, as a fraction of it.
    stale_days: int  # Calendar days from the reference price's day to the trade date.
    duplicate_window: timedelta  # The same order for the same accounts: once within it.
    orders_per_minute: int
    messages_per_minute: int  # Orders, changes and questions; cancels count, and always pass.
    daily_firm: Decimal  # Dollars entered in a trade date, buys and sells together.
    daily_strategy: Decimal
    daily_account: Decimal

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > type(value)(0):
                raise ConfigError(f"risk limit {field.name} is {value}: give more than zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was entered before: the minute's and the window's orders, and the day's dollars."""

    recent: Lately  # At least those of the last minute and of the duplicate window.
    messages: int  # Of the last minute.
    used: DayUse


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFacts:
    """Of the snapshot that the orders were decided on."""

    price_days: Mapping[str, date]  # By security: the day of its close.
    strategies: Mapping[str, str]  # By account: its model.


def before(uow: UnitOfWork, limits: RiskLimits, trade_date: date, now: datetime) -> Before:
    """What was entered before, as this transaction sees it."""
    since = now - max(MINUTE, limits.duplicate_window)
    return Before(
        recent=uow.entries.since(since),
        messages=uow.outbox.queued_since(now - MINUTE, limits.messages_per_minute),
        used=uow.entries.used(trade_date),
    )


def price_facts(snapshot: Snapshot) -> PriceFacts:
    """What the limits ask of a snapshot."""
    return PriceFacts(
        price_days={price.security_id: price.day for price in snapshot.prices},
        strategies={account.account_id: account.model_id for account in snapshot.accounts},
    )


def check(
    intents: Iterable[OrderIntent],
    limits: RiskLimits,
    earlier: Before,
    facts: PriceFacts,
    now: datetime,
) -> Admission:
    """Take out what is over a limit; an account over its day's dollars leaves its block."""
    tally = _Tally(limits, earlier, now)
    admitted: list[OrderIntent] = []
    stopped: list[Stopped] = []
    for intent in intents:
        why = _of_one(intent, limits, facts) or tally.refusal(intent)
        if why is not None:
            stopped.append(Stopped(cl_ord_id=intent.cl_ord_id, account_id=None, why=why))
            continue
        rest, parts = tally.within_the_day(intent, facts.strategies)
        stopped += parts
        if rest is not None:
            tally.count(rest, facts.strategies)
            admitted.append(rest)
    return Admission(intents=tuple(admitted), stopped=tuple(stopped))


def entry_of(
    intent: OrderIntent, limits: RiskLimits, strategies: Mapping[str, str], now: datetime
) -> Entry:
    """What is remembered of an order that goes out."""
    price = worst_price(intent, limits.price_collar)
    return Entry(
        cl_ord_id=intent.cl_ord_id,
        at=now,
        trade_date=intent.trade_date,
        likeness=likeness_of(intent),
        parts=tuple(
            EntryPart(
                account_id=part.account_id,
                strategy=strategies.get(part.account_id, ""),
                notional=to_cents(part.quantity * price),
            )
            for part in intent.allocations
        ),
    )


def likeness_of(intent: OrderIntent) -> str:
    """One text for the same shares of the same accounts on the same side of the same venue.

    An order that carries the rest of another on repeats nothing.
    """
    parts = sorted((part.account_id, part.quantity) for part in intent.allocations)
    shares = ",".join([f'[{quoted(account)},"{plain(quantity)}"]' for account, quantity in parts])
    words = [*map(quoted, (intent.venue, intent.security_id, intent.side.value)), f"[{shares}]"]
    if intent.routed is not None and intent.routed.follows is not None:
        words.append(encode(intent.routed.follows))
    return content_name(f"[{','.join(words)}]")


def far_from(
    price: Decimal, reference: Decimal, collar: Decimal, name: str = "limit"
) -> str | None:
    """Why a limit or stop is too far from the price it was decided on; None when it is not."""
    distance = abs(price - reference)
    if distance <= collar * reference:
        return None
    percent = (100 * distance / reference).quantize(Decimal("0.1"))
    return (
        f"{name} {plain(price)} is {plain(percent)} % away from {plain(reference)}; "
        f"the collar is {plain(100 * collar)} %"
    )


def too_many(messages: int, limits: RiskLimits) -> str | None:
    """Why no more messages may be queued in this minute, in which there were so many."""
    if messages < limits.messages_per_minute:
        return None
    return f"{messages} messages in a minute; {limits.messages_per_minute} are allowed"


def over(what: str, used: Decimal, more: Decimal, most: Decimal) -> str | None:
    """Why `more` dollars may not be entered on a day on which `used` were."""
    if used + more <= most:
        return None
    return f"{what} has entered {_dollars(used)} today; {_dollars(most)} are allowed"


def _of_one(intent: OrderIntent, limits: RiskLimits, facts: PriceFacts) -> str | None:
    """What an order is by itself."""
    notional = intent.quantity * worst_price(intent, limits.price_collar)
    if intent.quantity > limits.maximum_quantity:
        return (
            f"{plain(intent.quantity)} shares; an order may have {plain(limits.maximum_quantity)}"
        )
    if notional > limits.maximum_notional:
        most = limits.maximum_notional
        return f"{_dollars(notional)}; an order may have {_dollars(most)}"
    day = facts.price_days.get(intent.security_id)
    if day is None:
        return f"nobody knows of what day the price of {intent.symbol} is"
    if (age := (intent.trade_date - day).days) > limits.stale_days:
        return f"its price is of {day}, {age} days old; {limits.stale_days} are allowed"
    for name, price in (("stop price", intent.stop_price), ("limit", intent.limit_price)):
        if price is None:
            continue
        if far := far_from(price, intent.reference_price, limits.price_collar, name):
            return far
    return None


class _Tally:
    """Counts what goes out with this transaction on top of what went earlier."""

    def __init__(self, limits: RiskLimits, earlier: Before, now: datetime) -> None:
        self._limits = limits
        self._earlier = earlier
        self._window = now - limits.duplicate_window
        self._messages = earlier.messages
        self._last_minute = earlier.recent.count_after(now - MINUTE)
        self._seen: dict[str, str] = {}  # ClOrdIDs of this transaction, by likeness.
        self._last: tuple[OrderIntent | None, str] = (None, "")  # An order and its likeness.
        self._firm = earlier.used.firm
        self._accounts: defaultdict[str, Decimal] = defaultdict(Decimal)  # By this transaction.
        self._strategies: defaultdict[str, Decimal] = defaultdict(Decimal)

    def refusal(self, intent: OrderIntent) -> str | None:
        """What an order is beside the others."""
        limits = self._limits
        if (twin := self._twin(self._likeness(intent))) is not None:
            seconds = limits.duplicate_window.total_seconds()
            return f"the same as {twin}, which went out less than {seconds:g} s ago"
        if self._last_minute >= limits.orders_per_minute:
            return f"{self._last_minute} orders in a minute; {limits.orders_per_minute} are allowed"
        if (why := too_many(self._messages, limits)) is not None:
            return why
        notional = intent.quantity * self._price(intent)
        return over("the firm", self._firm, notional, limits.daily_firm)

    def within_the_day(
        self, intent: OrderIntent, strategies: Mapping[str, str]
    ) -> tuple[OrderIntent | None, list[Stopped]]:
        """The order without the accounts that are, or whose strategy is, over the day's limit."""
        kept: dict[str, Decimal] = {}
        stopped: list[Stopped] = []
        entered: defaultdict[str, Decimal] = defaultdict(Decimal)
        for part in intent.allocations:
            strategy = strategies.get(part.account_id, "")
            notional = part.quantity * self._price(intent)
            why = self._over(part.account_id, strategy, notional, entered[strategy])
            if why is None:
                kept[part.account_id] = part.quantity
                entered[strategy] += notional
            else:
                account = part.account_id
                stopped.append(Stopped(cl_ord_id=intent.cl_ord_id, account_id=account, why=why))
        return with_allocations(intent, kept), stopped

    def count(self, intent: OrderIntent, strategies: Mapping[str, str]) -> None:
        """It goes out."""
        self._last_minute += 1
        self._messages += 1
        self._seen[self._likeness(intent)] = intent.cl_ord_id
        for part in intent.allocations:
            notional = part.quantity * self._price(intent)
            self._firm += notional
            self._accounts[part.account_id] += notional
            self._strategies[strategies.get(part.account_id, "")] += notional

    def _likeness(self, intent: OrderIntent) -> str:
        if self._last[0] is not intent:
            self._last = (intent, likeness_of(intent))
        return self._last[1]

    def _twin(self, likeness: str) -> str | None:
        ours = self._seen.get(likeness)
        return self._earlier.recent.twin(likeness, self._window) if ours is None else ours

    def _price(self, intent: OrderIntent) -> Decimal:
        return worst_price(intent, self._limits.price_collar)

    def _over(self, account: str, strategy: str, notional: Decimal, entered: Decimal) -> str | None:
        limits, used = self._limits, self._earlier.used
        of_account = used.by_account.get(account, ZERO) + self._accounts[account]
        if why := over(f"account {account}", of_account, notional, limits.daily_account):
            return why
        of_strategy = used.by_strategy.get(strategy, ZERO) + self._strategies[strategy] + entered
        return over(f"strategy {strategy}", of_strategy, notional, limits.daily_strategy)


def _dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}"
