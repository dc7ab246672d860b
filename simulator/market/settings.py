"""How a market behaves. Every field stands in venues.toml under the same name."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """The liquidity provider. Prices in ticks."""

    levels: int = 5  # On each side; 0 for no provider.
    level_share: Decimal = Decimal("0.00005")  # A full level, as a part of average daily volume.
    half_spread: int = 1  # From the middle to the best quote.
    wander: int = 2  # How far the middle may go from where it began, by chance.
    replenish_interval: timedelta = timedelta(seconds=0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impacting:
    """What clients' executions do to the provider's middle."""

    basis_points: Decimal = Decimal(0)  # For one percent of average daily volume; 0 for nothing.
    half_life: timedelta = timedelta(minutes=5)  # Half of what passes has passed by then.
    permanent: Decimal = Decimal(0)  # The part that does not pass, 0 to 1.


@dataclass(frozen=True, slots=True, kw_only=True)
class Flowing:
    """Random orders of others."""

    orders_per_minute: Decimal = Decimal(0)  # On average; 0 for no flow.
    taking: Decimal = Decimal("0.3")  # The part that comes at market, the rest with a limit.
    median_lots: int = 2  # Half of the orders are larger.
    size_spread: Decimal = Decimal(1)  # Standard deviation of the size's logarithm.
    distance: int = 3  # Ticks from the middle to a limit, on average.
    patience: timedelta = timedelta(seconds=30)  # A limit is cancelled after so long, on average.


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettings:
    """The market of one venue."""

    quoting: Quoting = Quoting()
    impacting: Impacting = Impacting()
    flowing: Flowing = Flowing()
