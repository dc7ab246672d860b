"""Rules: what is asked, of whom, and what a breach does.

A rule is data around one test; a test is one of the rule types. "At
acquisition" means it: a trade passes if it does not raise the numerator,
however bad the weight already is, so a sale that cures is always let through.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Protocol, runtime_checkable

from domain.accounts import TaxStatus
from domain.codec import encode
from domain.compliance import Force, Verdict
from domain.exact import ZERO
from domain.orders import OrderIntent
from domain.sources import Source
from oms.compliance.book import Book, OrderDesk


class Stage(StrEnum):
    """When in an order's life the rule is asked."""

    PRE_TRADE = "pre_trade"
    POST_TRADE = "post_trade"
    PORTFOLIO = "portfolio"


class Timing(StrEnum):
    """Which changes count."""

    AT_ACQUISITION = "at_acquisition"  # Only what a trade made worse.
    CONTINUOUS = "continuous"  # Drift counts too; a trade that cures still passes.


class Aggregate(StrEnum):
    """Over whom the numerator is summed."""

    ACCOUNT = "account"
    HOUSEHOLD = "household"
    BLOCK = "block"
    FIRM = "firm"


class Base(StrEnum):
    """What stands below the fraction line."""

    NET_ASSETS = "net_assets"  # Securities at market plus cash, overdrafts subtracted.
    TOTAL_ASSETS = "total_assets"  # Securities at market plus cash that is there.


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A small book in words and the answer that the rule must give on it."""

    says: str
    given: str  # Lines of the language that `oms.compliance.examples` reads.
    expect: Verdict
    value: Decimal | None = None  # Asked for exactly, when given.
    subject: str = ""  # Which account or order; empty for the only one that trades.


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
    stage: Stage
    timing: Timing
    aggregate: Aggregate
    base: Base
    account_types: tuple[TaxStatus, ...]  # Empty: every account.
    effective_from: date
    effective_to: date | None  # The last day on which it holds.
    test: RuleTest
    examples: tuple[Example, ...]
    source: Source

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

    def applies_to(self, tax_status: TaxStatus) -> bool:
        """Whether the rule's gate lets accounts of this kind in."""
        return not self.account_types or tax_status in self.account_types


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuestion:
    """A rule asked of everything that one account would trade."""

    rule: Rule
    book: Book
    account_id: str


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
