"""Taking a snapshot: holdings by our own ledger, all else by the newest accepted files."""

from datetime import date, timedelta

from sqlalchemy import Connection

from domain.instruments import PriceHistory
from domain.snapshot import CashBalance, PastTrade, Snapshot
from domain.sources import Source
from vault.book import Book
from vault.book_read import read_book
from vault.past_trades import past_trades
from vault.quality import findings

WASH_SALE_DAYS = 31  # 26 USC 1091 looks 30 days back; one more for orders that fill tomorrow.


def take(connection: Connection, as_of: date) -> Snapshot:
    """The book as of one day, with what is wrong with it. Reads only."""
    book = read_book(connection, as_of)
    since = as_of - timedelta(days=WASH_SALE_DAYS)
    past = past_trades(connection, book, since)
    return Snapshot(
        as_of=as_of,
        securities=tuple(book.securities[key] for key in sorted(book.securities)),
        prices=tuple(book.prices[key] for key in sorted(book.prices)),
        history=_history(book),
        models=tuple(book.models[key] for key in sorted(book.models)),
        mandates=tuple(book.mandates[key] for key in sorted(book.mandates)),
        accounts=tuple(book.custody.accounts[key] for key in sorted(book.custody.accounts)),
        lots=tuple(sorted(book.ledger.lots, key=lambda lot: lot.lot_id)),
        cash=_cash(book),
        flows=tuple(sorted(book.flows, key=lambda flow: (flow.account_id, flow.due, flow.why))),
        past_trades=tuple(sorted(past, key=_trade_order)),
        restrictions=tuple(
            sorted(book.restrictions, key=lambda r: (r.security_id, r.household_id))
        ),
        findings=findings(book),
        facts=tuple(sorted(book.facts, key=lambda f: (f.about, f.subject, f.name, f.of))),
    )


def _history(book: Book) -> PriceHistory:
    """The closes of every security that has one on every day, or on any where gaps are handled."""
    days = book.closes.days()
    enough = any if book.handles_gaps else all
    told = [
        security_id
        for security_id in sorted(book.securities)
        if enough(day in book.closes.by_security.get(security_id, {}) for day in days)
    ]
    return PriceHistory(
        security_ids=tuple(told),
        days=days,
        closes=tuple(
            tuple(book.closes.by_security[security_id].get(day) for day in days)
            for security_id in told
        ),
    )


def _cash(book: Book) -> tuple[CashBalance, ...]:
    """Cash by our ledger; its source is the custodian's line that it started from."""
    sources: dict[tuple[str, str], Source] = {}
    for day in book.custody.days:
        for row in day.cash:
            sources.setdefault((day.custodian, row.account_id), row.source)
    found = []
    for account_id, amount in sorted(book.ledger.cash.items()):
        account = book.custody.accounts.get(account_id)
        source = sources.get((account.custodian, account_id)) if account else None
        found.append(CashBalance(account_id=account_id, amount=amount, source=source))
    return tuple(found)


def _trade_order(trade: PastTrade) -> tuple[object, ...]:
    source = (trade.source.file, trade.source.line) if trade.source else ("", 0)
    return (
        trade.account_id,
        trade.security_id,
        trade.day,
        trade.side,
        trade.quantity,
        trade.gain is not None,
        trade.gain or 0,
        source,
    )
