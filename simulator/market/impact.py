"""Market impact: executions of clients move the price, and it recovers.

Linear in the shares, in relation to average daily volume, with exponential recovery: the model of
A. Obizhaeva and J. Wang, "Optimal trading strategy and supply/demand dynamics", Journal of
Financial Markets 16 (2013); there rho is ln 2 / half-life.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from simulator.market.numbers import buys, is_market
from simulator.market.settings import Impacting
from simulator.matching.entries import Event, Trade

_FINE = 1_000_000  # Parts of a unit in which a shift is kept.


class Impact:
    """How far clients have moved the middle of one symbol."""

    def __init__(self, settings: Impacting, reference: int, average_daily_volume: int) -> None:
        volume = max(1, average_daily_volume)
        # A basis point for one percent: the product of the two is a hundredth of the price.
        self._per_share = Fraction(settings.basis_points) * reference * _FINE / (100 * volume)
        self._permanent = Fraction(settings.permanent)
        self._half_life = settings.half_life
        self._lasting = 0
        self._passing = 0
        self._at: datetime | None = None

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """Take in the clients' executions with the market."""
        bought = sum(_bought(event) for event in events if isinstance(event, Trade))
        if bought and self._per_share:
            self._recover(now)
            move = bought * self._per_share
            lasting = int(move * self._permanent)
            self._lasting += lasting
            self._passing += int(move) - lasting

    def shift(self, now: datetime) -> int:
        """Units by which the middle stands away from where it would be."""
        self._recover(now)
        return round(Fraction(self._lasting + self._passing, _FINE))

    def _recover(self, now: datetime) -> None:
        if self._at is not None and self._passing:
            self._passing = int(self._passing * 0.5 ** ((now - self._at) / self._half_life))
        self._at = now


def _bought(trade: Trade) -> int:
    """Shares that clients bought of the market in this trade; below zero when they sold."""
    if is_market(trade.maker) == is_market(trade.taker):
        return 0
    market = trade.maker if is_market(trade.maker) else trade.taker
    return -trade.quantity if buys(market) else trade.quantity
