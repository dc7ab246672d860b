"""The book on one day: all that files told and the ledger holds, before any judgement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.accounts import Account, CashFlow, Mandate, ModelPortfolio
from domain.facts import Fact
from domain.instruments import Price, Security
from domain.lots import TaxLot
from domain.snapshot import Restriction
from domain.sources import Source
from vault.reported import ReportedDay, ReportedTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A custodian's file that was refused, and the first reason."""

    file: str
    custodian: str
    as_of: date
    sha256: str
    problem_count: int
    first_line: int
    first_problem: str

    @property
    def source(self) -> Source:
        """The line of the first problem."""
        return Source(self.file, self.first_line, self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyBook:
    """Registered accounts and what their custodians reported."""

    as_of: date
    accounts: Mapping[str, Account]
    days: tuple[ReportedDay, ...]  # One a custodian: its newest.
    refusals: tuple[Refusal, ...]  # Of positions, newer than what was accepted.


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerBook:
    """What our own ledger says."""

    opened: Mapping[str, date]  # Account -> the day as of which it was taken over.
    lots: tuple[TaxLot, ...]
    cash: Mapping[str, Decimal]  # By account, of those that were taken over.
    at_custody_day: Mapping[tuple[str, str], Decimal]  # (account, asset), as of the custodian's day


@dataclass(frozen=True, slots=True, kw_only=True)
class Closes:
    """Closing prices by security and day."""

    by_security: Mapping[str, Mapping[date, Decimal]]

    def days(self) -> tuple[date, ...]:
        """Days on which more than half of the securities have a price, oldest first."""
        counts: dict[date, int] = {}
        for closes in self.by_security.values():
            for day in closes:
                counts[day] = counts.get(day, 0) + 1
        half = len(self.by_security) / 2
        return tuple(sorted(day for day, count in counts.items() if count > half))


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything, for the quality checks and the snapshot."""

    custody: CustodyBook
    ledger: LedgerBook
    securities: Mapping[str, Security]
    closes: Closes
    prices: Mapping[str, Price]  # The latest of each security.
    models: Mapping[str, ModelPortfolio]
    mandates: Mapping[str, Mandate]
    flows: tuple[CashFlow, ...]
    restrictions: tuple[Restriction, ...]
    facts: tuple[Fact, ...]
    transactions: tuple[ReportedTransaction, ...]

    @property
    def handles_gaps(self) -> bool:
        """Whether the firm's risk settings say what becomes of missing closes."""
        return any(mandate.risk is not None for mandate in self.mandates.values())

    @property
    def as_of(self) -> date:
        """The day of the book."""
        return self.custody.as_of
