"""Cover: what an account can still sell.

Nothing is sold short by hand: of what an account holds, what its other sales may still take is
spoken for.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from domain.exact import ZERO, plain
from domain.orders import OrderIntent, Side
from domain.ports import UnitOfWork
from domain.splits import factor, rounded_times


def free_shares(
    uow: UnitOfWork, account_id: str, security_id: str, but: Iterable[str] = ()
) -> tuple[Decimal, Decimal]:
    """Shares held, and of these the ones that open sales, without those named, leave free."""
    held = sum((lot.quantity for lot in uow.ledger.lots(account_id, security_id)), ZERO)
    names = frozenset(but)
    taken = sum(
        (
            still_to_come(uow, order.intent, account_id)
            for order in uow.orders.open()
            if order.intent.side is Side.SELL
            and order.intent.security_id == security_id
            and order.intent.cl_ord_id not in names
        ),
        ZERO,
    )
    return held, held - taken


def uncovered(uow: UnitOfWork, intents: Sequence[OrderIntent]) -> dict[str, str]:
    """Why accounts must leave sales that they have not the shares for, by account."""
    names = {intent.cl_ord_id for intent in intents}
    found: dict[str, str] = {}
    for intent in intents:
        if intent.side is Side.BUY:
            continue
        for part in intent.allocations:
            account = part.account_id
            held, free = free_shares(uow, account, intent.security_id, names)
            if part.quantity > free:
                found[account] = in_words(account, intent.symbol, part.quantity, held, free)
    return found


def in_words(account_id: str, symbol: str, wanted: Decimal, held: Decimal, free: Decimal) -> str:
    """Why an account cannot sell so many."""
    at_work = "" if held == free else f", of which {plain(held - free)} are being sold already"
    return f"{account_id} holds {plain(held)} {symbol}{at_work}: it cannot sell {plain(wanted)}"


def still_to_come(uow: UnitOfWork, intent: OrderIntent, account_id: str) -> Decimal:
    """Shares of the account's part that are not in its books yet, in those that the books hold.

    An order of before a split is counted in old shares for ever, and its account's lots in new.
    """
    parts = [p.quantity for p in intent.allocations if p.account_id == account_id]
    if not parts:
        return ZERO
    told = uow.ledger.splits(intent.security_id)
    moved = sum(
        (
            rounded_times(leg.quantity, factor(told, transaction.trade_date))
            for transaction in uow.ledger.of_order(intent.cl_ord_id)
            for leg in transaction.legs
            if leg.book == f"client:{account_id}" and leg.asset == intent.security_id
        ),
        ZERO,
    )
    return rounded_times(parts[0], factor(told, intent.trade_date)) - abs(moved)
