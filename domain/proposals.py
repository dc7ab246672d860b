"""Proposals: what the optimizer wants for each account, and why.

Weights are fractions of NAV as `Decimal`, rounded from the optimizer's floats
to 1e-9 for the record only; quantities are whole shares.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.orders import Side


class Outcome(StrEnum):
    """What came of one account."""

    TRADE = "trade"
    NO_TRADE = "no_trade"  # Already best: the gain does not pay for the cost.
    INFEASIBLE = "infeasible"  # The client's constraints cannot all hold.
    FAILED = "failed"  # No certified answer; `message` says why.
    ORDERED = "ordered"  # A person wanted it so: nobody optimised, or measured its risk.


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a trade's optimality condition, in basis points of marginal benefit.

    Positive speaks for the trade. At the optimum the terms of a trade add up
    to zero but for rounding to whole shares; `name` is "tracking_risk",
    "specific_risk", "target:better score", "liability_exposures", "expected_return",
    "risk_budget", "spread", "impact", "tax", the name of a binding row or cap ("cash",
    "turnover", "sector:Energy", "limit:banks", "volatility", ...), "bound", "rounding".
    """

    name: str
    basis_points: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedTrade:
    """One trade of one account."""

    security_id: str
    side: Side
    quantity: Decimal  # Whole shares, positive.
    weight_before: Decimal
    weight_after: Decimal
    weight_target: Decimal
    expected_cost: Decimal  # Dollars: half spread and impact.
    expected_tax: Decimal  # Dollars; negative for a saving.
    lot_ids: tuple[str, ...]  # Sales: lots in the order of relief.
    terms: tuple[Term, ...]
    reason: str  # One plain sentence with its numbers.


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One member of a set of constraints that cannot all hold, by the client's own name."""

    name: str
    detail: str
    short_by: Decimal  # How much the cheapest relaxation would loosen it; 0 if untouched.
    unit: str = ""  # Of `short_by`: NAV where empty, else a measure or "volatility".


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRule:
    """What one constraint that holds the answer back costs, at the margin and as a whole.

    Money is a year's worth as the objective counts it (risk at the mandate's aversion).
    """

    name: str  # The client's own words.
    price: Decimal  # Dollars that loosening it by a hundredth would be worth.
    unit: str = ""  # Of that hundredth: NAV where empty, else a measure or "volatility".
    gain_without: Decimal  # Dollars that the best answer without the rule is better by.
    tracking_error_without: Decimal
    turnover_without: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """Why to trade or not, in dollars: what the trades gain and what they cost.

    Where nothing is traded these are the trades that would be best if they cost
    nothing; `at_most` proves that no trade at all gains more than that beyond its cost.
    """

    gain: Decimal
    cost: Decimal  # Half spread, impact, and tax as the objective weighs it.
    at_most: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that the mandate speaks of, before and after: a volatility, a duration, ..."""

    name: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What proves the answer: which path gave it, its gap and its largest violation."""

    path: str  # "fast", "piqp", "clarabel".
    gap: Decimal  # Primal-dual gap over the objective.
    violation: Decimal  # Largest constraint violation, in NAV.


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """What could be traded if an infeasible account's constraints were loosened. Never released."""

    message: str
    loosened: tuple[Conflict, ...]  # By what these trades would break them.
    trades: tuple[ProposedTrade, ...]
    tracking_error_after: Decimal
    turnover: Decimal
    expected_cost: Decimal
    expected_tax: Decimal
    certificate: Certificate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProposal:
    """The optimizer's answer for one account."""

    account_id: str
    outcome: Outcome
    message: str  # One plain sentence.
    net_asset_value: Decimal
    tracking_error_before: Decimal  # Annualised active risk, a fraction: 0.021 is 2.1 %.
    tracking_error_after: Decimal
    turnover: Decimal  # Sum of |trade| over NAV.
    expected_cost: Decimal  # Dollars.
    expected_tax: Decimal  # Dollars.
    cash_before: Decimal  # Dollars.
    cash_after: Decimal
    trades: tuple[ProposedTrade, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    certificate: Certificate | None = None
    figures: tuple[Figure, ...] = ()
    binding: tuple[BindingRule, ...] = ()  # The dearest first.
    weighing: Weighing | None = None
    relaxed: Relaxed | None = None  # Of an infeasible account.
    notes: tuple[str, ...] = ()  # What else a reader must know: soft constraints broken, ...
