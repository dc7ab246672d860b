"""Overrides: breaches that a second person let through, why, and how long that holds."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOverride:
    """One overridable answer about one account that a person let pass.

    It holds for the run in which it was given and, with `until`, for later runs up to that
    day, while the rule is the same version and asks the same account.
    """

    rule_id: str
    rule_version: str
    account_id: str
    by: str
    why: str
    run_id: UUID
    given: datetime
    until: date | None
    sentence: str  # What the rule said when it was let through.

    def holds(self, day: date) -> bool:
        """Whether it lets the same answer of a later run through."""
        return self.until is not None and day <= self.until
