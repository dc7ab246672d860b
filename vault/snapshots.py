"""Taking a snapshot: holdings by our own ledger, all else by the newest accepted files."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Connection, select

from domain.instruments import PriceHistory
from domain.orders import Side
from domain.postings import Relief, Transaction, TransactionKind
from domain.snapshot import CashBalance, PastTrade, Snapshot
from domain.sold import sold_lots
from domain.sources import Source
from vault.book import Book
from vault.book_read import read_book
from vault.quality import findings
from vault.schema import ledger_transaction

WASH_SALE_DAYS = 31  # 26 USC 1091 looks 30 days back; one more for orders that fill tomorrow.
_TRADES = (
    TransactionKind.ALLOCATION,
    TransactionKind.ALLOCATION_REVERSAL,
    TransactionKind.WASH_SALE,
)
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def take(connection: Connection, as_of: date) -> Snapshot:
    """The book as of one day, with what is wrong with it. Reads only."""
    book = read_book(connection, as_of)
    since = as_of - timedelta(days=WASH_SALE_DAYS)
    past = [*_custodians_trades(book, since), *_our_trades(connection, since, as_of)]
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


def _custodians_trades(book: Book, since: date) -> Iterator[PastTrade]:
    """Trades told by custodians, up to the day from which our own ledger knows them."""
    for told in book.transactions:
        opened = book.ledger.opened.get(told.account_id)
        if told.kind not in _SIDES or told.day < since or (opened and told.day > opened):
            continue
        if told.security_id is None or told.quantity is None:
            continue
        yield PastTrade(
            account_id=told.account_id,
            security_id=told.security_id,
            side=_SIDES[told.kind],
            quantity=abs(told.quantity),
            day=told.day,
            gain=told.gain if told.kind == "sell" else None,
            source=told.source,
        )


def _our_trades(connection: Connection, since: date, as_of: date) -> Iterator[PastTrade]:
    """Our own allocations that stand: each lot opened a purchase, each relief a sale.

    A sale that a wash sale has restated gained what it counts now.
    """
    table = ledger_transaction.c
    query = (
        select(table.value)
        .where(table.kind.in_([kind.value for kind in _TRADES]))
        .where(table.trade_date.between(since, as_of))
        .order_by(table.number)
    )
    told: list[Transaction] = list(connection.execute(query).scalars())
    undone = {transaction.reverses for transaction in told}
    sold: defaultdict[str, list[Relief]] = defaultdict(list)
    for (sale, _), relief in sold_lots(told).items():
        sold[sale].append(relief)
    for transaction in told:
        if (
            transaction.kind is not TransactionKind.ALLOCATION
            or transaction.transaction_id in undone
        ):
            continue
        for lot in transaction.opened:
            yield PastTrade(
                account_id=lot.account_id,
                security_id=lot.security_id,
                side=Side.BUY,
                quantity=lot.quantity,
                day=transaction.trade_date,
                gain=None,
                source=lot.source,
            )
        for relief in sold[transaction.transaction_id]:
            yield PastTrade(
                account_id=relief.account_id,
                security_id=relief.security_id,
                side=Side.SELL,
                quantity=relief.quantity,
                day=transaction.trade_date,
                gain=relief.gain,
                source=None,
            )


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
