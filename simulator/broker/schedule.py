"""How many shares a strategy wants done by an instant. Exact; rounded down, all at the end."""

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from simulator.broker.plan import Plan
from simulator.broker.rules import BrokerRules, Strategy


def wanted(plan: Plan, rules: BrokerRules, *, shares: int, volume: int, now: datetime) -> int:
    """Of `shares`, those that should be done by `now`.

    `volume`: what others have traded since the plan's start, for POV alone.
    """
    if now < plan.start:
        return 0
    if plan.strategy is Strategy.POV:
        return min(shares, int(volume * plan.rate / (1 - plan.rate)))
    if now >= plan.end:
        return shares
    part = Fraction(0)
    if plan.strategy is Strategy.VWAP:
        part = _by_curve(plan, rules, now)
    if not part:
        part = _length(plan.start, now) / _length(plan.start, plan.end)
    return int(shares * part)


def _by_curve(plan: Plan, rules: BrokerRules, now: datetime) -> Fraction:
    """The part of the usual volume between start and end that is usual by `now`."""
    whole = _usual(plan.start, plan.end, rules)
    return _usual(plan.start, now, rules) / whole if whole else Fraction(0)


def _usual(start: datetime, end: datetime, rules: BrokerRules) -> Fraction:
    """Usual volume between two instants, in the curve's weights: days between them count whole."""
    first, last = (moment.astimezone(rules.time_zone).date() for moment in (start, end))
    total = sum((_usual_on(day, start, end, rules) for day in {first, last}), Fraction(0))
    return total + sum(rules.volume_curve) * max(0, (last - first).days - 1)


def _usual_on(day: date, start: datetime, end: datetime, rules: BrokerRules) -> Fraction:
    zone, curve = rules.time_zone, rules.volume_curve
    opens = _at(day.isoformat(), rules.day_begins, zone)
    part = (_at(day.isoformat(), rules.day_ends, zone) - opens) / len(curve)
    total = Fraction(0)
    for number, weight in enumerate(curve):
        begins = opens + part * number
        overlap = min(end, begins + part) - max(start, begins)
        if overlap > timedelta(0):
            total += weight * Fraction(overlap // _TICK, part // _TICK)
    return total


_TICK = timedelta(microseconds=1)


def _at(day: str, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock.isoformat()}").replace(tzinfo=zone)


def _length(start: datetime, end: datetime) -> Fraction:
    return Fraction((end - start) // _TICK)
