"""What a release is told: how long its waves may take, and what it may spend."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from domain.errors import ConfigError
from domain.exact import plain
from domain.venue_ways import Ways
from oms.abandoned import OnFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """How long a wave may take, and what is kept back for commission."""

    wave_timeout: timedelta  # A wave that is not done by then is cancelled.
    cancel_timeout: timedelta = timedelta(seconds=10)  # Patience with the answers to the cancels.
    poll_interval: timedelta = timedelta(milliseconds=100)
    cash_cushion: Decimal = Decimal("0.001")  # Fraction of each buy.
    on_failure: OnFailure = OnFailure.KEEP
    ways: Ways = field(default_factory=dict)  # How each venue hears of lists and allocations.

    def __post_init__(self) -> None:
        if not 0 <= self.cash_cushion < 1:
            raise ConfigError(
                f"cash_cushion is {plain(self.cash_cushion)}: give a fraction of the notional "
                "from 0 up to 1, for example 0.001"
            )
        for name in ("wave_timeout", "cancel_timeout", "poll_interval"):
            if getattr(self, name) <= timedelta(0):
                raise ConfigError(f"{name} is {getattr(self, name)}: give more than zero seconds")
