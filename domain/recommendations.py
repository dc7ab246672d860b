"""Recommendations: what the OMS would trade, and what is left of it after the rules.

A `Basket` is what a person approves; its `content_hash` names exactly that.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.codec import content_name, encode
from domain.compliance import CheckResult
from domain.orders import Side
from domain.proposals import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One trade of one account, with the reason for it."""

    account_id: str
    security_id: str
    symbol: str
    side: Side
    quantity: Decimal  # Whole shares, positive.
    reference_price: Decimal  # The snapshot's price.
    notional: Decimal  # quantity x reference_price, exact.
    lot_ids: tuple[str, ...]  # Sales: lots in the order of relief.
    expected_cost: Decimal
    expected_tax: Decimal
    terms: tuple[Term, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAccount:
    """An account of which nothing is released, and why."""

    account_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What may be released: recommendations that passed, and what was held back."""

    snapshot_id: str
    recommendations: tuple[Recommendation, ...]
    held: tuple[HeldAccount, ...]
    results: tuple[CheckResult, ...]  # Every rule that did not pass; passes are stored apart.

    @property
    def content_hash(self) -> str:
        """SHA-256 of the basket's canonical text, in hex: what an approver approves."""
        return content_name(encode(self))

    @property
    def notional(self) -> Decimal:
        """Sum of the notionals, buys and sells alike."""
        return sum((r.notional for r in self.recommendations), Decimal(0))
