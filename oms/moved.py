"""Moved: accounts that are no longer what the run decided on.

A run may wait hours for its approval while another one trades the same account.
Its trades were right for the holdings of its snapshot; on other holdings they
would sell shares that are gone or buy what was bought already.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from domain.exact import plain
from domain.lots import TaxLot
from domain.ports import UnitOfWork
from domain.snapshot import Snapshot

_Holdings = defaultdict[str, defaultdict[str, Decimal]]  # Shares by account and security.


def moved(
    uow: UnitOfWork, run_id: UUID, account_ids: Iterable[str], snapshot: Snapshot
) -> dict[str, str]:
    """Why each of these accounts must not trade for this run, by account; those that may are out.

    What the run itself traded does not count.
    """
    wanted = frozenset(account_ids)
    symbols = {security.security_id: security.symbol for security in snapshot.securities}
    before = _add_up(lot for lot in snapshot.lots if lot.account_id in wanted)
    now = _without_the_run(uow, run_id, wanted)
    found = _at_work_elsewhere(uow, run_id, wanted)
    for account in sorted(wanted - found.keys()):
        for security_id in sorted({*before[account], *now[account]}):
            then, held = before[account][security_id], now[account][security_id]
            if then != held:
                symbol = symbols.get(security_id, security_id)
                found[account] = (
                    f"{account} held {plain(then)} {symbol} when the run looked and holds "
                    f"{plain(held)} now: rebalance it anew"
                )
                break
    return found


def _at_work_elsewhere(uow: UnitOfWork, run_id: UUID, wanted: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for order in uow.orders.open():
        if order.intent.run_id == run_id:
            continue
        for part in order.intent.allocations:
            if part.account_id in wanted:
                name, other = order.intent.cl_ord_id, order.intent.run_id.hex
                found[part.account_id] = (
                    f"{part.account_id} has order {name} of run {other} at work: "
                    "rebalance it anew once that has ended"
                )
    return found


def _without_the_run(uow: UnitOfWork, run_id: UUID, wanted: frozenset[str]) -> _Holdings:
    """What the accounts would hold by their lots, had the run not traded."""
    held = _add_up(lot for account in wanted for lot in uow.ledger.lots(account))
    for transaction in uow.ledger.of_run(run_id):
        for opened in transaction.opened:
            held[opened.account_id][opened.security_id] -= opened.quantity
        for relief in transaction.relieved:
            held[relief.account_id][relief.security_id] += relief.quantity
    return held


def _add_up(lots: Iterable[TaxLot]) -> _Holdings:
    held: _Holdings = defaultdict(lambda: defaultdict(Decimal))
    for lot in lots:
        held[lot.account_id][lot.security_id] += lot.quantity
    return held
