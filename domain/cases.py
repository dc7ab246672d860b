"""Cases: what a portfolio check found and somebody must set right, or file, in time.

There is one case for each rule and subject. It is named by the two, it is reopened when
the same thing comes again, and what happened to it is kept step by step.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Force
from domain.errors import BadInputError


class CaseKind(StrEnum):
    """What ends a case."""

    BREACH = "breach"  # A check that the portfolio passes.
    FILING = "filing"  # A person who has filed: that the crossing ends does not undo the duty.


class CaseEvent(StrEnum):
    """What happened to a case."""

    OPENED = "opened"
    MEASURED = "measured"  # Still so, with other numbers.
    REMINDED = "reminded"
    CLOSED = "closed"
    CLEARED = "cleared"  # The rule is met again after a person's closure, or beside a filing.
    REOPENED = "reopened"


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
    kind: CaseKind = CaseKind.BREACH
    times: int = 1  # How often it was opened.
    value: Decimal | None = None  # The newest answer's numbers, as `CheckResult` has them.
    limit: Decimal | None = None
    numerator: Decimal | None = None
    base: Decimal | None = None
    closed_by: str | None = None  # A person; None when a check closed it.
    closed_why: str | None = None
    is_cleared: bool = False  # The rule was met since: what comes next is a new breach.
    reminders: int = 0  # How many of its marks were behind it when somebody was last told.

    @property
    def case_id(self) -> str:
        """RULE:SUBJECT, as overrides are named too."""
        return f"{self.rule_id}:{self.subject}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its end."""
        return self.closed is None

    def age(self, day: date) -> int:
        """Calendar days that it is or was open."""
        return ((self.closed or day) - self.opened).days

    def is_overdue(self, day: date) -> bool:
        """Whether its time ran out before it was closed."""
        return self.due is not None and self.due < (self.closed or day)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStep:
    """One thing that happened to a case, and the case as it stood then."""

    what: CaseEvent
    case: Case
    words: str  # One sentence: what was found, or why a person closed it.


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry:
    """A step as it is kept."""

    step: CaseStep
    at: datetime
    by: str  # "oms", or a person.
    snapshot_id: str | None = None  # The positions that were looked at: the evidence.


class CaseClosedError(BadInputError):
    """Somebody closes a case that is closed."""

    def __init__(self, case: Case) -> None:
        by = case.closed_by or "a check that passed"
        super().__init__(f"case {case.case_id} was closed on {case.closed} by {by} already")
        self.case = case


def close(case: Case, *, by: str, why: str, day: date) -> CaseStep:
    """A person's end of a case: filed, or nobody asks any more. Raises `CaseClosedError`.

    The clock of a breach is not stopped by it: if a check finds it again before one
    passes, the case is reopened with the term it had.
    """
    if not case.is_open:
        raise CaseClosedError(case)
    closed = replace(case, closed=day, closed_by=by, closed_why=why)
    return CaseStep(what=CaseEvent.CLOSED, case=closed, words=f"closed by {by}: {why}")
