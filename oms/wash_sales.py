"""Wash sales of a household: found after a run's orders are allocated, and posted once.

A household's taxable accounts are one taxpayer, spouses together (26 USC 1091 with
267(b)); its retirement accounts replace shares but take no loss over (Rev. Rul. 2008-5).
What is substantially identical is the security master's word (`identical_to`).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from domain.accounts import Account, TaxStatus
from domain.facts import About
from domain.lots import TaxLot
from domain.ports import UnitOfWork
from domain.postings import Transaction
from domain.snapshot import Snapshot
from ledger import wash_sales
from ledger.wash_sales import Loss

ACTOR = "oms"


def post(
    uow: UnitOfWork, snapshot: Snapshot, *, run_id: UUID, trade_date: date, at: datetime
) -> tuple[Transaction, ...]:
    """Post what the last days' losses and purchases add up to; twice changes nothing."""
    known = uow.ledger.since(trade_date - wash_sales.WINDOW)
    taxable = frozenset(
        account.account_id
        for account in snapshot.accounts
        if account.tax_status is TaxStatus.TAXABLE
    )
    losses = (
        *wash_sales.losses_of(known, taxable),
        *wash_sales.losses_told(snapshot.past_trades, known, taxable),
    )
    same = identity(snapshot)
    lots = _lots(uow, {same(loss.security_id) for loss in losses}, snapshot, same)
    posted: list[Transaction] = []
    for members, own in _households(snapshot.accounts, losses):
        retirement = frozenset(
            a.account_id for a in members if a.tax_status is not TaxStatus.TAXABLE
        )
        bought = {lot.lot_id: lot for lot in wash_sales.bought_by(known, retirement)}
        standing = [lot for account in members for lot in lots[account.account_id]]
        found = wash_sales.match(
            own,
            [*bought.values(), *(lot for lot in standing if lot.lot_id not in bought)],
            retirement,
            wash_sales.served(known),
            same,
        )
        posted += wash_sales.postings(found, trade_date=trade_date, at=at, run_id=run_id)
    for transaction in posted:
        uow.ledger.append(transaction)
        uow.audit.append(
            at=at,
            actor=ACTOR,
            kind="wash_sale_posted",
            subject=run_id.hex,
            body={"transaction": transaction.transaction_id, "memo": transaction.memo},
        )
    return tuple(posted)


def identity(snapshot: Snapshot) -> Callable[[str], str]:
    """One id for all securities that are substantially identical."""
    first = {
        fact.subject: fact.value
        for fact in snapshot.facts
        if fact.about is About.SECURITY and fact.name == "identical_to" and fact.value
    }
    return lambda security_id: first.get(security_id, security_id)


def _households(
    accounts: Sequence[Account], losses: Sequence[Loss]
) -> list[tuple[list[Account], list[Loss]]]:
    """Each household that lost something, with its accounts and its losses."""
    members: defaultdict[str, list[Account]] = defaultdict(list)
    home = {account.account_id: account.household_id for account in accounts}
    for account in accounts:
        members[account.household_id].append(account)
    own: defaultdict[str, list[Loss]] = defaultdict(list)
    for loss in losses:
        own[home[loss.account_id]].append(loss)
    return [(members[household], own[household]) for household in sorted(own)]


def _lots(
    uow: UnitOfWork, names: set[str], snapshot: Snapshot, same: Callable[[str], str]
) -> Mapping[str, list[TaxLot]]:
    """The open lots of what was lost, by account."""
    found: defaultdict[str, list[TaxLot]] = defaultdict(list)
    securities = {security.security_id for security in snapshot.securities}
    for security_id in sorted(s for s in securities if same(s) in names):
        for lot in uow.ledger.lots(None, security_id):
            found[lot.account_id].append(lot)
    return found
