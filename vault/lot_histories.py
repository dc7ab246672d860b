"""Lot histories: which purchase a custodian's lot is of, by the file that it came from.

A file may name the transaction that bought a lot by its reference. Where none does, day and
security are all that ties a lot to a purchase.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from domain.custody import CustodyHistory, LotHistory
from domain.exact import ZERO
from domain.lots import TaxLot
from domain.ports import CustodyPosition
from domain.postings import Transaction, TransactionKind
from domain.sold import told_id, told_parts
from domain.sources import Source
from vault.book import Book
from vault.book_schema import custody_lot, ingested_file
from vault.reported import ReportedTransaction
from vault.schema import ledger_leg, ledger_transaction

_SLICE = 500  # Lines, or names, in one question.


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLot:
    """A lot that an account came with, as it was then, and the purchase that it is of."""

    lot: TaxLot
    as_of: date  # The day whose shares they are.
    purchase: str  # `told_id`.
    bought: date


class _Reference(NamedTuple):
    """A custodian's own name of one line of an account's history."""

    custodian: str
    account_id: str
    reference: str


def custody_history(
    connection: Connection, position: CustodyPosition, told: Iterable[ReportedTransaction]
) -> CustodyHistory:
    """What files say of an account's lots, and of what it bought."""
    lots, own = position.lots, [one for one in told if one.account_id == position.account_id]
    return CustodyHistory(purchases=_purchases(own), lots=lot_histories(connection, lots, own))


def lot_histories(
    connection: Connection, lots: Iterable[TaxLot], told: Iterable[ReportedTransaction]
) -> Mapping[str, LotHistory]:
    """By lot id; lots of which their files say nothing more are left out."""
    by_source = {lot.source: lot.lot_id for lot in lots if lot.source is not None}
    named = {
        _Reference(one.custodian, one.account_id, one.reference): purchase_id(one)
        for one in told
        if is_purchase(one)
    }
    return {
        by_source[source]: LotHistory(
            reference=row.reference or "",
            purchase=named.get(_Reference(row.custodian, row.account_id, row.reference or ""), ""),
            disallowed=row.disallowed or ZERO,
        )
        for source, row in _said(connection, list(by_source))
    }


def is_purchase(told: ReportedTransaction) -> bool:
    """Whether it bought so many shares of what we know."""
    return told.kind == "buy" and told.security_id is not None and told.quantity is not None


def purchase_id(told: ReportedTransaction) -> str:
    """What wash sales call it by: all of a day together."""
    assert told.security_id is not None
    return told_id(told.account_id, told.security_id, told.day)


def _purchases(told: Iterable[ReportedTransaction]) -> Mapping[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in told:
        if is_purchase(one):
            found[purchase_id(one)] += abs(one.quantity or ZERO)
    return found


def _said(connection: Connection, sources: Sequence[Source]) -> Iterator[tuple[Source, Any]]:
    """Rows of lots that say something beyond the lot, with their lines."""
    files: dict[tuple[str, str], list[int]] = {}
    for source in sources:
        files.setdefault((source.file, source.sha256), []).append(source.line)
    row, file = custody_lot.c, ingested_file.c
    for (name, sha256), lines in files.items():
        query = (
            select(row.line, file.custodian, row.account_id, row.reference, row.disallowed)
            .join(ingested_file, file.number == row.file_number)
            .where(file.name == name, file.sha256 == sha256)
            .where(row.reference.is_not(None) | row.disallowed.is_not(None))
        )
        for start in range(0, len(lines), _SLICE):
            some = lines[start : start + _SLICE]
            for found in connection.execute(query.where(row.line.in_(some))):
                yield Source(name, found.line, sha256), found


def opened_lots(connection: Connection, book: Book, since: date) -> tuple[OpenedLot, ...]:
    """Lots that were bought since a day, and that accounts came with since then."""
    accounts = _accounts_with_lots_since(connection, book.ledger.opened, since)
    openings = tuple(_openings(connection, accounts))
    every = [lot for opening in openings for lot in opening.opened]
    histories = lot_histories(connection, every, book.transactions)
    found = (
        _opened(lot, opening.trade_date, histories.get(lot.lot_id))
        for opening in openings
        for lot in opening.opened
    )
    return tuple(one for one in found if one.bought >= since)


def _opened(lot: TaxLot, as_of: date, history: LotHistory | None) -> OpenedLot:
    name = told_id(lot.account_id, lot.security_id, lot.acquired)
    if history is not None and history.purchase:
        name = history.purchase
    return OpenedLot(lot=lot, as_of=as_of, purchase=name, bought=told_parts(name)[2])


def _accounts_with_lots_since(
    connection: Connection, opened: Mapping[str, date], since: date
) -> list[str]:
    """Accounts that were opened since a day with lots that may have been bought since."""
    days = {day for day in opened.values() if day >= since}
    if not days:
        return []
    row, file = custody_lot.c, ingested_file.c
    query = (
        select(row.account_id)
        .distinct()
        .join(ingested_file, file.number == row.file_number)
        .where(file.kind == "positions", file.as_of.in_(days))
        .where((row.acquired >= since) | row.reference.is_not(None))
    )
    found = connection.execute(query).scalars()
    return sorted(name for name in found if opened.get(name, date.min) >= since)


def _openings(connection: Connection, accounts: Sequence[str]) -> Iterator[Transaction]:
    table, leg = ledger_transaction.c, ledger_leg.c
    for start in range(0, len(accounts), _SLICE):
        books = [f"client:{account_id}" for account_id in accounts[start : start + _SLICE]]
        theirs = select(leg.transaction_id).where(leg.book.in_(books))
        query = (
            select(table.value)
            .where(table.kind == TransactionKind.OPENING.value, table.transaction_id.in_(theirs))
            .order_by(table.number)
        )
        yield from connection.execute(query).scalars()
