"""Instruments: the security master's rows and their prices."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.identifiers import is_cusip, is_isin
from domain.sources import Source

CASH = "USD"  # The asset name of cash, in the ledger and in weights.
LEAST_HISTORY_DAYS = 3  # Of closes: risk is estimated from two returns at least.


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """A listed share; `security_id` is its ISIN and is what every other fact refers to."""

    security_id: str
    symbol: str
    cusip: str
    name: str
    issuer: str
    sector: str
    industry: str
    country: str
    currency: str
    venue: str  # Where its orders go, for example XSIM.
    lot_size: int  # Shares; 1 where odd lots trade freely.
    tick: Decimal
    half_spread: Decimal  # Fraction of price: cost of crossing.
    average_daily_volume: int  # Shares.
    source: Source

    def __post_init__(self) -> None:
        assert is_isin(self.security_id)
        assert is_cusip(self.cusip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A closing price of one security on one day."""

    security_id: str
    day: date
    close: Decimal
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceHistory:
    """Closing prices for the risk model: `closes[i][j]` is security i on day j.

    Every security has a price on every day, and one that lacks one is left out and stands
    in the snapshot's quality findings; unless the firm's risk settings say how gaps are
    handled: then a missing close is None.
    """

    security_ids: tuple[str, ...]
    days: tuple[date, ...]
    closes: tuple[tuple[Decimal | None, ...], ...]

    def __post_init__(self) -> None:
        assert len(self.closes) == len(self.security_ids)
        assert all(len(row) == len(self.days) for row in self.closes)
