"""Routing without rules, for tests that are about something else."""

from datetime import time
from decimal import Decimal

from oms.route_terms import Choice, TradingDay
from oms.routing import RoutingSettings


def without_rules(collar: Decimal) -> RoutingSettings:
    """Every order a limit order for the day, `collar` away from its price at most."""
    new_york = TradingDay(zone="America/New_York", close=time(16))
    return RoutingSettings(usual=Choice(collar=collar), day=new_york)
