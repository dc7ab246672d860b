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


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a trade's optimality condition, in basis points of marginal benefit.

    Positive speaks for the trade. At the optimum the terms of a trade add up
    to zero but for rounding to whole shares; `name` is "tracking_risk",
    "specific_risk", "spread", "impact", "tax", "cash", "turnover",
    "sector:Energy", "bound", "rounding".
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
    short_by: Decimal  # Of NAV: how much the cheapest relaxation would loosen it; 0 if untouched.


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What proves the answer: which path gave it, its gap and its largest violation."""

    path: str  # "clarabel", "piqp", ...
    gap: Decimal  # Primal-dual gap over the objective.
    violation: Decimal  # Largest constraint violation, in NAV.


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
