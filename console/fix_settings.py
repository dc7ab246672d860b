"""The gateway's settings, as a whole configuration has them."""

import os
from dataclasses import replace

from console.config import Config
from console.route_check import refuse_impossible_routes
from gateway.settings import GatewaySettings, load_settings


def gateway_settings(config: Config) -> GatewaySettings:
    """Raises `ConfigError` for a session file or a routing that does not fit the venues."""
    tables = {name: venue.table for name, venue in config.venues.items()}
    place = config.path.name
    settings = load_settings(config.fix_settings, tables, os.environ, config_file=place)
    refuse_impossible_routes(config.routing.rules, settings.profiles, place)
    return replace(settings, rehearsal=config.clock.start is not None)
