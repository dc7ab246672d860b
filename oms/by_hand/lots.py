"""Lots: which of them a person says are sold, where the mandate relieves lots by his word.

A lot that another open sale has named is spoken for, as far as that may still take it. Lots go in
the order in which they are named, each whole, until the shares are done (26 CFR 1.1012-1(c)).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from domain.accounts import LotMethod
from domain.exact import ZERO, plain
from domain.instruments import Security
from domain.lots import TaxLot
from domain.orders import Allocation, OrderIntent, Side
from domain.ports import UnitOfWork
from domain.snapshot import Snapshot
from oms.by_hand.cover import still_to_come
from oms.by_hand.order import HandOrder

_SHOWN = 5  # Open lots that a refusal lists.


def spoken_for(
    uow: UnitOfWork, account_id: str, security_id: str, but: Iterable[str] = ()
) -> Mapping[str, Decimal]:
    """Shares by lot that open sales, without those named `but`, have named and not taken yet."""
    held = {lot.lot_id: lot.quantity for lot in uow.ledger.lots(account_id, security_id)}
    names, found = frozenset(but), defaultdict[str, Decimal](Decimal)
    for order in uow.orders.open():
        intent = order.intent
        if intent.side is Side.BUY or intent.security_id != security_id:
            continue
        if intent.cl_ord_id in names:
            continue
        left = still_to_come(uow, intent, account_id)
        named = (one for part in intent.allocations for one in _of(part, account_id))
        for lot_id in named:
            taken = min(left, max(ZERO, held.get(lot_id, ZERO) - found[lot_id]))
            found[lot_id] += taken
            left -= taken
    return {lot_id: shares for lot_id, shares in found.items() if shares}


def unavailable(
    uow: UnitOfWork, intents: Sequence[OrderIntent], snapshot: Snapshot
) -> dict[str, str]:
    """Why accounts must leave sales whose named lots have not the shares any more, by account.

    Asked of accounts whose mandate, in the snapshot, relieves lots by name.
    """
    found: dict[str, str] = {}
    methods = lot_methods(snapshot)
    names = {intent.cl_ord_id for intent in intents}
    for intent in intents:
        if intent.side is Side.BUY:
            continue
        for part in intent.allocations:
            if methods.get(part.account_id) is not LotMethod.SPECIFIC or not part.lot_ids:
                continue
            free = _free(uow, part, intent.security_id, names)
            wanted = still_to_come(uow, intent, part.account_id)
            if free < wanted:
                found[part.account_id] = (
                    f"the lots named of {part.account_id} ({', '.join(part.lot_ids)}) have "
                    f"{plain(free)} free shares, and {plain(wanted)} are to be sold: name others "
                    "with `trimtab order new --lot`"
                )
    return found


def lot_problems(
    uow: UnitOfWork, order: HandOrder, security: Security, snapshot: Snapshot
) -> Iterator[str]:
    """What stands against the lots that the person named, each with its remedy."""
    if not order.lots:
        return
    if order.side is Side.BUY:
        yield "--lot goes with a sale: a purchase opens a lot of its own"
        return
    for lot_id in sorted({one for one in order.lots if order.lots.count(one) > 1}):
        yield f"lot {lot_id} is named twice: say each once"
    by_account = {
        part.account_id: uow.ledger.lots(part.account_id, security.security_id)
        for part in order.allocations
    }
    known = {lot.lot_id for lots in by_account.values() for lot in lots}
    for lot_id in order.lots:
        if lot_id not in known:
            yield _unknown(lot_id, order.symbol, by_account)
    methods = lot_methods(snapshot)
    for part in order.allocations:
        own = {lot.lot_id: lot for lot in by_account[part.account_id]}
        named = [own[lot_id] for lot_id in dict.fromkeys(order.lots) if lot_id in own]
        method = methods.get(part.account_id)
        if named and method is not None and method is not LotMethod.SPECIFIC:
            yield (
                f"the mandate of {part.account_id} relieves lots by {method.value}: leave --lot "
                "out, or let its lot_method be specific"
            )
        elif named:
            taken = spoken_for(uow, part.account_id, security.security_id)
            yield from _shares_of(part, named, taken)


def lot_methods(snapshot: Snapshot) -> dict[str, LotMethod]:
    """How each account's mandate relieves lots, by account."""
    methods = {mandate.mandate_id: mandate.lot_method for mandate in snapshot.mandates}
    return {
        account.account_id: methods[account.mandate_id]
        for account in snapshot.accounts
        if account.mandate_id in methods
    }


def without(
    lots: Iterable[TaxLot], taken: Mapping[str, Decimal]
) -> Iterator[tuple[TaxLot, Decimal]]:
    """Each lot with the shares of it that nobody else has named, where there are any."""
    for lot in lots:
        left = lot.quantity - taken.get(lot.lot_id, ZERO)
        if left > 0:
            yield lot, left


def _shares_of(
    part: Allocation, named: Sequence[TaxLot], taken: Mapping[str, Decimal]
) -> Iterator[str]:
    left = part.quantity
    for lot in named:
        free = lot.quantity - taken.get(lot.lot_id, ZERO)
        if left <= 0:
            yield f"lot {lot.lot_id} is not needed for {plain(part.quantity)} shares: leave it out"
        elif free <= 0:
            yield (
                f"all {plain(lot.quantity)} shares of lot {lot.lot_id} are being sold already: "
                "name another, or cancel that order first"
            )
        left -= max(ZERO, free)
    if left > 0:
        yield (
            f"the lots named of {part.account_id} have {plain(part.quantity - left)} free shares, "
            f"{plain(part.quantity)} are to be sold: name another lot"
        )


def _unknown(lot_id: str, symbol: str, by_account: Mapping[str, Sequence[TaxLot]]) -> str:
    lots = sorted(
        (lot for lots in by_account.values() for lot in lots), key=lambda lot: lot.acquired
    )
    shown = [f"{lot.lot_id} ({plain(lot.quantity)} of {lot.acquired})" for lot in lots[:_SHOWN]]
    more = f" and {len(lots) - _SHOWN} more" if len(lots) > _SHOWN else ""
    open_ones = f"open are {', '.join(shown)}{more}" if shown else "none is open"
    return (
        f"these accounts have no open lot {lot_id!r} of {symbol}; {open_ones}: see `trimtab lots`"
    )


def _free(uow: UnitOfWork, part: Allocation, security_id: str, but: Iterable[str]) -> Decimal:
    taken = spoken_for(uow, part.account_id, security_id, but)
    own = uow.ledger.lots(part.account_id, security_id)
    named = (lot for lot in own if lot.lot_id in part.lot_ids)
    return sum((left for _, left in without(named, taken)), ZERO)


def _of(part: Allocation, account_id: str) -> tuple[str, ...]:
    return part.lot_ids if part.account_id == account_id else ()
