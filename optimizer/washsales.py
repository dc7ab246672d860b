"""Wash sales over the household: a loss is lost when the name is bought within 30 days.

26 USC 1091 looks 30 days back and 30 days ahead, and the Service looks over a
family's accounts and IRAs (Rev. Rul. 2008-5). So, for every account of a household:
a name that any taxable account of it sold at a loss in the last 30 days may not be
bought, and a name that any account of it bought in the last 30 days may not be sold
at a loss. Within one run the household is a unit: see `households`.
"""

from dataclasses import replace
from datetime import timedelta

from domain.accounts import Account, TaxStatus
from domain.orders import Side
from domain.proposals import AccountProposal
from domain.snapshot import Snapshot
from optimizer.constraints import CLIENT_LOCK
from optimizer.values import AccountProblem, Lock, Market

WINDOW = timedelta(days=30)
LABEL = "wash sale"


def past_locks(
    snapshot: Snapshot, account: Account, index: dict[str, int]
) -> tuple[frozenset[int], tuple[Lock, ...]]:
    """Names that may not be sold at a loss, and locks on names that may not be bought."""
    household = {
        member.account_id: member.tax_status is TaxStatus.TAXABLE
        for member in snapshot.accounts
        if member.household_id == account.household_id
    }
    bought, lost = set(), set()
    for trade in snapshot.past_trades:
        age = snapshot.as_of - trade.day
        name = index.get(trade.security_id)
        if trade.account_id not in household or name is None or age > WINDOW:
            continue
        if trade.side is Side.BUY:
            bought.add(name)
        elif household[trade.account_id] and trade.gain is not None and trade.gain < 0:
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
