"""Linear limits: what a rule asks of an account's holdings, as the optimizer can keep it.

sum of coefficient x dollars held after the trades <= limit, one for each group of a
rule, named by the rule: a recommendation that keeps it was born compliant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.exact import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearLimit:
    """One inequality of one rule for one account."""

    rule_id: str
    label: str  # The rule and the group, for people.
    coefficients: Mapping[str, Decimal]  # Per dollar held, by security id.
    limit: Decimal  # Dollars.

    def slack(self, dollars: Mapping[str, Decimal]) -> Decimal:
        """What is left, in dollars, when so many dollars of each security are held."""
        used = sum((c * dollars.get(i, ZERO) for i, c in self.coefficients.items()), ZERO)
        return self.limit - used
