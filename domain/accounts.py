"""Accounts: whose money it is, what it should hold, and what it may not.

Weights are fractions of the account's net asset value (NAV), not percents.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.goals import Wishes
from domain.risk import RiskSettings
from domain.sources import Source


class TaxStatus(StrEnum):
    """How gains in the account are taxed."""

    TAXABLE = "taxable"
    DEFERRED = "deferred"  # Traditional IRA, 401(k): no tax on trades.
    EXEMPT = "exempt"  # Roth IRA, charity.


class LotMethod(StrEnum):
    """Which tax lots a sale relieves first."""

    FIFO = "fifo"
    HIFO = "hifo"
    SPECIFIC = "specific"  # The lots that the recommendation named.
    TAX_OPTIMAL = "tax_optimal"  # Least tax per share first.


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One client account at one custodian, managed to one model under one mandate."""

    account_id: str
    household_id: str
    name: str
    custodian: str
    tax_status: TaxStatus
    model_id: str
    mandate_id: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightBand:
    """Lower and upper bound of a weight of NAV; `name` is the client's own word for the rule."""

    name: str
    minimum: Decimal
    maximum: Decimal

    def __post_init__(self) -> None:
        assert self.minimum <= self.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """What an account's trades must respect, as the client signed it."""

    mandate_id: str
    lot_method: LotMethod
    cash: WeightBand
    sector_band: Decimal  # Each sector within the model's weight plus or minus this.
    sector_limits: dict[str, WeightBand] = field(default_factory=dict)  # By sector, absolute.
    name_maximum: Decimal  # Largest weight of one security.
    turnover_maximum: Decimal  # Sum of |trade| over NAV in one run.
    risk_aversion: Decimal  # lambda of the optimizer, per unit of variance.
    short_term_rate: Decimal  # Tax per dollar of gain held up to one year.
    long_term_rate: Decimal
    minimum_trade: Decimal  # Dollars; smaller trades are not worth a ticket.
    drift_absolute: Decimal  # Drift trigger: |weight - target| above this ...
    drift_relative: Decimal  # ... or |weight / target - 1| above this.
    loss_value: Decimal = Decimal("0.25")  # Worth today of a dollar of tax that a loss saves.
    do_not_buy: tuple[str, ...] = ()  # Security ids.
    do_not_sell: tuple[str, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)  # Beyond tracking the model within bands.
    risk: RiskSettings | None = None  # The firm's, at the first mandate of its file.
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPortfolio:
    """Target weights by security id; what is missing from one is cash."""

    model_id: str
    weights: dict[str, Decimal]
    source: Source

    def __post_init__(self) -> None:
        assert all(weight >= 0 for weight in self.weights.values())
        assert sum(self.weights.values()) <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlow:
    """Cash that must be there on a day (withdrawal, negative) or will arrive (positive)."""

    account_id: str
    amount: Decimal
    due: date
    why: str
    source: Source
