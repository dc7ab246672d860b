"""The house that a configuration describes, as it is before anything happened."""

import hashlib
from collections.abc import Mapping

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.prices import read_instruments
from simulator.running.config import Config
from simulator.running.copies import DropCopies
from simulator.running.fault_player import FaultPlayer
from simulator.running.faults import Fault, read_faults
from simulator.running.house import House
from simulator.running.mixed import MixedFloor
from simulator.running.quoting import Quotes
from simulator.running.session_config import SessionKind
from simulator.running.tables import ConfigError
from simulator.running.venue_config import VenueConfig
from simulator.scenarios.library import UnknownScenarioError, read_library
from simulator.scenarios.player import ScenarioFloor
from simulator.values.floor import Floor


def build_house(config: Config) -> House:
    """Floors, faults and copies. Raises ConfigError and PricesError."""
    faults = () if config.faults is None else read_faults(config.faults)
    _refuse_strangers(config, faults)
    floors: dict[str, Floor] = {}
    for venue in config.venues:
        floors[venue.name] = _floor(venue)
    players = {
        venue.name: FaultPlayer(
            venue.name, faults, seed=venue.rules.seed, time_zone=venue.rules.time_zone
        )
        for venue in config.venues
        if any(fault.venue in ("", venue.name) for fault in faults)
    }
    return House(floors, faults=players, copies=_copies(config))


def settings_of(config: Config) -> str:
    """Fingerprint of everything that a house is made from."""
    digest = hashlib.sha256()
    for venue in config.venues:
        parts = (venue.name, venue.kind, venue.rules, venue.quotes, venue.scenario, venue.others)
        digest.update(repr(venue.broker).encode())
        digest.update(repr((venue.scenario_pace, venue.scenario_night)).encode())
        for script in sorted(venue.scenario_scripts.glob("*")) if venue.scenario_scripts else ():
            digest.update(script.read_bytes())
        digest.update(repr((parts, drop_copy_sessions(config))).encode())
        if venue.prices is not None and venue.prices.exists():
            digest.update(venue.prices.read_bytes())
    if config.faults is not None and config.faults.exists():
        digest.update(config.faults.read_bytes())
    return digest.hexdigest()


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


def _floor(venue: VenueConfig) -> Floor:
    instruments = read_instruments(venue.prices)
    markets = {
        symbol: Quotes(venue.quotes, one, f"{venue.rules.seed}/{venue.name}/{symbol}")
        for symbol, one in instruments.items()
        if venue.quotes.levels
    }
    exchange = ExchangeFloor(venue.rules, instruments, markets)
    try:
        folders = () if venue.scenario_scripts is None else (venue.scenario_scripts,)
        scenarios = ScenarioFloor(
            venue.name,
            read_library(*folders),
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
