"""Rules: what is asked, of whom, and what a breach does.

A rule is data around one test; a test is one of the rule types. "At
acquisition" means it: a trade passes if it does not raise the numerator,
however bad the weight already is, so a sale that cures is always let through.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Protocol, runtime_checkable

from domain.codec import encode
from domain.compliance import Force, Verdict
from domain.exact import ZERO
from domain.orders import OrderIntent, Side
from domain.sources import Source
from oms.compliance.account_types import AccountType
from oms.compliance.bases import Base
from oms.compliance.book import Aggregate, Book, OrderDesk
from oms.compliance.conditions import Subject
from oms.compliance.days import CureClock
from oms.compliance.exposures import LookThrough


class Stage(StrEnum):
    """When in an order's life the rule is asked."""

    PRE_TRADE = "pre_trade"
    POST_TRADE = "post_trade"
    PORTFOLIO = "portfolio"


class Timing(StrEnum):
    """Which changes count."""

    AT_ACQUISITION = "at_acquisition"  # Only what a trade made worse.
    CONTINUOUS = "continuous"  # Drift counts too; a trade that cures still passes.
    DAILY = "daily"  # As continuous, measured once a business day.
    MONTH_END = "month_end"
    QUARTER_END = "quarter_end"  # And, before a trade, as at acquisition.
    YEAR_END = "year_end"


class Drift(StrEnum):
    """What it means that the market alone moved a portfolio over the limit."""

    PASS = "pass"  # noqa: S105 - nothing: the law forgives it
    REPORT = "report"  # A case without a clock: somebody is told.
    CURE = "cure"  # A case whose clock runs.


class WhenMissing(StrEnum):
    """What "cannot tell" does; it is never a pass."""

    AS_BREACH = "as_breach"  # Like a breach of the rule's own force.
    WARN = "warn"  # A person must look.


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a test says about one subject, before the rule's force is put on it."""

    verdict: Verdict
    sentence: str
    security_ids: tuple[str, ...] = ()
    value: Decimal | None = None
    limit: Decimal | None = None
    numerator: Decimal | None = None
    base: Decimal | None = None
    headroom: Decimal | None = None
    largest_quantity: Decimal | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A small book in words and the answer that the rule must give on it."""

    says: str
    given: str  # Lines of the language that `oms.compliance.examples` reads.
    expect: Verdict
    value: Decimal | None = None  # Asked for exactly, when given ...
    due: date | None = None  # ... and so is this.
    subject: str = ""  # Which account or order; empty for the only one that is asked.
    library: str = ""  # Row and example of the rule library that it restates, "25.2".


class RuleTest(Protocol):
    """One rule type: an `AccountTest`, an `OrderTest`, or both."""

    def problem(self) -> tuple[str, str] | None:
        """The parameter that is out of range, and what would be in range; None if all are good."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule in force: a test with everything that decides when and for whom it counts."""

    rule_id: str
    words: str  # Plain words for people.
    citation: str
    force: Force
    stage: tuple[Stage, ...]
    timing: Timing
    drift: Drift
    cure: CureClock | None  # How long a case may stay open; None: no fixed time.
    missing: WhenMissing
    aggregate: Aggregate
    base: Base
    look_through: tuple[LookThrough, ...]
    account_types: tuple[AccountType, ...]  # Empty: every account.
    effective_from: date
    effective_to: date | None  # The last day on which it holds.
    test: RuleTest
    examples: tuple[Example, ...]
    source: Source
    enabled_for: tuple[AccountType, ...] = ()  # Of a pack: for whom the firm has enabled it.

    @property
    def rule_type(self) -> str:
        """The type's name, as rule files write it."""
        return type(self.test).__name__

    @property
    def version(self) -> str:
        """Twelve hex digits that name the rule's content, wherever it is filed."""
        return _version_of(self)

    def in_force(self, day: date) -> bool:
        """Whether the rule holds on `day`."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )

    def applies_to(self, types: Collection[str]) -> bool:
        """Whether the rule's gate lets accounts of these kinds in."""
        gates = (self.account_types, self.enabled_for)
        return all(not gate or any(kind in types for kind in gate) for gate in gates)

    def blames(self, worse: Decimal, stage: Stage) -> bool:
        """Whether what is over the limit counts, given how much the trades made it worse.

        `worse` is in the numerator's unit: positive when the trades raised what
        is limited, negative when they cure.
        """
        if stage is Stage.PORTFOLIO:
            return self.drift is not Drift.PASS or self.timing is not Timing.AT_ACQUISITION
        drift_counts = self.timing in (Timing.CONTINUOUS, Timing.DAILY)
        return worse > 0 or (worse == 0 and drift_counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuestion:
    """A rule asked of everything that one account would trade."""

    rule: Rule
    book: Book
    account_id: str
    stage: Stage = Stage.PRE_TRADE

    def blames(self, worse: Decimal) -> bool:
        """As `Rule.blames`, at this question's stage.

        What drifted and is left alone holds up purchases, and never sales: they may
        be the cure of something else.
        """
        if worse == 0 and self.stage is Stage.PRE_TRADE:
            trades = self.book.trades_of(self.account_id)
            if not any(trade.side is Side.BUY for trade in trades):
                return False
        return self.rule.blames(worse, self.stage)

    @property
    def subject(self) -> Subject:
        """The account, for conditions."""
        return Subject(self.book, self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuestion:
    """A rule asked of one block order."""

    rule: Rule
    desk: OrderDesk
    intent: OrderIntent


@runtime_checkable
class AccountTest(Protocol):
    """A rule type that has something to say of accounts."""

    def about_account(self, question: AccountQuestion) -> Answer | None:
        """The answer; None when the question does not arise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmQuestion:
    """A rule asked of the whole firm's book on a day."""

    rule: Rule
    book: Book


@runtime_checkable
class FirmTest(Protocol):
    """A rule type that has something to say of the firm, name by name."""

    def about_firm(self, question: FirmQuestion) -> Iterable[tuple[str, Answer]]:
        """Subject and answer of everything that the rule speaks of."""
        ...


@runtime_checkable
class OrderTest(Protocol):
    """A rule type that has something to say of orders."""

    def about_order(self, question: OrderQuestion) -> Answer | None:
        """The answer; None when the question does not arise."""
        ...


@cache
def _version_of(rule: Rule) -> str:
    content = replace(rule, source=Source("", 0, ""))
    return hashlib.sha256((rule.rule_type + encode(content)).encode()).hexdigest()[:12]


def fraction_of(numerator: Decimal, base: Decimal) -> Decimal:
    """For the record only, to six places; verdicts multiply and never divide."""
    return ZERO if base == 0 else (numerator / base).quantize(Decimal("0.000001"))
