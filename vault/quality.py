"""Quality: what is wrong with the book, account by account, in an operator's words.

Pure: a book in, findings out. A finding that names an account puts it in
quarantine; faults of custody also keep it from being taken over at all.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from domain.exact import plain
from domain.instruments import CASH, LEAST_HISTORY_DAYS
from domain.snapshot import Finding
from domain.sources import Source
from vault.book import Book, CustodyBook
from vault.reported import ReportedDay, ReportedLot, ReportedPosition

STALE_AFTER_WEEKDAYS = 3
FROZEN_AFTER_DAYS = 6  # As many equal closes in a row mean that the feed stands still.
JUMP = Decimal("0.25")  # A larger move in one day waits for a second close near it.


def findings(book: Book) -> tuple[Finding, ...]:
    """Everything that is wrong, by account."""
    faulty = tuple(custody_faults(book.custody))
    found = [
        *faulty,
        *_not_taken_over(book, {finding.account_id for finding in faulty}),
        *_ledger_disagrees(book),
        *_broken_references(book),
        *_bad_prices(book),
    ]
    return tuple(sorted(found, key=lambda f: (f.account_id or "", f.check, f.message)))


def custody_faults(book: CustodyBook) -> Iterator[Finding]:
    """What keeps an account from being taken over from its custodian's files."""
    yield from _doubled_or_strange(book)
    for day in book.days:
        yield from rows_at_fault(day)
    yield from _unreported(book)


def own_day(book: CustodyBook, account_id: str) -> ReportedDay | None:
    """The newest report of the custodian at which the account is registered."""
    account = book.accounts.get(account_id)
    return next((d for d in book.days if account and d.custodian == account.custodian), None)


def _finding(check: str, account_id: str | None, message: str, source: Source | None) -> Finding:
    return Finding(check=check, account_id=account_id, message=message, source=source)


def _doubled_or_strange(book: CustodyBook) -> Iterator[Finding]:
    places: defaultdict[str, list[tuple[str, Source]]] = defaultdict(list)
    for day in book.days:
        for account, source in day.first_lines().items():
            places[account].append((day.custodian, source))
    for account, told in sorted(places.items()):
        if len(told) > 1:
            where = " and ".join(f"{custodian} ({source})" for custodian, source in told)
            message = f"account {account} is in the files of {where}: only one can hold it"
            yield _finding("doubled_account", account, message, told[1][1])
        if account not in book.accounts:
            message = (
                f"{told[0][0]} reports account {account} ({told[0][1]}),"
                " which is not in accounts.csv: register it there"
            )
            yield _finding("unregistered_account", account, message, told[0][1])


def rows_at_fault(day: ReportedDay) -> Iterator[Finding]:
    """Unknown securities, negative rows, positions that are not the sum of their lots."""
    told: tuple[ReportedPosition | ReportedLot, ...] = (*day.positions, *day.lots)
    for row in told:
        if row.quantity <= 0:
            message = (
                f"{day.custodian} reports {plain(row.quantity)} shares of {row.identifier}"
                f" ({row.source}): a holding is above zero; ask the custodian"
            )
            yield _finding("negative_lot", row.account_id, message, row.source)
    lots: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    positions: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rows: dict[tuple[str, str], ReportedPosition | ReportedLot] = {}
    for row in told:
        key = (row.account_id, row.security_id or row.identifier)
        rows.setdefault(key, row)
        (lots if isinstance(row, ReportedLot) else positions)[key] += row.quantity
    for key, row in sorted(rows.items()):
        if row.security_id is None:
            message = (
                f"{day.custodian} reports {plain(row.quantity)} shares of {row.identifier}"
                f" ({row.source}), which the security master does not have: add it there"
            )
            yield _finding("unknown_security", row.account_id, message, row.source)
        if positions[key] != lots[key]:
            message = (
                f"{day.custodian} reports {plain(positions[key])} shares of {row.identifier}, but"
                f" its lots add up to {plain(lots[key])} ({row.source}): ask the custodian"
            )
            yield _finding("lots_do_not_add_up", row.account_id, message, row.source)


def _unreported(book: CustodyBook) -> Iterator[Finding]:
    """Registered accounts of which their custodian's accepted files say nothing, or no cash."""
    cash = {(day.custodian, row.account_id) for day in book.days for row in day.cash}
    lines = {day.custodian: day.first_lines() for day in book.days}
    for account_id, account in sorted(book.accounts.items()):
        told = lines.get(account.custodian, {})
        if account_id in told:
            if (account.custodian, account_id) not in cash:
                message = f"{account.custodian} reports no cash of account {account_id}"
                yield _finding("no_cash_reported", account_id, message, told[account_id])
            continue
        message = f"no accepted file of {account.custodian} has account {account_id}"
        refused = [r for r in book.refusals if r.custodian == account.custodian]
        if refused:
            last = refused[-1]
            message += (
                f": {last.file} was refused for {last.problem_count} bad lines,"
                f" the first: {last.first_problem}"
            )
        source = refused[-1].source if refused else account.source
        yield _finding("no_positions", account_id, message, source)


def _not_taken_over(book: Book, faulty: set[str | None]) -> Iterator[Finding]:
    for account_id, account in sorted(book.custody.accounts.items()):
        if account_id not in book.ledger.opened and account_id not in faulty:
            message = f"account {account_id} is not in our ledger yet: take it over first"
            yield _finding("not_taken_over", account_id, message, account.source)


def _ledger_disagrees(book: Book) -> Iterator[Finding]:
    """The custodian's newest day against our ledger as of that day."""
    lines = {day.custodian: day.first_lines() for day in book.custody.days}
    told = {day.custodian: _holdings(day) for day in book.custody.days}
    booked: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for (account_id, asset), quantity in book.ledger.at_custody_day.items():
        booked[account_id][asset] = quantity
    for account_id, opened in sorted(book.ledger.opened.items()):
        day = own_day(book.custody, account_id)
        if day is None or day.as_of < opened or account_id not in lines[day.custodian]:
            continue
        theirs, ours = told[day.custodian].get(account_id, {}), booked[account_id]
        for asset in sorted({*theirs, *ours}):
            mine = ours.get(asset, Decimal(0))
            quantity, source = theirs.get(asset, (Decimal(0), None))
            if mine != quantity:
                what = "cash" if asset == CASH else f"shares of {_symbol(book, asset)}"
                message = (
                    f"on {day.as_of} {day.custodian} has {plain(quantity)} {what},"
                    f" our ledger {plain(mine)}: reconcile them"
                )
                yield _finding("ledger_disagrees", account_id, message, source)


def _holdings(day: ReportedDay) -> dict[str, dict[str, tuple[Decimal, Source | None]]]:
    """Shares and cash by account and asset, each with the last line that tells of it."""
    told = [(row.account_id, row.security_id, row.quantity, row.source) for row in day.positions]
    told += [(row.account_id, CASH, row.amount, row.source) for row in day.cash]
    found: defaultdict[str, dict[str, tuple[Decimal, Source | None]]] = defaultdict(dict)
    for account_id, asset, quantity, source in told:
        if asset:
            so_far, _ = found[account_id].get(asset, (Decimal(0), None))
            found[account_id][asset] = (so_far + quantity, source)
    return found


def _broken_references(book: Book) -> Iterator[Finding]:
    """A replaced file may have dropped a model or a mandate that accounts still name."""
    for account in book.custody.accounts.values():
        for what, name, there in (
            ("model", account.model_id, book.models),
            ("mandate", account.mandate_id, book.mandates),
        ):
            if name not in there:
                message = f"account {account.account_id} names {what} {name}, which is gone"
                yield _finding("reference_missing", account.account_id, message, account.source)


def _bad_prices(book: Book) -> Iterator[Finding]:
    """Securities whose price nobody should trade on, told to every account that would."""
    concerned = _concerned(book)
    days = book.closes.days()
    for security_id in sorted(book.securities):
        problem = _price_problem(book, security_id, days)
        if problem is None:
            continue
        check, message = problem
        price = book.prices.get(security_id)
        source = price.source if price else book.securities[security_id].source
        accounts: list[str | None] = [*sorted(concerned[security_id])]
        for account in accounts or [None]:
            yield _finding(check, account, message, source)


def _price_problem(book: Book, security_id: str, days: tuple[date, ...]) -> tuple[str, str] | None:
    """The check that a security's closes fail, and the sentence."""
    closes = book.closes.by_security.get(security_id, {})
    symbol = _symbol(book, security_id)
    if not closes:
        return "no_price", f"{symbol} has no price at all: send prices.csv with it"
    told = sorted(closes)
    last = closes[told[-1]]
    age = _weekdays_between(told[-1], book.as_of)
    if age > STALE_AFTER_WEEKDAYS:
        return "stale_price", (
            f"the last price of {symbol} is {plain(last)} of {told[-1]}, {age} weekdays"
            f" before {book.as_of}: {STALE_AFTER_WEEKDAYS} are allowed"
        )
    recent = [closes[day] for day in told[-FROZEN_AFTER_DAYS:]]
    if len(recent) == FROZEN_AFTER_DAYS and len(set(recent)) == 1:
        return "stale_price", (
            f"the price of {symbol} has stood at {plain(last)} for {FROZEN_AFTER_DAYS} days"
            f" up to {told[-1]}: the feed stands still"
        )
    if len(told) > 1 and abs(last / closes[told[-2]] - 1) > JUMP:
        move = (last / closes[told[-2]] - 1) * 100
        return "jumping_price", (
            f"{symbol} went from {plain(closes[told[-2]])} to {plain(last)} ({move:+.1f} %)"
            f" on {told[-1]}: over {JUMP:.0%} waits for a second close near it"
        )
    return _history_problem(symbol, closes, days, may_lack=book.handles_gaps)


def _history_problem(
    symbol: str, closes: Mapping[date, Decimal], days: tuple[date, ...], *, may_lack: bool
) -> tuple[str, str] | None:
    """Why the risk of a security cannot be estimated."""
    if len(days) < LEAST_HISTORY_DAYS:
        return "short_history", (
            f"there are closes of {len(days)} days, and the risk of {symbol} is estimated from"
            f" {LEAST_HISTORY_DAYS} at least: send more in prices.csv"
        )
    missing = [day for day in days if day not in closes]
    if missing and not may_lack:
        return "incomplete_history", (
            f"{symbol} has no price on {len(missing)} of {len(days)} days, the last {missing[-1]}:"
            " its risk cannot be estimated"
        )
    return None


def _concerned(book: Book) -> defaultdict[str, set[str]]:
    """Accounts by each security that they hold or that their model wants."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for account_id, account in book.custody.accounts.items():
        model = book.models.get(account.model_id)
        for security_id in model.weights if model else ():
            found[security_id].add(account_id)
    for day in book.custody.days:
        for position in day.positions:
            registered = book.custody.accounts.get(position.account_id)
            if position.security_id and registered and registered.custodian == day.custodian:
                found[position.security_id].add(position.account_id)
    for lot in book.ledger.lots:
        found[lot.security_id].add(lot.account_id)
    return found


def _symbol(book: Book, security_id: str) -> str:
    security = book.securities.get(security_id)
    return security.symbol if security else security_id


def _weekdays_between(earlier: date, later: date) -> int:
    """Mondays to Fridays after `earlier`, up to and with `later`."""
    span = (later - earlier).days
    return sum(1 for n in range(1, span + 1) if (earlier + timedelta(days=n)).weekday() < 5)
