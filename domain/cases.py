"""Cases: portfolios that are over a limit without anybody having traded them there."""

from dataclasses import dataclass
from datetime import date

from domain.compliance import Force


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One rule that one portfolio does not meet, since when, and by when it must again."""

    rule_id: str
    rule_version: str
    force: Force
    subject: str  # Account id, or the name that a firm-wide rule speaks of.
    opened: date
    due: date | None  # None: no fixed time.
    sentence: str  # The newest answer, with its numbers.
    citation: str
    closed: date | None = None

    def is_overdue(self, day: date) -> bool:
        """Whether its time ran out before it was closed."""
        return self.due is not None and self.due < (self.closed or day)
