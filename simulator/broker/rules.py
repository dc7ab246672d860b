"""How one broker behaves. Every field stands in venues.toml under the same name."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo


class Strategy(StrEnum):
    """What an order's shares follow."""

    TWAP = "TWAP"  # The clock.
    VWAP = "VWAP"  # The volume that a usual day would have had by now.
    POV = "POV"  # A part of the volume that trades.


class Rest(StrEnum):
    """What becomes of the shares that are left at the end time."""

    CANCEL = "cancel"
    DONE_FOR_DAY = "done_for_day"


# TargetStrategy (847) as FIX 4.4 numbers it (1 VWAP, 2 participate, from 1000 by agreement).
TARGETS = {"1": Strategy.VWAP, "2": Strategy.POV, "1000": Strategy.TWAP}

# Shares of a day's volume by half hour: high at both ends, as Jain and Joh found it ("The
# Dependence between Hourly Prices and Trading Volume", JFQA 23, 1988); the weights are ours.
USUAL_DAY = (12, 9, 8, 7, 6, 6, 5, 5, 6, 6, 7, 9, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRules:
    """One broker."""

    name: str
    works_on: tuple[str, ...]  # Exchanges, the first preferred at equal prices.
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    fee_per_share: Decimal = Decimal(0)
    maximum_quantity: int = 10_000_000
    slice_interval: timedelta = timedelta(seconds=5)
    horizon: timedelta = timedelta(minutes=30)  # Of an order without ExpireTime (126).
    rest: Rest = Rest.CANCEL
    day_begins: time = time(9, 30)  # The first of the volume curve's equal parts.
    day_ends: time = time(16)
    volume_curve: tuple[int, ...] = USUAL_DAY
    kept_orders: int = 10_000  # Closed ones; beyond, the oldest are forgotten.
