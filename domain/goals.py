"""Goals: what a mandate can want and limit beyond tracking its model within bands.

A measure is a number for each security that the firm gives a name: a score, a duration, an
expected return, the exposure to a factor. A constraint is hard, or soft with a price: what
breaking it by the whole of NAV (or by 1.0 of its measure) costs, as a fraction of NAV. The
priority of a hard one says what is given up first when not all can hold: the lowest.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Aim(StrEnum):
    """What the risk term of the objective measures."""

    TRACK = "track"  # Active variance against the model.
    FOLLOW = "follow"  # Squared distance of weights from the model's, whatever the risk.
    MINIMUM_VARIANCE = "minimum variance"
    MEAN_VARIANCE = "mean variance"
    RISK_BUDGET = "risk budget"
    LIABILITY = "liability"  # Variance of the surplus over a liability.


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Securities that have any of these; empty is every security."""

    sectors: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    securities: tuple[str, ...] = ()  # Security ids.


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """How hard a constraint is. None: as the kind of constraint is by itself."""

    price: Decimal | None = None  # Soft, at this price.
    priority: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A band on the weight of a group, or on the weighted sum of a measure over it."""

    name: str  # The client's own words.
    group: Group = field(default_factory=Group)
    measure: str = ""  # Of weights themselves where none is named.
    average: bool = False  # Of what is invested, rather than a sum over NAV.
    relative: bool = False  # Bounds are distances from the model's own value.
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    force: Force = field(default_factory=Force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A tilt: a measure's weighted sum drawn to a value, at `price` times the squared distance."""

    name: str
    measure: str
    value: Decimal
    relative: bool = False  # The value is a distance from the model's own.
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Securities that are not bought, and sold where `sell` says so."""

    name: str
    group: Group | None = None
    measure: str = ""  # Or those whose measure is below `below`.
    below: Decimal | None = None
    sell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskBudget:
    """Shares of the variance by security or sector; equal (risk parity) where none are given."""

    by_sector: bool = False
    shares: dict[str, Decimal] = field(default_factory=dict)  # By security id, or by sector.


@dataclass(frozen=True, slots=True, kw_only=True)
class LiabilityExposure:
    """The liability's exposure to what a measure counts, per dollar of its value."""

    value: Decimal  # For example a duration of 12 years.
    volatility: Decimal = Decimal(0)  # Of what it is exposed to, a year: 0.01 is 1 % of rates.
    band: Decimal | None = None  # The assets' exposure stays this near the liability's.
    force: Force = field(default_factory=Force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """After a shock the funded ratio is no less than `minimum`."""

    name: str
    effects: dict[str, Decimal]  # What 1.0 of each measure returns: rates down 1 %: duration 0.01.
    minimum: Decimal
    force: Force = field(default_factory=Force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Liability:
    """What an account must be able to pay, as a present value with its exposures."""

    value: Decimal  # Dollars.
    hedge: dict[str, Decimal] = field(default_factory=dict)  # Securities that behave like it.
    exposures: dict[str, LiabilityExposure] = field(default_factory=dict)  # By measure.
    correlation: Decimal = Decimal(0)  # Between any two of the exposures' drivers.
    stresses: tuple[Stress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """Dollars of gains: a budget, or losses carried forward, by holding period."""

    short: Decimal | None = None
    long: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Trade towards the goal in steps, looking ahead: only the first step is traded."""

    steps: int
    days_between: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """All of it; the default is to track the model and nothing else."""

    aim: Aim = Aim.TRACK
    measures: dict[str, dict[str, Decimal]] = field(default_factory=dict)  # Name, security id.
    expected_return: str = ""  # The measure that is the expected return a year.
    tracking_error_maximum: Decimal | None = None
    volatility_maximum: Decimal | None = None
    surplus_volatility_maximum: Decimal | None = None
    limits: tuple[Limit, ...] = ()
    targets: tuple[Target, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    substitutes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # Security ids.
    risk_budget: RiskBudget = field(default_factory=RiskBudget)
    liability: Liability | None = None
    gain_budget: Gains = field(default_factory=Gains)
    carry_forward: Gains = field(default_factory=Gains)
    forces: dict[str, Force] = field(default_factory=dict)  # Of the other constraints, by key.
    transition: Transition | None = None
    located: bool = False  # Answered together with its household's other located accounts.
