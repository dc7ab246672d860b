"""Wash sales of a household: found after a run's orders are allocated, and posted once.

A household's taxable accounts are one taxpayer, spouses together (26 USC 1091 with
267(b)); its retirement accounts replace shares but take no loss over (Rev. Rul. 2008-5).
What is substantially identical is the security master's word (`identical_to`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.accounts import Account, TaxStatus
from domain.exact import parse_decimal
from domain.facts import About
from domain.ports import UnitOfWork
from domain.postings import Transaction
from domain.snapshot import Snapshot
from domain.sold import sold_lots
from ledger import postings, wash_postings, wash_sales, wash_told
from ledger.wash_facts import WashFacts, traded
from ledger.wash_postings import Entry
from ledger.wash_sales import WINDOW, Taxpayer, WashSale
from ledger.wash_strands import Strand

ACTOR = "oms"
_REPORTED = frozenset(  # Findings of the quality checks on an account that a custodian reports.
    {
        "doubled_account",
        "lots_do_not_add_up",
        "negative_lot",
        "no_cash_reported",
        "not_taken_over",
        "unknown_security",
    }
)
LOSSES = 2 * WINDOW  # How far back a loss is asked about: the window, and as long for what is late.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A day's wash sales, and how far back the books are read for them."""

    snapshot: Snapshot
    day: date
    since: date


def post(
    uow: UnitOfWork, snapshot: Snapshot, *, run_id: UUID, trade_date: date, at: datetime
) -> tuple[Transaction, ...]:
    """Post what the last days' losses and purchases add up to; twice changes nothing.

    The whole ledger is read only where a loss turns out to have passed through older shares.
    """
    asked = _Question(snapshot=snapshot, day=trade_date, since=trade_date - LOSSES - WINDOW)
    found = _matched(uow, asked)
    if found is None:
        found = _matched(uow, replace(asked, since=date.min)) or ()
    entry = Entry(trade_date=trade_date, at=at, run_id=run_id, is_free=is_free(uow))
    posted = wash_postings.postings(found, entry)
    append(uow, posted, subject=run_id.hex, at=at)
    return posted


def take_back(
    uow: UnitOfWork, original: Transaction, *, trade_date: date, at: datetime
) -> Transaction:
    """Undo the wash sales that stand on an allocation which is about to be reversed.

    Gives the allocation with what it sold as that counts now: a reversal puts this back.
    """
    bought = frozenset(lot.lot_id for lot in original.opened)
    sale = original.transaction_id
    if not any(_stands_on(one, sale, bought) for one in uow.ledger.wash_sales()):
        return original
    known = uow.ledger.all()
    names = {found.security_id for one in known for found in one.disallowed}
    names |= {lot.security_id for one in known if one.disallowed for lot in one.opened}
    facts = facts_of(uow, known, names, is_all=True)
    entry = Entry(trade_date=trade_date, at=at, run_id=original.run_id, is_free=is_free(uow))
    posted = wash_postings.taken_back(facts.strands(), original.transaction_id, bought, entry)
    append(uow, posted, subject=original.transaction_id, at=at)
    standing = sold_lots((*known, *posted))
    sold = tuple(r for (sale, _), r in standing.items() if sale == original.transaction_id)
    return replace(original, relieved=sold)


def identity(snapshot: Snapshot) -> Callable[[str], str]:
    """One id for all securities that are substantially identical.

    Contracts and options to acquire a name count with it (26 USC 1091(a)).
    """
    first, of = _told(snapshot, "identical_to"), _told(snapshot, "underlying")

    def same(security_id: str) -> str:
        name = of.get(security_id, security_id)
        return first.get(name, name)

    return same


def units_of(snapshot: Snapshot) -> Mapping[str, Decimal]:
    """The shares that one of a derivative stands for."""
    multiplier = _told(snapshot, "multiplier")
    return {
        security_id: parse_decimal(multiplier.get(security_id, "1"))
        for security_id in _told(snapshot, "underlying")
    }


def _told(snapshot: Snapshot, name: str) -> Mapping[str, str]:
    """The securities' facts of one name."""
    return {
        fact.subject: fact.value
        for fact in snapshot.facts
        if fact.about is About.SECURITY and fact.name == name and fact.value
    }


def _stands_on(posted: Transaction, sale: str, bought: frozenset[str]) -> bool:
    return any(one.sale == sale or one.replacement in bought for one in posted.disallowed) or any(
        one.sale == sale for one in posted.restated
    )


def _matched(uow: UnitOfWork, asked: _Question) -> tuple[WashSale, ...] | None:
    """The household's wash sales that are not posted yet; None when more must be read to tell."""
    book = asked.snapshot
    known = _known(uow, asked.since)
    taxable = frozenset(a.account_id for a in book.accounts if a.tax_status is TaxStatus.TAXABLE)
    names = _names(known, asked, taxable)
    facts = facts_of(uow, known, names, is_all=asked.since == date.min, units=units_of(book))
    strands = _of_households(asked, facts, taxable, _away(uow, book))
    found: list[WashSale] = []
    for owner in _taxpayers(book.accounts):
        mine = strands[owner]
        matched = wash_sales.match(
            mine,
            owner,
            identity(book),
            since=asked.since,
            losses_since=asked.day - LOSSES,
        )
        if not matched.is_complete:
            return None
        found += matched.found
    return tuple(found)


def _of_households(
    asked: _Question, facts: WashFacts, taxable: frozenset[str], away: frozenset[str]
) -> Mapping[Taxpayer, list[Strand]]:
    """Whose shares lie in which strands."""
    book = asked.snapshot
    owner_of = {
        account_id: owner
        for owner in _taxpayers(book.accounts)
        for account_id in owner.taxable | owner.retirement
    }
    found: defaultdict[Taxpayer, list[Strand]] = defaultdict(list)
    for strand in (
        *(one for one in facts.strands() if one.tail.account_id in taxable),
        *facts.outside(frozenset(owner_of) - taxable),
        *wash_told.losses(book.past_trades, facts, taxable),
        *wash_told.purchases(book.past_trades, facts, away & frozenset(owner_of)),
    ):
        found[owner_of[strand.tail.account_id]].append(strand)
    return found


def _taxpayers(accounts: Iterable[Account]) -> tuple[Taxpayer, ...]:
    members: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for account in accounts:
        is_taxable = account.tax_status is TaxStatus.TAXABLE
        members[account.household_id][0 if is_taxable else 1].add(account.account_id)
    return tuple(
        Taxpayer(taxable=frozenset(own), retirement=frozenset(retirement))
        for _, (own, retirement) in sorted(members.items())
    )


def _known(uow: UnitOfWork, since: date) -> tuple[Transaction, ...]:
    """All since a day, and the wash sales of before it."""
    if since == date.min:
        return uow.ledger.all()
    recent = uow.ledger.since(since)
    earlier = (one for one in uow.ledger.wash_sales() if one.trade_date < since)
    return (*earlier, *recent)


def _names(known: Sequence[Transaction], asked: _Question, taxable: frozenset[str]) -> set[str]:
    """What is identical to something that a taxable account sold at a loss lately."""
    same = identity(asked.snapshot)
    first = asked.day - LOSSES
    days = {one.transaction_id: traded(one) for one in known}
    lost = {
        same(relief.security_id)
        for (sale, _), relief in sold_lots(known).items()
        if relief.gain < 0 and relief.account_id in taxable and days.get(sale, date.min) >= first
    }
    lost |= {
        same(trade.security_id)
        for trade in asked.snapshot.past_trades
        if trade.gain is not None and trade.gain < 0 and trade.account_id in taxable
    }
    listed = {security.security_id for security in asked.snapshot.securities}
    return {security_id for security_id in listed if same(security_id) in lost}


def facts_of(
    uow: UnitOfWork,
    known: Sequence[Transaction],
    names: Iterable[str],
    *,
    is_all: bool,
    units: Mapping[str, Decimal] | None = None,
) -> WashFacts:
    """The books' facts about some securities, out of transactions that were read."""
    ordered = sorted(names)
    return WashFacts(
        known,
        [lot for name in ordered for lot in uow.ledger.lots(None, name)],
        {name: uow.ledger.splits(name) for name in ordered},
        is_all=is_all,
        units=units,
    )


def _away(uow: UnitOfWork, book: Snapshot) -> frozenset[str]:
    """Accounts that only a custodian's trades tell of: our ledger has none of their lots.

    Those that a custodian reports faultily, or in a file that was refused, are awaited: what they
    bought serves once their lots are ours.
    """
    told = {trade.account_id for trade in book.past_trades if trade.source is not None}
    return frozenset(
        name
        for name in sorted(told - _awaited(book))
        if uow.ledger.get(postings.opening_id(name)) is None
    )


def _awaited(book: Snapshot) -> frozenset[str]:
    lines = {account.account_id: account.source for account in book.accounts}
    return frozenset(
        one.account_id
        for one in book.findings
        if one.account_id is not None
        and (
            one.check in _REPORTED
            or (one.check == "no_positions" and one.source != lines.get(one.account_id))
        )
    )


def is_free(uow: UnitOfWork) -> Callable[[str], bool]:
    """Tells whether the ledger has no transaction of an id."""
    return lambda name: uow.ledger.get(name) is None


def append(uow: UnitOfWork, posted: Iterable[Transaction], *, subject: str, at: datetime) -> None:
    """Wash sales, with an entry of the audit trail for each."""
    for transaction in posted:
        uow.ledger.append(transaction)
        uow.audit.append(
            at=at,
            actor=ACTOR,
            kind="wash_sale_posted",
            subject=subject,
            body={"transaction": transaction.transaction_id, "memo": transaction.memo},
        )
