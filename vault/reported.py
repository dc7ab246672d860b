"""What custodians reported, row by row, with our security where we know it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.lots import TaxLot
from domain.ports import CustodyPosition
from domain.snapshot import CashBalance
from domain.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPosition:
    """Shares of one security in one account; `security_id` is None for one we do not know."""

    account_id: str
    identifier: str
    security_id: str | None
    quantity: Decimal
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLot:
    """An open tax lot, in the custodian's words."""

    account_id: str
    identifier: str
    security_id: str | None
    quantity: Decimal
    basis: Decimal
    acquired: date
    source: Source
    reference: str | None = None  # Of the transaction that bought it.
    disallowed: Decimal | None = None  # Of its basis: losses that wash sales put there.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCash:
    """Cash of one account."""

    account_id: str
    amount: Decimal
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedTransaction:
    """A line of an account's history; `amount` is cash in (positive) or out."""

    account_id: str
    custodian: str
    code: str
    reference: str
    day: date
    kind: str  # "buy", "sell", "deposit", ...
    identifier: str | None
    security_id: str | None
    quantity: Decimal | None
    amount: Decimal
    gain: Decimal | None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedDay:
    """All that one custodian reported for its newest day."""

    custodian: str
    code: str
    as_of: date
    positions: tuple[ReportedPosition, ...]
    lots: tuple[ReportedLot, ...]
    cash: tuple[ReportedCash, ...]

    def first_lines(self) -> dict[str, Source]:
        """Each account in the day's files, with the first line that speaks of it."""
        found: dict[str, Source] = {}
        rows: tuple[ReportedPosition | ReportedCash | ReportedLot, ...]
        rows = (*self.positions, *self.cash, *self.lots)
        for row in rows:
            found.setdefault(row.account_id, row.source)
        return found

    def custody_positions(self, accounts: Iterable[str]) -> tuple[CustodyPosition, ...]:
        """What it says of `accounts`, each free of faults, as the rest of the house reads it."""
        lots: defaultdict[str, list[TaxLot]] = defaultdict(list)
        for lot in tax_lots(self):
            lots[lot.account_id].append(lot)
        cash = {row.account_id: row for row in self.cash}
        return tuple(
            CustodyPosition(
                account_id=account,
                custodian=self.custodian,
                as_of=self.as_of,
                lots=tuple(lots[account]),
                cash=CashBalance(
                    account_id=account, amount=cash[account].amount, source=cash[account].source
                ),
            )
            for account in sorted(accounts)
            if account in cash
        )


def tax_lots(day: ReportedDay) -> tuple[TaxLot, ...]:
    """Lots with ids that stay the same for the same file: CODE:ACCOUNT:SECURITY:n, n by line.

    Lots of unknown securities and lots without shares are left out: each is a
    finding that keeps its account out.
    """
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    found: list[TaxLot] = []
    for lot in sorted(day.lots, key=lambda lot: lot.source):
        if lot.security_id is None or lot.quantity <= 0:
            continue
        counts[lot.account_id, lot.security_id] += 1
        number = counts[lot.account_id, lot.security_id]
        found.append(
            TaxLot(
                lot_id=f"{day.code}:{lot.account_id}:{lot.security_id}:{number}",
                account_id=lot.account_id,
                security_id=lot.security_id,
                quantity=lot.quantity,
                basis=lot.basis,
                acquired=lot.acquired,
                source=lot.source,
            )
        )
    return tuple(found)
