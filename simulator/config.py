"""venues.toml: what to simulate. Unknown keys and impossible values are refused, by line.

Every key is explained in simulator/sample.toml. Paths are relative to the file.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.desk import VenueRules
from simulator.tables import ConfigError, Table, table_lines

_NAME = re.compile(r"[A-Za-z0-9_-]{1,24}")
_MOST_LEVELS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueConfig:
    """One venue: its rules, its door, and what it trades."""

    rules: VenueRules
    port: int
    clients: tuple[str, ...]
    prices: Path
    replenish_interval: timedelta
    reset_on_logon: bool
    remote_addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole program."""

    state_dir: Path
    log_file: Path
    clock_start: datetime | None
    control_port: int
    control_token_file: Path | None
    venues: tuple[VenueConfig, ...]


def read_config(path: Path) -> Config:
    """Raises ConfigError, naming file, line, key and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file; copy simulator/sample.toml to start one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    return _config(path, text, document)


def _config(path: Path, text: str, document: dict[str, object]) -> Config:
    lines = text.splitlines()
    starts = table_lines(lines)
    top = Table(path, lines, "the top", 0, document)
    clock = Table(path, lines, "[clock]", starts("clock", 0), top.table("clock"))
    control = Table(path, lines, "[control]", starts("control", 0), top.table("control"))
    seed = top.whole("seed", 1, 0, 1 << 62)
    state_dir = path.parent / top.text("state_dir", "venues")
    log_file = top.text("log_file", "")
    token_file = control.text("token_file", "")
    venues = [
        _venue(Table(path, lines, f"[[venue]] {number + 1}", starts("venue", number), values), seed)
        for number, values in enumerate(top.tables("venue"))
    ]
    config = Config(
        state_dir=state_dir,
        log_file=path.parent / log_file if log_file else state_dir / "venues.log",
        clock_start=_instant(clock, "start"),
        control_port=control.whole("port", 0, 0, 65535),
        control_token_file=path.parent / token_file if token_file else None,
        venues=tuple(venues),
    )
    for table in (top, clock, control):
        table.refuse_leftovers()
    _refuse_clashes(path, config)
    return config


def _venue(table: Table, seed: int) -> VenueConfig:
    name = table.text("name")
    _must_be_name(table, "name", name)
    clients = table.texts("clients")
    for client in clients:
        _must_be_name(table, "clients", client)
    rules = VenueRules(
        name=name,
        seed=seed,
        fee_per_share=table.number("fee_per_share", Decimal(0), Decimal(0), Decimal(1)),
        levels=table.whole("levels", 5, 0, _MOST_LEVELS),
        level_share=table.number("level_share", Decimal("0.00005"), Decimal(0), Decimal(1)),
        half_spread=table.whole("half_spread", 1, 1, 1000),
        wander=table.whole("wander", 2, 0, 1000),
        maximum_quantity=table.whole("maximum_quantity", 10_000_000, 1, 999_999_999),
        time_zone=_zone(table, "time_zone"),
        close_time=_clock_time(table, "close_time"),
        acknowledge_changes=table.flag("acknowledge_changes", default=False),
        change_delay=table.seconds("change_delay", "0", "0", "3600"),
    )
    venue = VenueConfig(
        rules=rules,
        port=table.whole("port", 0, 0, 65535),
        clients=clients,
        prices=table.path.parent / table.text("prices"),
        replenish_interval=table.seconds("replenish_interval", "0.25", "0.01", "3600"),
        reset_on_logon=table.flag("reset_on_logon", default=False),
        remote_addresses=table.texts("remote_addresses", ("127.0.0.1",)),
    )
    table.refuse_leftovers()
    return venue


def _refuse_clashes(path: Path, config: Config) -> None:
    if not config.venues:
        raise ConfigError(f"{path}: there is no [[venue]] table; add one")
    names = [venue.rules.name for venue in config.venues]
    ports = [str(venue.port) for venue in config.venues if venue.port]
    for what, values in (("name", names), ("port", ports)):
        for value in values:
            if values.count(value) > 1:
                raise ConfigError(f"{path}: two venues have the {what} {value}; change one")
    for venue in config.venues:
        if len(set(venue.clients)) < len(venue.clients) or not venue.clients:
            raise ConfigError(
                f"{path}: venue {venue.rules.name}: clients must name one client or more, each once"
            )


def _must_be_name(table: Table, key: str, value: str) -> None:
    if not _NAME.fullmatch(value):
        table.refuse(key, value, "1 to 24 letters, digits, _ or - (it is a FIX CompID)")


def _zone(table: Table, key: str) -> ZoneInfo:
    name = table.text(key, "America/New_York")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        table.refuse(key, name, 'an IANA time zone such as "America/New_York"')


def _clock_time(table: Table, key: str) -> time | None:
    text = table.text(key, "")
    if not text:
        return None
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  A time of day has no zone.
    except ValueError:
        table.refuse(key, text, 'a time of day such as "16:00"')


def _instant(table: Table, key: str) -> datetime | None:
    text = table.text(key, "")
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        table.refuse(key, text, 'an instant such as "2022-11-30T20:44:50Z"')
    if instant.tzinfo is None:
        table.refuse(key, text, "an instant with its offset: add Z for UTC")
    return instant
