"""Routing: which venue, order type, time in force and algorithm a block gets, and why.

Rules are data and are asked in their order; the first one that matches wins. What a rule
asks and nobody knows is "cannot tell": the next rule is asked, and that is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import ROUND_FLOOR, Decimal

from domain.exact import ZERO
from domain.instruments import Security
from domain.orders import OrderIntent, Routed, Side
from domain.runs import Urgency
from oms.route_terms import Choice, TradingDay, with_terms, works_until
from oms.wording import dollars, percent

DIRECTED = "directed"  # The rule's name where no rule matched but clients chose the venue.
DEFAULT = "default"  # Where rules were asked and none matched.
FOR_ALL = "the rule is for every order"  # Why a rule fits that asks nothing.


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a rule asks of a block; an empty question is not asked."""

    securities: frozenset[str] = frozenset()  # Symbols or security ids.
    sectors: frozenset[str] = frozenset()
    industries: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()  # Words of the fact `kind`, for example common_stock.
    sides: frozenset[Side] = frozenset()
    urgency: frozenset[Urgency] = frozenset()
    adv_from: Decimal | None = None  # At least this fraction of the average daily volume,
    adv_below: Decimal | None = None  # and less than this one.
    notional_from: Decimal | None = None  # Dollars at the reference price.
    notional_below: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the parts of an order go out: one at `start`, or `slices` evenly up to `end`."""

    slices: int = 1
    start: time  # Local, as `TradingDay` reads it.
    end: time | None = None

    def problem(self) -> tuple[str, str] | None:
        """The key that does not fit, and what would be right."""
        if self.slices > 1 and (self.end is None or self.end <= self.start):
            return "end", "slices are spread from start to a later end"
        if self.slices == 1 and self.end is not None:
            return "slices", "say into how many parts the time up to end is divided"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what it is for, and the choices in the order in which they are tried."""

    name: str
    when: When = When()
    choices: tuple[Choice, ...]
    schedule: Schedule | None = None
    participation: Decimal | None = None  # Fraction of the average daily volume, at most.


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the rules may ask about one block beyond the block itself."""

    security: Security
    kind: str
    urgency: Urgency
    directed_to: str | None = None  # The venue to which its accounts directed their brokerage.


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """The firm's routing. Without rules every order is a limit order for the day."""

    rules: tuple[Rule, ...] = ()
    usual: Choice  # How an order goes for which no rule speaks.
    day: TradingDay
    participation: Decimal | None = None  # Of every order whose rule does not say its own.


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One choice for a block: the whole of it in the choice's terms, and its time."""

    intent: OrderIntent
    patience_seconds: int | None = None  # After so long the rest goes to the next attempt.
    works_until: datetime | None = None  # It may take longer than its wave, but no longer.
    rests: bool = False  # It stays at work beyond its run.


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One block with all that its rule wants of its release; kept with the run."""

    attempts: tuple[Attempt, ...]  # In the order they are tried.
    times: tuple[datetime, ...] = ()  # When its parts are due; none: all of it at once.
    most: Decimal | None = None  # Shares that may go out, by the participation limit.
    why_most: str = ""

    def __post_init__(self) -> None:
        first = self.intent
        assert all(a.intent.cl_ord_id == first.cl_ord_id for a in self.attempts)
        assert all(a.intent.quantity == first.quantity for a in self.attempts)

    @property
    def intent(self) -> OrderIntent:
        """What goes out, unless something comes in between."""
        return self.attempts[0].intent


def as_it_is(intent: OrderIntent) -> Route:
    """An order without a choice, a schedule or a limit of its own."""
    return Route(attempts=(Attempt(intent=intent),))


def route(block: OrderIntent, known: Known, settings: RoutingSettings) -> Route:
    """The first matching rule's way for the block, or the usual one."""
    name, why, rule = _decide(block, known, settings.rules)
    choices = (settings.usual,) if rule is None else rule.choices
    if known.directed_to is not None:
        name = name if rule is not None else DIRECTED
        why = f"{why}; its clients directed it to {known.directed_to}".removeprefix("; ")
        choices = tuple(replace(choice, venue=known.directed_to) for choice in choices)
        choices = tuple(dict.fromkeys(choices))
    attempts = (
        _attempt(block, choice, known.security, settings.day, Routed(rule=name, why=why, choice=n))
        for n, choice in enumerate(choices, start=1)
    )
    fraction = settings.participation
    if rule is not None and rule.participation is not None:
        fraction = rule.participation
    most, why_most = _most(fraction, known.security)
    return Route(
        attempts=tuple(attempts),
        times=_times(None if rule is None else rule.schedule, block.trade_date, settings.day),
        most=most,
        why_most=why_most,
    )


def _decide(
    block: OrderIntent, known: Known, rules: Sequence[Rule]
) -> tuple[str, str, Rule | None]:
    """The rule's name, the reason in words, and the rule."""
    unknown: list[str] = []
    for rule in rules:
        matched, said = _asked(rule.when, block, known)
        if matched is None:
            unknown.append(f"rule {rule.name} cannot tell, {said}")
        if matched:
            return rule.name, "; ".join((*unknown, said)), rule
    if not rules:
        return "", "", None
    return DEFAULT, "; ".join((*unknown, "no rule is for it")), None


def _asked(when: When, block: OrderIntent, known: Known) -> tuple[bool | None, str]:
    """Whether the rule is for the block, and in which words; None: nobody can tell, and why."""
    words: list[str] = []
    for asked, found in _words_asked(when, block, known):
        if asked and not asked & found.keys():
            return False, ""
        words += [found[key] for key in sorted(asked & found.keys())][:1]
    volume = Decimal(known.security.average_daily_volume)
    if when.adv_from is not None or when.adv_below is not None:
        if volume <= 0:
            return None, f"as nobody knows the average daily volume of {block.symbol}"
        share = block.quantity / volume
        if not _within(share, when.adv_from, when.adv_below):
            return False, ""
        words.append(f"it is {percent(share)} of the average daily volume")
    notional = block.quantity * block.reference_price
    if not _within(notional, when.notional_from, when.notional_below):
        return False, ""
    if when.notional_from is not None or when.notional_below is not None:
        words.append(f"it is worth {dollars(notional)}")
    return True, "; ".join(words) or FOR_ALL


def _words_asked(
    when: When, block: OrderIntent, known: Known
) -> tuple[tuple[frozenset[str], Mapping[str, str]], ...]:
    """Each question as the words it takes, with those that fit the block and how they are said."""
    own = known.security
    side = "purchase" if block.side is Side.BUY else "sale"
    return (
        (
            when.securities,
            {
                block.symbol: f"it is {block.symbol}",
                own.security_id: f"it is {block.symbol}, {own.security_id}",
            },
        ),
        (when.sectors, {own.sector: f"its sector is {own.sector}"}),
        (when.industries, {own.industry: f"its industry is {own.industry}"}),
        (when.countries, {own.country: f"its country is {own.country}"}),
        (when.kinds, {known.kind: f"its kind is {known.kind}"}),
        (frozenset(s.value for s in when.sides), {block.side.value: f"it is a {side}"}),
        (
            frozenset(u.value for u in when.urgency),
            {known.urgency.value: f"its urgency is {known.urgency.value}"},
        ),
    )


def _within(value: Decimal, least: Decimal | None, below: Decimal | None) -> bool:
    return (least is None or value >= least) and (below is None or value < below)


def _attempt(
    block: OrderIntent, choice: Choice, security: Security, day: TradingDay, routed: Routed
) -> Attempt:
    intent = with_terms(block, choice, security, day)
    patience = choice.patience
    return Attempt(
        intent=replace(intent, routed=routed if routed.rule else None),
        patience_seconds=None if patience is None else int(patience.total_seconds()),
        works_until=works_until(intent, day),
        rests=choice.is_resting,
    )


def _most(fraction: Decimal | None, security: Security) -> tuple[Decimal | None, str]:
    if fraction is None:
        return None, ""
    volume = security.average_daily_volume
    if volume <= 0:
        return ZERO, f"nobody knows the average daily volume of {security.symbol}"
    most = (fraction * volume).to_integral_value(ROUND_FLOOR)
    return most, (
        f"at most {percent(fraction)} of the average daily volume of {volume:,} shares may go out"
    )


def _times(schedule: Schedule | None, trade_date: date, day: TradingDay) -> tuple[datetime, ...]:
    """The instants at which the parts are due, each a like step before the schedule's end."""
    if schedule is None:
        return ()
    start = day.at(trade_date, schedule.start)
    if schedule.end is None:
        return (start,)
    step = (day.at(trade_date, schedule.end) - start) / schedule.slices
    return tuple(start + n * step for n in range(schedule.slices))
