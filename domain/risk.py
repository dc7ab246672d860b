"""The firm's risk model: how it is estimated from prices, or its numbers where it is supplied."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class RiskMethod(StrEnum):
    """Where the factors come from."""

    STATISTICAL = "statistical"  # Principal components of shrunk correlations.
    FACTORS = "factors"  # Given price series; exposures by regression.
    SUPPLIED = "supplied"  # Exposures, covariance and specific variance, all given.


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """How to make the risk model; the defaults are those of a book that says nothing."""

    method: RiskMethod = RiskMethod.STATISTICAL
    half_life: Decimal | None = None  # Days after which a return counts half; None: all alike.
    least_coverage: Decimal = Decimal("0.5")  # Of days, for an estimate of a name's own.
    factors: dict[str, str] = field(default_factory=dict)  # Name -> security whose prices it is.
    exposures: dict[str, dict[str, Decimal]] = field(default_factory=dict)  # Factor, security.
    covariance: dict[str, dict[str, Decimal]] = field(default_factory=dict)  # Annualised.
    specific: dict[str, Decimal] = field(default_factory=dict)  # Variance by security.
