"""Compliance answers: which rule was asked, what it said, with which numbers."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Force(StrEnum):
    """What a breach of the rule does."""

    HARD = "hard"  # Blocks; nobody can override.
    OVERRIDABLE = "overridable"  # Blocks unless a second person overrides with a written reason.
    SOFT = "soft"  # Warns; a person must approve the run.


class Verdict(StrEnum):
    """The answer of one rule."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    BREACH = "breach"
    CANNOT_TELL = "cannot_tell"  # Data is missing; treated as a breach of the same force.


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One rule asked of one account or one order, with its headroom."""

    rule_id: str
    rule_type: str
    force: Force
    verdict: Verdict
    subject: str  # Account id, or ClOrdID for rules on orders.
    security_ids: tuple[str, ...]  # The names that matter.
    value: Decimal | None  # Numerator over base, or the quantity tested.
    limit: Decimal | None
    sentence: str  # Plain words with the numbers.
    citation: str
    rule_version: str = ""  # Hash of the rule as it was asked: same words, same version.
    numerator: Decimal | None = None  # Dollars or shares above the fraction line ...
    base: Decimal | None = None  # ... and below it, where the rule has a base.
    headroom: Decimal | None = None  # What is left to the limit, in the numerator's unit.
    largest_quantity: Decimal | None = None  # The most shares of this order that would pass.
    due: date | None = None  # When what the rule asks for must be done: cured, filed, reported.
    overridden_by: str | None = None
    override_reason: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether this answer stops its subject as it stands."""
        if self.verdict is Verdict.PASS or self.force is Force.SOFT:
            return False
        return self.force is Force.HARD or self.overridden_by is None

    @property
    def says(self) -> str:
        """The answer in a word: pass, warn, breach or cannot tell."""
        if self.verdict is Verdict.BREACH and self.force is Force.SOFT:
            return "warn"
        return self.verdict.value.replace("_", " ")
