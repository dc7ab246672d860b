"""One [[venue]] of venues.toml: its rules, its market, its door and its sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path

from simulator.broker.rules import BrokerRules
from simulator.exchange.rules import CanceledName, Chain, DayEnd, OnHalt, Rules, SelfMatch
from simulator.fix.profile import DoorLimits
from simulator.running.broker_config import read_broker
from simulator.running.session_config import SessionConfig, is_name, read_sessions
from simulator.running.tables import ConfigError, Table

Start = Callable[[str, int], int]  # The line of the nth inner table of a name.
_MOST_LEVELS = 50
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class VenueKind(Enum):
    """What a venue is."""

    EXCHANGE = "exchange"
    DARK = "dark"
    BROKER = "broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteConfig:
    """The liquidity provider of a lit book."""

    levels: int = 5
    level_share: Decimal = Decimal("0.00005")
    half_spread: int = 1
    wander: int = 2
    replenish_interval: timedelta = timedelta(seconds=0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueConfig:
    """One venue."""

    name: str
    kind: VenueKind = VenueKind.EXCHANGE
    port: int = 0
    sessions: tuple[SessionConfig, ...]
    limits: DoorLimits = field(default_factory=DoorLimits)
    prices: Path | None  # A broker has none: it trades what its exchanges do.
    rules: Rules
    quotes: QuoteConfig = QuoteConfig()
    scenario: str = ""  # The whole venue plays it.
    scenario_pace: timedelta = timedelta(seconds=0.5)  # Between two of its steps.
    scenario_night: timedelta | None = timedelta(seconds=2)  # None waits for an operator.
    scenario_scripts: Path | None = None  # A folder of the user's own.
    others: tuple[str, ...] = ()  # Exchanges that a dark pool prices by, or a broker works on.
    broker: BrokerRules | None = None

    @property
    def clients(self) -> tuple[str, ...]:
        """Who may log on."""
        return tuple(session.client for session in self.sessions)


def read_venue(table: Table, start: Start, seed: int) -> VenueConfig:
    """Raises ConfigError."""
    name = table.text("name")
    if not is_name(name):
        table.refuse("name", name, "1 to 24 letters, digits, _ or - (it is a FIX CompID)")
    sessions = read_sessions(table, start)
    if not sessions:
        raise ConfigError(
            f"{table.path}: venue {name}: clients must name one client or more, each once"
        )
    kind = table.choice("kind", VenueKind, VenueKind.EXCHANGE)
    is_broker = kind is VenueKind.BROKER
    scripts = table.text("scenario_scripts", "")
    others = _others(table, kind)
    rules = _rules(table, name, seed, sessions)
    venue = VenueConfig(
        name=name,
        kind=kind,
        port=table.whole("port", 0, 0, 65535),
        sessions=sessions,
        limits=_limits(table, start),
        prices=None if is_broker else table.path.parent / table.text("prices"),
        rules=rules,
        quotes=_quotes(table),
        scenario=table.text("scenario", ""),
        scenario_pace=table.seconds("scenario_pace", "0.5", "0", "3600"),
        scenario_night=table.seconds("scenario_night", "2", "0", "86400") or None,
        scenario_scripts=table.path.parent / scripts if scripts else None,
        others=others,
        broker=read_broker(table, rules, others) if is_broker else None,
    )
    table.refuse_leftovers()
    return venue


def _others(table: Table, kind: VenueKind) -> tuple[str, ...]:
    if kind is VenueKind.DARK:
        return (table.text("priced_by"),)
    if kind is VenueKind.BROKER:
        return table.texts("works_on")
    return ()


def _quotes(table: Table) -> QuoteConfig:
    return QuoteConfig(
        levels=table.whole("levels", 5, 0, _MOST_LEVELS),
        level_share=table.number("level_share", Decimal("0.00005"), Decimal(0), Decimal(1)),
        half_spread=table.whole("half_spread", 1, 1, 1000),
        wander=table.whole("wander", 2, 0, 1000),
        replenish_interval=table.seconds("replenish_interval", "0.25", "0.01", "3600"),
    )


def _rules(table: Table, name: str, seed: int, sessions: tuple[SessionConfig, ...]) -> Rules:
    bare = Rules(name=name)
    return Rules(
        name=name,
        seed=seed,
        fee_per_share=table.number("fee_per_share", Decimal(0), Decimal(0), Decimal(1)),
        maximum_quantity=table.whole("maximum_quantity", 10_000_000, 1, 999_999_999),
        time_zone=table.zone("time_zone", "America/New_York"),
        call_time=table.time_of_day("call_time"),
        open_time=table.time_of_day("open_time"),
        closing_call_time=table.time_of_day("closing_call_time"),
        close_time=table.time_of_day("close_time"),
        trading_days=_weekdays(table),
        holidays=frozenset(table.dates("holidays")),
        day_end=table.choice("day_end", DayEnd, bare.day_end),
        restate_good_till=table.flag("restate_good_till", default=bare.restate_good_till),
        acknowledge_changes=table.flag("acknowledge_changes", default=False),
        change_delay=table.seconds("change_delay", "0", "0", "3600"),
        chained_changes=table.choice("chained_changes", Chain, bare.chained_changes),
        reopen_filled=table.flag("reopen_filled", default=bare.reopen_filled),
        order_delay=table.seconds("order_delay", "0", "0", "3600"),
        canceled_name=table.choice("canceled_name", CanceledName, bare.canceled_name),
        report_triggers=table.flag("report_triggers", default=bare.report_triggers),
        on_halt=table.choice("on_halt", OnHalt, bare.on_halt),
        halt_auction=table.flag("halt_auction", default=bare.halt_auction),
        band_percent=table.number("band_percent", Decimal(0), Decimal(0), Decimal(100)),
        limit_state=table.seconds("limit_state", "15", "0", "3600"),
        band_halt=table.seconds("band_halt", "300", "0", "86400"),
        band_window=table.seconds("band_window", "300", "1", "86400"),
        self_match=table.choice("self_match", SelfMatch, bare.self_match),
        firms=tuple((one.client, one.firm) for one in sessions if one.firm),
        cancel_on_disconnect=frozenset(one.client for one in sessions if one.cancel_on_disconnect),
        allocation_received=table.flag("allocation_received", default=bare.allocation_received),
        allocation_reports=table.flag("allocation_reports", default=bare.allocation_reports),
        closed_orders=table.whole("closed_orders", bare.closed_orders, 0, 100_000_000),
        remembered_ids=table.whole("remembered_ids", bare.remembered_ids, 0, 1_000_000_000),
    )


def _weekdays(table: Table) -> tuple[int, ...]:
    days = table.texts("trading_days", _WEEKDAYS)
    for day in days:
        if day not in _WEEKDAYS:
            table.refuse("trading_days", day, f"days among {', '.join(_WEEKDAYS)}")
    return tuple(sorted({_WEEKDAYS.index(day) for day in days}))


def _limits(table: Table, start: Start) -> DoorLimits:
    line = start("limits", 0)
    limits = Table(table.path, table.lines, "[venue.limits]", line, table.table("limits"))
    bare = DoorLimits()
    found = DoorLimits(
        bytes_before_logon=limits.whole("bytes_before_logon", bare.bytes_before_logon, 64, 1 << 20),
        seconds_before_logon=limits.seconds("seconds_before_logon", "10", "0.1", "600")
        / timedelta(seconds=1),
        connections=limits.whole("connections", bare.connections, 1, 100_000),
        connections_per_address=limits.whole(
            "connections_per_address", bare.connections_per_address, 1, 100_000
        ),
        connections_per_second=limits.whole(
            "connections_per_second", bare.connections_per_second, 1, 100_000
        ),
        unsent_bytes=limits.whole("unsent_bytes", bare.unsent_bytes, 1 << 10, 1 << 30),
    )
    limits.refuse_leftovers()
    return found


def rule_names() -> tuple[str, ...]:
    """Keys of a venue that are fields of its rules."""
    derived = {"name", "seed", "firms", "cancel_on_disconnect"}
    return tuple(one.name for one in fields(Rules) if one.name not in derived)
