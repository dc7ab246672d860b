"""One [[venue]] of venues.toml: its rules, its market, its door and its sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from simulator.broker.rules import BrokerRules
from simulator.exchange.rules import Rules
from simulator.fix.profile import DoorLimits
from simulator.market.settings import MarketSettings
from simulator.running.broker_config import read_broker
from simulator.running.market_config import read_market
from simulator.running.rules_config import read_rules
from simulator.running.session_config import SessionConfig, is_name, read_sessions
from simulator.running.tables import ConfigError, Table

Start = Callable[[str, int], int]  # The line of the nth inner table of a name.


class VenueKind(Enum):
    """What a venue is."""

    EXCHANGE = "exchange"
    DARK = "dark"
    BROKER = "broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueConfig:
    """One venue."""

    name: str
    kind: VenueKind = VenueKind.EXCHANGE
    port: int = 0
    sessions: tuple[SessionConfig, ...]
    limits: DoorLimits = field(default_factory=DoorLimits)
    latency: float = 0.0  # Seconds until a message leaves; order is kept.
    latency_jitter: float = 0.0  # Up to so much more.
    prices: Path | None  # A broker has none: it trades what its exchanges do.
    rules: Rules
    market: MarketSettings = field(default_factory=MarketSettings)
    recorded: Path | None = None  # A recorded day, in the place of the provider.
    look_interval: timedelta = timedelta(seconds=0.1)  # Of a dark pool.
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
    rules = read_rules(table, name, seed, sessions)
    others = _others(table, kind)
    venue = VenueConfig(
        name=name,
        kind=kind,
        port=table.whole("port", 0, 0, 65535),
        sessions=sessions,
        limits=_limits(table, start),
        prices=None if kind is VenueKind.BROKER else table.path.parent / table.text("prices"),
        latency=float(table.number("latency", Decimal(0), Decimal(0), Decimal(3600))),
        latency_jitter=float(table.number("latency_jitter", Decimal(0), Decimal(0), Decimal(3600))),
        rules=rules,
        others=others,
        **_own(table, start, kind, rules, others),
    )
    table.refuse_leftovers()
    return venue


def _own(
    table: Table, start: Start, kind: VenueKind, rules: Rules, others: tuple[str, ...]
) -> dict[str, Any]:
    """What venues of this kind alone have."""
    if kind is VenueKind.BROKER:
        return {"broker": read_broker(table, rules, others)}
    if kind is VenueKind.DARK:
        return {"look_interval": table.seconds("look_interval", "0.1", "0.001", "3600")}
    scripts, recorded = table.text("scenario_scripts", ""), table.text("recorded", "")
    return {
        "market": read_market(table, start),
        "recorded": table.path.parent / recorded if recorded else None,
        "scenario": table.text("scenario", ""),
        "scenario_pace": table.seconds("scenario_pace", "0.5", "0", "3600"),
        "scenario_night": table.seconds("scenario_night", "2", "0", "86400") or None,
        "scenario_scripts": table.path.parent / scripts if scripts else None,
    }


def _others(table: Table, kind: VenueKind) -> tuple[str, ...]:
    if kind is VenueKind.DARK:
        return (table.text("priced_by"),)
    if kind is VenueKind.BROKER:
        return table.texts("works_on")
    return ()


def _limits(table: Table, start: Start) -> DoorLimits:
    limits = table.inner("limits", start("limits", 0))
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
