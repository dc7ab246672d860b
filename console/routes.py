"""`[routing]` and `[[route]]` of trimtab.toml, read into the routing rules that they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from zoneinfo import ZoneInfo

from console.tables import BASIS_POINTS, Table
from domain.fact_words import KINDS
from domain.orders import OrdType, PegTo, Side, Strategy, TimeInForce
from domain.runs import Urgency
from oms.route_terms import AlgoTerms, Choice, TradingDay
from oms.routing import DEFAULT, DIRECTED, RoutingSettings, Rule, Schedule, When

_E = TypeVar("_E", bound=Enum)
_CLOSE = time(16)


def _words(kind: type[_E]) -> Mapping[str, _E]:
    """The members of an enum as people write them: "stop_limit"."""
    return {member.name.lower(): member for member in kind}


def read_routing(
    settings: Table, routes: Sequence[Table], *, collar: Decimal, venues: Sequence[str]
) -> RoutingSettings:
    """Raises `ConfigError` with file, line, key and remedy. `collar` is the desk's own."""
    day = TradingDay(zone=_zone(settings), close=settings.time_of_day("close") or _CLOSE)
    participation = _fraction(settings, "participation")
    rules = tuple(_rule(table, collar, venues) for table in routes)
    names = [rule.name for rule in rules]
    for table, name in zip(routes, names, strict=True):
        if names.count(name) > 1 or name in (DIRECTED, DEFAULT):
            table.refuse("name", f"{name!r} is taken", "give each rule a name of its own")
    return RoutingSettings(
        rules=rules, usual=Choice(collar=collar), day=day, participation=participation
    )


def _zone(table: Table) -> str:
    name = table.text("timezone") if table.has("timezone") else "America/New_York"
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        table.refuse("timezone", f"{name!r} is no time zone", "use one like America/New_York")
    return name


def _rule(table: Table, collar: Decimal, venues: Sequence[str]) -> Rule:
    choices = tuple(_choice(one, collar, venues) for one in table.array("choices"))
    if not choices:
        table.refuse("choices", "has no choice", "say at least one: choices = [{ type = ... }]")
    return Rule(
        name=table.text("name"),
        when=_when(table),
        choices=choices,
        schedule=_schedule(table),
        participation=_fraction(table, "participation"),
    )


def _when(table: Table) -> When:
    when = When(
        securities=frozenset(table.texts("securities")),
        sectors=frozenset(table.texts("sectors")),
        industries=frozenset(table.texts("industries")),
        countries=frozenset(table.texts("countries")),
        kinds=frozenset(_each(table, "kinds", {kind: kind for kind in KINDS})),
        sides=frozenset(_each(table, "sides", _words(Side))),
        urgency=frozenset(_each(table, "urgency", _words(Urgency))),
        adv_from=_amount(table, "adv_from"),
        adv_below=_amount(table, "adv_below"),
        notional_from=_amount(table, "notional_from"),
        notional_below=_amount(table, "notional_below"),
    )
    for key, least, below in (
        ("adv_below", when.adv_from, when.adv_below),
        ("notional_below", when.notional_from, when.notional_below),
    ):
        if least is not None and below is not None and below <= least:
            table.refuse(key, "leaves nothing", "give more than what it begins from")
    return when


_T = TypeVar("_T")


def _each(table: Table, key: str, known: Mapping[str, _T]) -> tuple[_T, ...]:
    for word in table.texts(key):
        if word not in known:
            table.refuse(key, f"{word!r} is not known", f"use {', '.join(known)}")
    return tuple(known[word] for word in table.texts(key))


def _choice(table: Table, collar: Decimal, venues: Sequence[str]) -> Choice:
    kinds, times, pegs = _words(OrdType), _words(TimeInForce), _words(PegTo)
    venue = table.text("venue") if table.has("venue") else None
    if venue is not None and venue not in venues:
        table.refuse("venue", f"{venue!r} is no [venues]", f"use {', '.join(venues)}")
    own = _amount(table, "collar_bps")
    stop = _amount(table, "stop_bps")
    peg = table.choice("peg", tuple(pegs), default="midpoint") if table.has("peg") else None
    patience = table.count("patience_seconds") if table.has("patience_seconds") else None
    choice = Choice(
        venue=venue,
        ord_type=kinds[table.choice("type", tuple(kinds), default="limit")],
        collar=collar if own is None else own / BASIS_POINTS,
        stop=None if stop is None else stop / BASIS_POINTS,
        peg=None if peg is None else pegs[peg],
        time_in_force=times[table.choice("time_in_force", tuple(times), default="day")],
        days=table.count("days") if table.has("days") else None,
        until=table.time_of_day("until"),
        algo=_algo(table),
        patience=None if patience is None else timedelta(seconds=patience),
    )
    if table.has("peg_offset"):
        choice = replace(choice, peg_offset=_signed(table, "peg_offset"))
    if not choice.collar < 1:
        table.refuse("collar_bps", "is the whole price or more", "for example 50")
    if (problem := choice.problem()) is not None:
        table.refuse(problem[0], problem[1], "")
    return choice


def _algo(table: Table) -> AlgoTerms | None:
    if not table.has("algo"):
        for key in ("start", "end", "participation"):
            if table.has(key):
                table.refuse(key, "goes with algo", 'write algo = "vwap", or take it out')
        return None
    known = _words(Strategy)
    return AlgoTerms(
        strategy=known[table.choice("algo", tuple(known), default="twap")],
        start=table.time_of_day("start"),
        end=table.time_of_day("end"),
        participation=_fraction(table, "participation"),
    )


def _schedule(table: Table) -> Schedule | None:
    start, end = table.time_of_day("start"), table.time_of_day("end")
    slices = table.count("slices", default=1)
    if start is None:
        if end is not None or slices > 1:
            table.refuse("start", "is missing", 'say when the first part goes out: "10:00"')
        return None
    schedule = Schedule(slices=slices, start=start, end=end)
    if (problem := schedule.problem()) is not None:
        table.refuse(problem[0], problem[1], "")
    return schedule


def _amount(table: Table, key: str) -> Decimal | None:
    return table.amount(key) if table.has(key) else None


def _fraction(table: Table, key: str) -> Decimal | None:
    value = _amount(table, key)
    if value is not None and value > 1:
        table.refuse(key, f"{value} is more than all of it", 'give a fraction: "0.10"')
    return value


def _signed(table: Table, key: str) -> Decimal:
    """Dollars above or below; written as text, since a float is not exact."""
    text = table.text(key)
    try:
        value = Decimal(text)
    except ArithmeticError:
        value = Decimal("NaN")
    if not value.is_finite():
        table.refuse(key, f"{text!r} is no number", 'write "-0.01"')
    return value
