"""The book out of the tables: which files count on a day, and their rows as values."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, func, select

from domain.accounts import Account, CashFlow, Mandate, ModelPortfolio, TaxStatus
from domain.codec import decode
from domain.facts import About, Fact
from domain.instruments import CASH, Price, Security
from domain.ports import Market
from domain.postings import TransactionKind
from domain.snapshot import Restriction
from domain.sources import Source
from vault.book import Book, Closes, CustodyBook, LedgerBook, Refusal
from vault.book_files import AcceptedFile, current_files, newest_of, rows_of, without_place
from vault.book_schema import (
    book_account,
    book_fact,
    book_flow,
    book_mandate,
    book_model_weight,
    book_price,
    book_restriction,
    book_security,
    custody_cash,
    custody_lot,
    custody_position,
    custody_transaction,
    refused_file,
)
from vault.ingest.report import Problem
from vault.ledger import SqlLedger
from vault.legs import CLIENT
from vault.reported import (
    ReportedCash,
    ReportedDay,
    ReportedLot,
    ReportedPosition,
    ReportedTransaction,
)
from vault.schema import is_rare, ledger_leg, ledger_transaction
from vault.shared import shared

_T = TypeVar("_T")


def read_book(connection: Connection, as_of: date) -> Book:
    """Everything as of one day."""
    files = current_files(connection, as_of)
    securities = read_securities(connection, files)
    custody = read_custody(connection, files, securities, as_of)
    closes, prices = _prices(connection, files, as_of)
    flows = _master(connection, book_flow, files, "flows", CashFlow)
    mandates = [
        decode(Mandate, row["terms"])
        for _, row in rows_of(connection, book_mandate, newest_of(files, "mandates"))
    ]
    return Book(
        custody=custody,
        ledger=read_ledger(connection, custody),
        securities=securities,
        closes=closes,
        prices=prices,
        models=_models(connection, files),
        mandates={mandate.mandate_id: mandate for mandate in mandates},
        flows=tuple(flow for flow in flows if flow.due >= as_of),
        facts=tuple(_master(connection, book_fact, files, "facts", _fact)),
        restrictions=read_restrictions(connection, as_of),
        transactions=read_transactions(connection, files, securities),
    )


def read_market(connection: Connection, as_of: date) -> Market:
    """Only the securities and the latest price of each."""
    files = current_files(connection, as_of)
    securities = read_securities(connection, files)
    _, prices = _prices(connection, files, as_of)
    return Market(
        securities=tuple(securities[key] for key in sorted(securities)),
        prices=tuple(prices[key] for key in sorted(prices)),
    )


def read_closes(connection: Connection, since: date, until: date) -> Mapping[str, Price]:
    """The newest close of each security, of the days from `since` to `until`."""
    _, prices = _prices(connection, current_files(connection, until), until, since)
    return prices


def read_accounts(connection: Connection, as_of: date) -> tuple[Account, ...]:
    """Whose money it is, in the order of their names."""
    found = _master(
        connection, book_account, current_files(connection, as_of), "accounts", _account
    )
    return tuple(sorted(found, key=lambda account: account.account_id))


def read_restrictions(connection: Connection, as_of: date) -> tuple[Restriction, ...]:
    """The firm's restricted list as it is in force on the day."""
    files = current_files(connection, as_of)
    found = _master(connection, book_restriction, files, "restricted", Restriction)
    return tuple(restriction for restriction in found if restriction.effective_from <= as_of)


def read_custody_book(connection: Connection, as_of: date) -> CustodyBook:
    """Only what custodians reported, and the accounts."""
    files = current_files(connection, as_of)
    return read_custody(connection, files, read_securities(connection, files), as_of)


def read_securities(
    connection: Connection, files: Sequence[AcceptedFile]
) -> Mapping[str, Security]:
    """The security master, by security id."""
    found = _master(connection, book_security, files, "securities", Security)
    return {security.security_id: security for security in found}


def read_custody(
    connection: Connection,
    files: Sequence[AcceptedFile],
    securities: Mapping[str, Security],
    as_of: date,
) -> CustodyBook:
    """What each custodian reported for its newest day, part by part."""
    newest: dict[str, date] = {}
    for file in files:
        if file.kind == "positions" and file.custodian and file.as_of:
            newest[file.custodian] = max(file.as_of, newest.get(file.custodian, date.min))
    ids = identifiers(securities)
    days = []
    for custodian, day in sorted(newest.items()):
        parts = [
            f for f in files if (f.kind, f.custodian, f.as_of) == ("positions", custodian, day)
        ]
        days.append(_reported_day(connection, parts, ids))
    accounts = _master(connection, book_account, files, "accounts", _account)
    return CustodyBook(
        as_of=as_of,
        accounts={account.account_id: account for account in accounts},
        days=tuple(days),
        refusals=_refusals(connection, newest, as_of),
    )


def identifiers(securities: Mapping[str, Security]) -> Mapping[str, str]:
    """Symbols, CUSIPs and ISINs to security ids."""
    found = {security.symbol: security_id for security_id, security in securities.items()}
    found |= {security.cusip: security_id for security_id, security in securities.items()}
    return found | {security_id: security_id for security_id in securities}


def read_transactions(
    connection: Connection, files: Iterable[AcceptedFile], securities: Mapping[str, Security]
) -> tuple[ReportedTransaction, ...]:
    """Every custodian's transactions; one that several files tell is taken from the newest."""
    told = [file for file in files if file.kind == "transactions"]
    ids = identifiers(securities)
    custodians = {(file.name, file.sha256): file for file in told}
    newest: dict[tuple[str, str, str], ReportedTransaction] = {}
    rank = {file.number: place for place, file in enumerate(told)}
    rows = rows_of(connection, custody_transaction, told)
    for source, row in sorted(rows, key=lambda pair: rank[pair[1]["file_number"]]):
        file = custodians[source.file, source.sha256]
        assert file.custodian is not None
        assert file.code is not None
        transaction = ReportedTransaction(
            custodian=file.custodian,
            code=file.code,
            security_id=ids.get(row["identifier"]),
            source=source,
            **without_place(row),
        )
        newest[file.custodian, transaction.account_id, transaction.reference] = transaction
    return tuple(sorted(newest.values(), key=lambda t: (t.account_id, t.day, t.reference)))


def read_ledger(connection: Connection, custody: CustodyBook) -> LedgerBook:
    """Holdings by our own ledger, now and as of each custodian's day."""
    ledger = SqlLedger(shared(connection))
    opened = _openings(connection)
    days = {day.custodian: day.as_of for day in custody.days}
    shares: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    leg, transaction = ledger_leg.c, ledger_transaction.c
    query = (
        select(leg.book, leg.asset, transaction.trade_date, func.sum(leg.quantity))
        .join(ledger_transaction, transaction.transaction_id == leg.transaction_id)
        .where(leg.book.like(f"{CLIENT}%"))
        .group_by(leg.book, leg.asset, transaction.trade_date)
    )
    for book, asset, day, quantity in connection.execute(query):
        account_id = book.removeprefix(CLIENT)
        account = custody.accounts.get(account_id)
        until = days.get(account.custodian) if account else None
        if until is not None and day <= until:
            shares[account_id, asset] += quantity
    balances = ledger.balances()
    return LedgerBook(
        opened=opened,
        lots=ledger.lots(),
        cash={a: balances.get((f"{CLIENT}{a}", CASH), Decimal(0)) for a in opened},
        at_custody_day={key: quantity for key, quantity in shares.items() if quantity},
    )


def _openings(connection: Connection) -> Mapping[str, date]:
    transaction = ledger_transaction.c
    query = (
        select(ledger_leg.c.book, transaction.trade_date)
        .join(ledger_transaction, transaction.transaction_id == ledger_leg.c.transaction_id)
        .where(is_rare(), transaction.kind == TransactionKind.OPENING.value)
        .where(ledger_leg.c.book.like(f"{CLIENT}%"))
    )
    return {book.removeprefix(CLIENT): day for book, day in connection.execute(query)}


def _master(
    connection: Connection,
    table: Table,
    files: Sequence[AcceptedFile],
    kind: str,
    build: Callable[..., _T],
) -> list[_T]:
    """The rows of the newest file of the firm's own of one kind."""
    return [
        build(**without_place(row), source=source)
        for source, row in rows_of(connection, table, newest_of(files, kind))
    ]


def _fact(*, about: str, **values: Any) -> Fact:
    return Fact(about=About(about), **values)


def _account(*, tax_status: str, **values: Any) -> Account:
    return Account(tax_status=TaxStatus(tax_status), **values)


def _models(connection: Connection, files: Sequence[AcceptedFile]) -> Mapping[str, ModelPortfolio]:
    """Models by id; a model's source is its first line."""
    weights: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    sources: dict[str, Source] = {}
    for source, row in rows_of(connection, book_model_weight, newest_of(files, "models")):
        weights[row["model_id"]][row["security_id"]] = row["weight"]
        sources.setdefault(row["model_id"], source)
    return {
        model_id: ModelPortfolio(model_id=model_id, weights=found, source=sources[model_id])
        for model_id, found in weights.items()
    }


def _prices(
    connection: Connection,
    files: Sequence[AcceptedFile],
    as_of: date,
    since: date = date.min,
) -> tuple[Closes, Mapping[str, Price]]:
    """Closes from one day up to another; where two files tell one, the newer counts."""
    told = [file for file in files if file.kind == "prices"]
    rank = {file.number: place for place, file in enumerate(told)}
    by_number = {file.number: file for file in told}
    c = book_price.c
    query = (
        select(c.security_id, c.day, c.close, c.file_number, c.line)
        .where(c.file_number.in_(rank))
        .where(c.day.between(since, as_of))
    )
    closes: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    latest: dict[str, tuple[date, int, int]] = {}
    for row in sorted(connection.execute(query).all(), key=lambda r: rank[r.file_number]):
        closes[row.security_id][row.day] = row.close
        if row.day >= latest.get(row.security_id, (date.min,))[0]:
            latest[row.security_id] = (row.day, row.file_number, row.line)
    prices = {
        security_id: Price(
            security_id=security_id,
            day=day,
            close=closes[security_id][day],
            source=by_number[number].source(line),
        )
        for security_id, (day, number, line) in latest.items()
    }
    return Closes(by_security=closes), prices


def _reported_day(
    connection: Connection, parts: Sequence[AcceptedFile], ids: Mapping[str, str]
) -> ReportedDay:
    custodian, code, as_of = parts[0].custodian, parts[0].code, parts[0].as_of
    assert custodian is not None
    assert code is not None
    assert as_of is not None

    def rows(table: Table, build: Any) -> tuple[Any, ...]:
        known = "identifier" in table.c
        return tuple(
            build(
                source=source,
                **without_place(row),
                **({"security_id": ids.get(row["identifier"])} if known else {}),
            )
            for source, row in rows_of(connection, table, parts)
        )

    return ReportedDay(
        custodian=custodian,
        code=code,
        as_of=as_of,
        positions=rows(custody_position, ReportedPosition),
        lots=rows(custody_lot, ReportedLot),
        cash=rows(custody_cash, ReportedCash),
    )


def _refusals(
    connection: Connection, newest: Mapping[str, date], as_of: date
) -> tuple[Refusal, ...]:
    """Refused files of positions that are newer than what was accepted, oldest first."""
    c = refused_file.c
    query = select(refused_file).where(c.kind == "positions", c.as_of <= as_of).order_by(c.number)
    found = []
    for row in connection.execute(query):
        if row.custodian is None or row.as_of <= newest.get(row.custodian, date.min):
            continue
        problems = decode(tuple[Problem, ...], row.problems)
        found.append(
            Refusal(
                file=row.name,
                custodian=row.custodian,
                as_of=row.as_of,
                sha256=row.sha256,
                problem_count=row.problem_count,
                first_line=problems[0].line,
                first_problem=str(problems[0]),
            )
        )
    return tuple(found)
