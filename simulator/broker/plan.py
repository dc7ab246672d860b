"""What an order asks a strategy for, checked: when, how fast, of what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from fractions import Fraction

from simulator.broker.rules import TARGETS, BrokerRules, Strategy
from simulator.values.requests import NewOrder

_PARAMETERS = {"Strategy", "StartTime", "EndTime", "ParticipationRate"}
_INSTANTS = ("%Y%m%d-%H:%M:%S.%f", "%Y%m%d-%H:%M:%S")
_POV_NEEDS = "ParticipationRate (849) must be a part of the volume above 0 and below 1, such as 0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """From when to when, and by what."""

    strategy: Strategy
    start: datetime
    end: datetime
    rate: Fraction = Fraction(0)  # Of all volume, ours included.


def read_plan(order: NewOrder, rules: BrokerRules, now: datetime) -> Plan | str:
    """The plan, or a sentence why there is none."""
    parameters = dict(order.strategy_parameters)
    unknown = [name for name in parameters if name not in _PARAMETERS]
    if unknown:
        return _unknown("StrategyParameterName (958)", unknown[0], _PARAMETERS)
    strategy = _strategy(parameters.get("Strategy", order.strategy))
    if not isinstance(strategy, Strategy):
        return strategy
    start = _instant(parameters.get("StartTime", order.effective_time), now)
    if start is None:
        return "EffectiveTime (168) must be a time in UTC, such as 20221130-15:00:00"
    start = max(start, now)
    end = _instant(parameters.get("EndTime", order.expire_time), start + rules.horizon)
    if end is None:
        return "ExpireTime (126) must be a time in UTC, such as 20221130-15:30:00"
    if end <= start:
        return f"the end {end:%Y%m%d-%H:%M:%S} is not after the start {start:%Y%m%d-%H:%M:%S}"
    return _with_rate(Plan(strategy, start, end), order, parameters)


def read_end(text: str, plan: Plan, now: datetime) -> datetime | str:
    """The end of a changed order: another one, or what it was. A sentence where there is none."""
    end = _instant(text, plan.end)
    if end is None:
        return "ExpireTime (126) must be a time in UTC, such as 20221130-15:30:00"
    if end <= max(plan.start, now):
        return f"the end {end:%Y%m%d-%H:%M:%S} is not after the start"
    return end


def _with_rate(plan: Plan, order: NewOrder, parameters: Mapping[str, str]) -> Plan | str:
    given = parameters.get("ParticipationRate", order.participation)
    if plan.strategy is not Strategy.POV:
        return plan
    rate = _rate(given)
    return _POV_NEEDS if rate is None else Plan(plan.strategy, plan.start, plan.end, rate)


def _strategy(named: str) -> Strategy | str:
    found = TARGETS.get(named) or Strategy.__members__.get(named.upper())
    if found is not None:
        return found
    if not named:
        return f"TargetStrategy (847) must name a strategy: {_choices()}"
    return f"TargetStrategy (847) {named:.20} is unknown; use {_choices()}"


def _choices() -> str:
    return ", ".join(f"{code} ({strategy})" for code, strategy in TARGETS.items())


def _unknown(field: str, named: str, known: set[str]) -> str:
    close = get_close_matches(named, sorted(known), 1, 0.5)
    remedy = f"did you mean {close[0]}?" if close else f"use {', '.join(sorted(known))}"
    return f"{field} {named:.30} is unknown; {remedy}"


def _instant(text: str, default: datetime) -> datetime | None:
    """UTCTimestamp; None where it is not one."""
    if not text:
        return default
    for form in _INSTANTS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _rate(text: str) -> Fraction | None:
    whole, _, rest = text.partition(".")
    if not (whole + rest).isascii() or not (whole + rest).isdigit() or len(text) > 12:
        return None
    rate = Fraction(int(whole or "0") * 10 ** len(rest) + int(rest or "0"), 10 ** len(rest))
    return rate if 0 < rate < 1 else None
