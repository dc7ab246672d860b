"""Settings of the release: how far a limit may be, how long a wave may take."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from domain.errors import ConfigError
from domain.exact import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSettings:
    """What the desk decided once, for every run."""

    limit_collar: Decimal  # Fraction of the reference price that a limit may be away from it.
    wave_timeout: timedelta  # A wave that is not done by then is cancelled.
    cancel_timeout: timedelta = timedelta(seconds=10)  # Patience with the answers to the cancels.
    poll_interval: timedelta = timedelta(milliseconds=100)
    cash_cushion: Decimal = Decimal("0.001")  # Fraction of a buy kept for commission.

    def __post_init__(self) -> None:
        if not 0 < self.limit_collar < 1:
            raise ConfigError(
                f"limit_collar is {plain(self.limit_collar)}: give a fraction of the price "
                "between 0 and 1, for example 0.01 for one percent"
            )
        if not 0 <= self.cash_cushion < 1:
            raise ConfigError(
                f"cash_cushion is {plain(self.cash_cushion)}: give a fraction of the notional "
                "from 0 up to 1, for example 0.001"
            )
        for name in ("wave_timeout", "cancel_timeout", "poll_interval"):
            if getattr(self, name) <= timedelta(0):
                raise ConfigError(f"{name} is {getattr(self, name)}: give more than zero seconds")
