"""The snapshot: everything one run may know, frozen, named by its content.

Same data, same name: `name_of` hashes the canonical text of the content, and
the time it was taken is not part of it. Accounts in quarantine stay in the
snapshot with their reasons, so that a run can say why it left them alone.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from domain.accounts import Account, CashFlow, Mandate, ModelPortfolio
from domain.codec import content_name, encode
from domain.exact import ZERO
from domain.facts import Fact
from domain.instruments import Price, PriceHistory, Security
from domain.lots import TaxLot
from domain.orders import Side
from domain.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class CashBalance:
    """Settled and unsettled cash of one account, in dollars."""

    account_id: str
    amount: Decimal
    source: Source | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeNow:
    """What a past trade has become, in the shares of the snapshot's day."""

    quantity: Decimal
    served: Decimal  # Of these: shares that have replaced a loss, or that were replaced.
    gain: Decimal | None  # Of the others.

    @property
    def left(self) -> Decimal:
        """Shares that may still replace a loss, or be replaced."""
        return self.quantity - self.served


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTrade:
    """A trade of the last weeks, ours or another's: what wash-sale rules look at.

    `gain` is the realised gain of a sale (negative for a loss), None for a buy.
    """

    account_id: str
    security_id: str
    side: Side
    quantity: Decimal
    day: date
    gain: Decimal | None
    source: Source | None
    changed: TradeNow | None = None  # None: no split since, and no wash sale.
    lots: tuple[str, ...] = ()  # What it bought, where its account came to us with the lots.

    @property
    def now(self) -> TradeNow:
        """What it counts for on the snapshot's day."""
        return self.changed or TradeNow(quantity=self.quantity, served=ZERO, gain=self.gain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """A security that the firm, or one household, may not trade, from when on, and why."""

    security_id: str
    reason: str
    effective_from: date
    effective_at: datetime | None = None  # None: from the beginning of the day.
    household_id: str = ""  # Empty: the whole firm.
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a quality check found; with an account, it puts that account in quarantine.

    `account_id` None means it concerns the whole book and quarantines nobody.
    """

    check: str  # For example "unknown_security", "stale_price", "lots_do_not_add_up".
    account_id: str | None
    message: str
    source: Source | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The content; every tuple is sorted by its key so that equal books are equal bytes."""

    as_of: date
    securities: tuple[Security, ...]
    prices: tuple[Price, ...]  # The latest of each security.
    history: PriceHistory
    models: tuple[ModelPortfolio, ...]
    mandates: tuple[Mandate, ...]
    accounts: tuple[Account, ...]
    lots: tuple[TaxLot, ...]
    cash: tuple[CashBalance, ...]
    flows: tuple[CashFlow, ...]  # Due on or after `as_of`.
    past_trades: tuple[PastTrade, ...]  # Last 31 calendar days.
    restrictions: tuple[Restriction, ...]
    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...] = ()  # What the rules know beyond the security master.

    def quarantined(self) -> dict[str, tuple[Finding, ...]]:
        """Findings by account id, of the accounts that must not trade."""
        found: dict[str, tuple[Finding, ...]] = {}
        for finding in self.findings:
            if finding.account_id is not None:
                found[finding.account_id] = (*found.get(finding.account_id, ()), finding)
        return found


def name_of(snapshot: Snapshot) -> str:
    """The snapshot's name: SHA-256 of its canonical text, in hex."""
    return content_name(encode(snapshot))
