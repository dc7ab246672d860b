"""Wash sales over the household: a loss is lost when the name is bought within 30 days.

26 USC 1091 looks 30 days back and 30 days ahead, and the Service looks over a
family's accounts and IRAs (Rev. Rul. 2008-5). So, for every account of a household:
a name that any taxable account of it sold at a loss in the last 30 days may not be
bought, and a name that any account of it bought in the last 30 days may not be sold
at a loss. Within one run the household is a unit: see `households`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from domain.accounts import Account, TaxStatus
from domain.orders import Side
from domain.proposals import AccountProposal
from domain.snapshot import PastTrade, Snapshot
from optimizer.constraints import CLIENT_LOCK
from optimizer.values import AccountProblem, Lock, Market

WINDOW = timedelta(days=30)
LABEL = "wash sale"


def past_of_households(snapshot: Snapshot) -> dict[str, list[tuple[Account, PastTrade]]]:
    """What each household traded before, by household id, with whose trade it was."""
    accounts = {account.account_id: account for account in snapshot.accounts}
    found: defaultdict[str, list[tuple[Account, PastTrade]]] = defaultdict(list)
    for trade in snapshot.past_trades:
        if account := accounts.get(trade.account_id):
            found[account.household_id].append((account, trade))
    return dict(found)


def past_locks(
    past: Iterable[tuple[Account, PastTrade]], as_of: date, index: dict[str, int]
) -> tuple[frozenset[int], tuple[Lock, ...]]:
    """Names that may not be sold at a loss, and locks on names that may not be bought.

    `past` is what the account's household traded before.
    """
    bought, lost = set(), set()
    for member, trade in past:
        name = index.get(trade.security_id)
        if name is None or as_of - trade.day > WINDOW:
            continue
        taxable, now = member.tax_status is TaxStatus.TAXABLE, trade.now
        if trade.side is Side.BUY and now.left > 0:
            bought.add(name)
        elif taxable and now.gain is not None and now.gain < 0:
            lost.add(name)
    return frozenset(bought), buy_locks(lost)


def buy_locks(names: set[int]) -> tuple[Lock, ...]:
    """Locks that keep `names` from being bought."""
    return tuple(
        Lock(label=LABEL, name=name, side=Side.BUY, maximum=0.0, relaxation_price=CLIENT_LOCK)
        for name in sorted(names)
    )


def locked(problem: AccountProblem, *, lost: set[int], bought: set[int]) -> AccountProblem:
    """The problem with what its household did in this run: sold at a loss, bought."""
    return replace(
        problem,
        locks=(*problem.locks, *buy_locks(lost)),
        loss_locked=problem.loss_locked | bought,
    )


def bought_names(market: Market, proposal: AccountProposal) -> set[int]:
    """Names that the proposal buys."""
    ids = {trade.security_id for trade in proposal.trades if trade.side is Side.BUY}
    return {name for name, security_id in enumerate(market.security_ids) if security_id in ids}


def loss_names(market: Market, problem: AccountProblem, proposal: AccountProposal) -> set[int]:
    """Names of which the proposal sells a lot at a loss that counts for tax."""
    losses = {lot.lot_id for lots in problem.lots for lot in lots if lot.is_loss}
    ids = {trade.security_id for trade in proposal.trades if losses.intersection(trade.lot_ids)}
    return {name for name, security_id in enumerate(market.security_ids) if security_id in ids}
