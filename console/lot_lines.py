"""Lot lines: what a person sees of open tax lots before he names some of them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from console.service_port import LotLine
from domain.errors import UnknownNameError
from domain.exact import ZERO
from domain.lots import term_of
from domain.orders import Side
from domain.ports import UnitOfWork
from oms.by_hand.lots import spoken_for


def lot_lines(view: UnitOfWork, account_id: str | None, today: date) -> tuple[LotLine, ...]:
    """Open lots by account and symbol, oldest first. Raises `UnknownNameError`."""
    lots = view.ledger.lots(account_id)
    if account_id is not None and not lots and not view.ledger.balances(f"client:{account_id}"):
        raise UnknownNameError(
            f"no account {account_id!r} in the ledger; `trimtab positions` lists them all"
        )
    names = {one.security_id: one.symbol for one in view.snapshots.market(today).securities}
    named = _named(view)
    lines = (
        LotLine(
            account_id=lot.account_id,
            symbol=names.get(lot.security_id, lot.security_id),
            lot_id=lot.lot_id,
            quantity=lot.quantity,
            named=named.get(lot.lot_id, ZERO),
            basis=lot.basis,
            acquired=lot.acquired,
            term=term_of(lot.acquired, today).value,
        )
        for lot in lots
    )
    return tuple(sorted(lines, key=lambda one: (one.account_id, one.symbol, one.acquired)))


def _named(view: UnitOfWork) -> Mapping[str, Decimal]:
    """Shares by lot that open sales have named and not taken yet."""
    sold = {
        (part.account_id, order.intent.security_id)
        for order in view.orders.open()
        if order.intent.side is Side.SELL
        for part in order.intent.allocations
        if part.lot_ids
    }
    return {
        lot_id: shares
        for account_id, security_id in sold
        for lot_id, shares in spoken_for(view, account_id, security_id).items()
    }
