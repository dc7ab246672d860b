"""What each account was given of a block, as the ledger has it, and what it pays or gets."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from domain.allocations import AllocatedPart
from domain.exact import ZERO
from domain.instruments import CASH
from domain.orders import OrderIntent, Side
from domain.postings import Transaction, TransactionKind
from oms.allocation import allocate_money

_CLIENT, _FEES = "client:", "commission:"


def allocated(intent: OrderIntent, booked: Sequence[Transaction]) -> tuple[AllocatedPart, ...]:
    """One part for each account that has shares of the block, in the intent's order.

    `booked` are the block's transactions, oldest first. The commission of an allocation is
    that of the fills since the one before, divided as `oms.close_out` divides it.
    """
    sign = 1 if intent.side is Side.BUY else -1
    shares: defaultdict[str, Decimal] = defaultdict(Decimal)
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one, commission in _standing(booked):
        given = _moved(one, intent.security_id)
        for account, quantity in given.items():
            shares[account] += sign * quantity
        for account, amount in _moved(one, CASH).items():
            money[account] -= sign * amount
        wanted = {account: abs(quantity) for account, quantity in given.items()}
        for account, part in allocate_money(commission, wanted, key=intent.cl_ord_id).items():
            fees[account] += part
    return tuple(
        AllocatedPart(
            account_id=account,
            quantity=shares[account],
            commission=fees[account],
            net_money=money[account],
        )
        for account in (part.account_id for part in intent.allocations)
        if shares.get(account)
    )


def _standing(booked: Sequence[Transaction]) -> list[tuple[Transaction, Decimal]]:
    """The allocations that no reversal undid, each with the commission that it divided."""
    pool = ZERO
    divided: dict[str, tuple[Transaction, Decimal]] = {}
    for one in booked:
        if one.kind in (TransactionKind.FILL, TransactionKind.FILL_REVERSAL):
            pool += sum((leg.quantity for leg in one.legs if leg.book.startswith(_FEES)), ZERO)
        elif one.kind is TransactionKind.ALLOCATION:
            divided[one.transaction_id] = (one, pool)
            pool = ZERO
        elif one.kind is TransactionKind.ALLOCATION_REVERSAL and one.reverses in divided:
            pool += divided.pop(one.reverses)[1]
    return list(divided.values())


def _moved(one: Transaction, asset: str) -> dict[str, Decimal]:
    """What of `asset` came to each client; negative went away."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for leg in one.legs:
        if leg.asset == asset and leg.book.startswith(_CLIENT):
            found[leg.book.removeprefix(_CLIENT)] += leg.quantity
    return dict(found)
