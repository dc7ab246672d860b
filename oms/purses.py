"""Purses: what each account may spend before a wave of buys."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.exact import ZERO
from domain.orders import Side
from domain.ports import UnitOfWork
from domain.snapshot import Snapshot
from ledger.positions import cash as cash_of
from oms.exposure import exposure
from oms.funding import Purse


def purses(
    uow: UnitOfWork,
    snapshot: Snapshot,
    account_ids: Sequence[str],
    exempt: frozenset[str],
    collar: Decimal,
) -> dict[str, Purse]:
    """What each account may spend now: its booked cash, less what is spoken for.

    Spoken for are withdrawals that are due, and buys at work (without the orders in
    `exempt`) at the worst price that they may pay. The floor is the mandate's, of the
    snapshot's NAV. `collar` is how far a buy without a limit may go, as a fraction.
    """
    cash = cash_of(uow.ledger.balances())
    at_work = _at_work(uow, exempt, collar)
    due: defaultdict[str, Decimal] = defaultdict(Decimal)
    for flow in snapshot.flows:
        due[flow.account_id] += min(ZERO, flow.amount)
    floors = _floors(snapshot)
    found: dict[str, Purse] = {}
    for account in account_ids:
        free = cash.get(account, ZERO) + due[account] - at_work.get(account, ZERO)
        found[account] = Purse(expected=free - floors.get(account, ZERO), worst=free)
    return found


def _at_work(uow: UnitOfWork, exempt: frozenset[str], collar: Decimal) -> dict[str, Decimal]:
    """Dollars that buys at work may still take, by account, at their worst prices."""
    reserved: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in uow.orders.open():
        intent = order.intent
        if intent.side is Side.SELL or intent.cl_ord_id in exempt:
            continue
        for account, dollars in exposure(order, collar).items():
            reserved[account] += dollars
    return dict(reserved)


def _floors(snapshot: Snapshot) -> Mapping[str, Decimal]:
    """The least cash of each account, in dollars: the mandate's minimum of its NAV."""
    prices = {price.security_id: price.close for price in snapshot.prices}
    worth: defaultdict[str, Decimal] = defaultdict(Decimal)
    for lot in snapshot.lots:
        worth[lot.account_id] += lot.quantity * prices.get(lot.security_id, ZERO)
    for balance in snapshot.cash:
        worth[balance.account_id] += balance.amount
    mandates = {mandate.mandate_id: mandate for mandate in snapshot.mandates}
    return {
        account.account_id: mandates[account.mandate_id].cash.minimum * worth[account.account_id]
        for account in snapshot.accounts
        if account.mandate_id in mandates
    }
