"""The house that a configuration describes, as it is before anything happened."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

from simulator.broker.floor import BrokerFloor
from simulator.exchange.dark import DarkFloor
from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.markets import Market
from simulator.exchange.prices import read_instruments
from simulator.market.building import make_market
from simulator.market.recorded import Row, read_recorded_day
from simulator.running.config import Config
from simulator.running.copies import DropCopies
from simulator.running.fault_player import FaultPlayer
from simulator.running.faults import Do, Fault, read_faults
from simulator.running.house import House
from simulator.running.mixed import MixedFloor
from simulator.running.session_config import SessionKind
from simulator.running.tables import ConfigError
from simulator.running.venue_config import VenueConfig, VenueKind
from simulator.scenarios.library import Library, UnknownScenarioError, read_library
from simulator.scenarios.player import ScenarioFloor
from simulator.values.floor import Floor

_OUTSIDE = frozenset({"port", "sessions", "limits", "prices", "recorded", "scenario_scripts"})


def build_house(config: Config) -> House:
    """Floors, faults and copies. Raises ConfigError and PricesError."""
    faults = () if config.faults is None else read_faults(config.faults)
    _refuse_strangers(config, faults)
    exchanges = [one for one in config.venues if one.kind is VenueKind.EXCHANGE]
    others = [one for one in config.venues if one.kind is not VenueKind.EXCHANGE]
    lit = {venue.name: _exchange(venue) for venue in exchanges}
    built: dict[str, Floor] = {one.name: _mixed(one, lit[one.name]) for one in exchanges}
    built |= {venue.name: _other(venue, config, lit) for venue in others}
    floors = {venue.name: built[venue.name] for venue in config.venues}
    players = {
        venue.name: player
        for venue in config.venues
        if (player := _fault_player(venue, faults)) is not None
    }
    return House(floors, faults=players, copies=_copies(config), linked=bool(others))


def _fault_player(venue: VenueConfig, faults: tuple[Fault, ...]) -> FaultPlayer | None:
    """What delays a venue's messages by its nature, and what goes wrong on purpose."""
    own = tuple(fault for fault in faults if fault.venue in ("", venue.name))
    if venue.latency or venue.latency_jitter:
        seconds, jitter = venue.latency, venue.latency_jitter
        own = (Fault(number=0, do=Do.DELAY, times=0, seconds=seconds, jitter=jitter), *own)
    if not own:
        return None
    return FaultPlayer(venue.name, own, seed=venue.rules.seed, time_zone=venue.rules.time_zone)


def settings_of(config: Config) -> str:
    """Fingerprint of everything that a house is made from."""
    digest = hashlib.sha256()
    files = [config.faults]
    for venue in config.venues:
        own = {one.name: getattr(venue, one.name) for one in fields(venue)}
        inside = {name: value for name, value in own.items() if name not in _OUTSIDE}
        digest.update(_text(inside).encode())
        files += [venue.prices, venue.recorded]
        files += sorted(venue.scenario_scripts.glob("*")) if venue.scenario_scripts else []
    digest.update(_text(dict(drop_copy_sessions(config))).encode())
    for path in files:
        if path is not None and path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _text(value: object) -> str:
    """The same for the same value in every process: sets have no order of their own."""
    if isinstance(value, frozenset):
        return _text(sorted(value))
    if isinstance(value, dict):
        return _text(list(value.items()))
    if isinstance(value, list | tuple):
        return f"({','.join(_text(one) for one in value)})"
    if is_dataclass(value) and not isinstance(value, type):
        return _text([(one.name, getattr(value, one.name)) for one in fields(value)])
    return repr(value)


def drop_copy_sessions(config: Config) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(venue, client) of each session for copies, and whose reports it has."""
    return {
        (venue.name, one.client): one.of
        for venue in config.venues
        for one in venue.sessions
        if one.kind is SessionKind.DROP_COPY
    }


def _copies(config: Config) -> dict[str, DropCopies]:
    by_venue: dict[str, dict[str, tuple[str, ...]]] = {}
    for (venue, client), of in drop_copy_sessions(config).items():
        by_venue.setdefault(venue, {})[client] = of
    return {venue: DropCopies(clients) for venue, clients in by_venue.items()}


def _other(venue: VenueConfig, config: Config, lit: Mapping[str, ExchangeFloor]) -> Floor:
    """A venue that trades by, or on, exchanges of the house."""
    if venue.broker is None:
        return DarkFloor(
            venue.rules,
            _instruments(venue),
            lit[venue.others[0]].best,
            look_interval=venue.look_interval,
        )
    return BrokerFloor(
        venue.broker,
        {one.name: _instruments(one) for one in config.venues if one.name in venue.others},
    )


def _instruments(venue: VenueConfig) -> dict[str, Instrument]:
    assert venue.prices is not None, "only a broker has none"
    return read_instruments(venue.prices)


def _exchange(venue: VenueConfig) -> ExchangeFloor:
    instruments = _instruments(venue)
    recorded = {} if venue.recorded is None else read_recorded_day(venue.recorded, instruments)
    markets = {
        symbol: market
        for symbol, one in instruments.items()
        if (market := _market(venue, one, recorded.get(symbol, ()))) is not None
    }
    return ExchangeFloor(venue.rules, instruments, markets)


def _market(venue: VenueConfig, instrument: Instrument, recorded: Sequence[Row]) -> Market | None:
    return make_market(
        venue.market,
        instrument,
        seed=f"{venue.rules.seed}/{venue.name}/{instrument.symbol}",
        recorded=recorded,
        zone=venue.rules.time_zone,
    )


@cache
def _library(folders: tuple[Path, ...]) -> Library:
    """Read once, for all venues."""
    return read_library(*folders)


def _mixed(venue: VenueConfig, exchange: ExchangeFloor) -> Floor:
    try:
        folders = () if venue.scenario_scripts is None else (venue.scenario_scripts,)
        scenarios = ScenarioFloor(
            venue.name,
            _library(folders),
            always=venue.scenario,
            pace=venue.scenario_pace,
            night=venue.scenario_night,
            time_zone=venue.rules.time_zone,
        )
    except UnknownScenarioError as error:
        raise ConfigError(f"venue {venue.name}: scenario: {error}") from error
    return MixedFloor(exchange, scenarios)


def _refuse_strangers(config: Config, faults: tuple[Fault, ...]) -> None:
    names = [venue.name for venue in config.venues]
    for fault in faults:
        if fault.venue and fault.venue not in names:
            raise ConfigError(
                f"{config.faults}: fault {fault.number}: there is no venue {fault.venue!r}; "
                f"there are {', '.join(names)}"
            )
