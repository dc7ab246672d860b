"""Close-out: when a block is done, what it filled is given to its accounts.

Everybody gets the block's exact average. A late fill is allocated on top; after
a bust or a correction the old allocation is reversed and made anew.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from domain.accounts import LotMethod, Mandate
from domain.errors import InvariantError
from domain.exact import ZERO, plain
from domain.instruments import CASH
from domain.lots import TaxLot
from domain.orders import Alarm, Allocation, Order, OrderIntent, Side
from domain.ports import UnitOfWork
from domain.postings import Transaction, TransactionKind
from ledger import lots, positions, postings
from oms.allocation import allocate_increment, allocate_money

_MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unallocated:
    """Fills that no account has yet."""

    quantity: Decimal
    gross: Decimal
    commission: Decimal
    trade_date: date


def close_out(
    uow: UnitOfWork, order: Order, mandates: Mapping[str, Mandate], at: datetime
) -> tuple[Alarm, ...]:
    """Bring the clients' books up to what the block filled; does nothing when they are."""
    intent = order.intent
    booked = uow.ledger.of_order(intent.cl_ord_id)
    if _undone_since_allocation(booked):
        try:
            with uow.savepoint():
                _reverse_allocations(uow, booked, at)
        except InvariantError as error:  # The shares were sold on: a person decides.
            text = f"the allocation cannot be reversed, the block keeps the difference: {error}"
            return (_alarm(intent, "allocation_not_reversed", text),)
        booked = uow.ledger.of_order(intent.cl_ord_id)
    if not order.is_closed:
        return ()
    rest = _unallocated(booked)
    if rest is None:
        return ()
    held = positions.balances(booked)
    book, sign = postings.block_book(intent.cl_ord_id), _sign(intent)
    money = -sign * rest.gross - rest.commission
    if (held.get((book, intent.security_id)), held.get((book, CASH), ZERO)) != (
        sign * rest.quantity,
        money,
    ):
        text = "the block's book is not what its unallocated fills add up to; nothing is allocated"
        return (_alarm(intent, "block_out_of_balance", text),)
    if missing := [a.account_id for a in intent.allocations if a.account_id not in mandates]:
        text = f"no mandate is known for {', '.join(missing)}; the fills stay with the block"
        return (_alarm(intent, "not_allocated", text),)
    return _allocate(uow, intent, booked, rest, mandates=mandates, at=at)


def _allocate(
    uow: UnitOfWork,
    intent: OrderIntent,
    booked: Sequence[Transaction],
    rest: _Unallocated,
    *,
    mandates: Mapping[str, Mandate],
    at: datetime,
) -> tuple[Alarm, ...]:
    key = intent.cl_ord_id
    wanted = {part.account_id: part.quantity for part in intent.allocations}
    given = allocate_increment(rest.quantity, wanted, _allocated(booked, intent), key=key)
    given = {account: quantity for account, quantity in given.items() if quantity > 0}
    gross = allocate_money(rest.gross, given, key=key)
    commission = allocate_money(rest.commission, given, key=key)
    number = 1 + sum(1 for t in booked if t.kind is TransactionKind.ALLOCATION)
    shares: list[postings.Share] = []
    alarms: list[Alarm] = []
    for part in intent.allocations:
        account = part.account_id
        if account not in given:
            continue
        share = postings.Share(
            account_id=account,
            quantity=given[account],
            gross=gross[account],
            commission=commission[account],
        )
        finished, found = _with_lots(
            uow, intent, part, share, mandate=mandates[account], number=number, day=rest.trade_date
        )
        shares.append(finished)
        alarms.extend(found)
    uow.ledger.append(
        postings.allocation(intent, shares, number=number, trade_date=rest.trade_date, at=at)
    )
    uow.audit.append(
        at=at,
        actor="oms",
        kind="block_allocated",
        subject=intent.cl_ord_id,
        body={
            "number": number,
            "gross": rest.gross,
            "commission": rest.commission,
            "shares": given,
        },
    )
    return tuple(alarms)


def _with_lots(
    uow: UnitOfWork,
    intent: OrderIntent,
    part: Allocation,
    share: postings.Share,
    *,
    mandate: Mandate,
    number: int,
    day: date,
) -> tuple[postings.Share, tuple[Alarm, ...]]:
    """A buy opens a lot at gross plus commission; a sale relieves lots by the mandate's method."""
    if intent.side is Side.BUY:
        suffix = "" if number == 1 else f":{number}"
        lot = TaxLot(
            lot_id=f"{intent.cl_ord_id}:{share.account_id}{suffix}",
            account_id=share.account_id,
            security_id=intent.security_id,
            quantity=share.quantity,
            basis=max(ZERO, share.gross + share.commission),
            acquired=day,
            source=None,
        )
        return replace(share, lot=lot), ()
    open_lots = uow.ledger.lots(share.account_id, intent.security_id)
    covered = min(share.quantity, sum((lot.quantity for lot in open_lots), ZERO))
    proceeds = share.gross - share.commission
    alarms: tuple[Alarm, ...] = ()
    if covered < share.quantity:
        text = (
            f"{share.account_id} sold {plain(share.quantity)} {intent.symbol} "
            f"with {plain(covered)} in its lots"
        )
        alarms = (_alarm(intent, "sold_without_lots", text),)
        proceeds = (proceeds * covered / share.quantity).quantize(_MILLIONTH)
    if covered == 0:
        return share, alarms
    reliefs = lots.relieve(
        open_lots,
        covered,
        proceeds,
        mandate.lot_method,
        sold_on=day,
        short_rate=mandate.short_term_rate,
        long_rate=mandate.long_term_rate,
        named=part.lot_ids if mandate.lot_method is LotMethod.SPECIFIC else (),
    )
    return replace(share, reliefs=reliefs), alarms


def _standing(booked: Sequence[Transaction], kind: TransactionKind) -> tuple[Transaction, ...]:
    undone = {transaction.reverses for transaction in booked}
    return tuple(t for t in booked if t.kind is kind and t.transaction_id not in undone)


def _undone_since_allocation(booked: Sequence[Transaction]) -> bool:
    """Whether a fill that standing allocations gave away has been taken back."""
    allocations = _standing(booked, TransactionKind.ALLOCATION)
    if not allocations:
        return False
    later = booked[booked.index(allocations[0]) + 1 :]
    return any(t.kind is TransactionKind.FILL_REVERSAL for t in later)


def _reverse_allocations(uow: UnitOfWork, booked: Sequence[Transaction], at: datetime) -> None:
    """Newest first, so that each lot is put back in the way it was taken."""
    first: dict[str, TaxLot] = {}
    for transaction in uow.ledger.all():
        for lot in transaction.opened:
            first.setdefault(lot.lot_id, lot)
    day = booked[-1].trade_date
    for original in reversed(_standing(booked, TransactionKind.ALLOCATION)):
        taken = tuple(first[relief.lot_id] for relief in original.relieved)
        undone = postings.allocation_reversal(original, taken, trade_date=day, at=at)
        uow.ledger.append(undone)
        uow.audit.append(
            at=at,
            actor="oms",
            kind="allocation_reversed",
            subject=str(original.cl_ord_id),
            body={"transaction": original.transaction_id},
        )


def _unallocated(booked: Sequence[Transaction]) -> _Unallocated | None:
    """The standing fills since the last standing allocation."""
    fills = _standing(booked, TransactionKind.FILL)
    if allocations := _standing(booked, TransactionKind.ALLOCATION):
        after = booked.index(allocations[-1])
        fills = tuple(fill for fill in fills if booked.index(fill) > after)
    if not fills:
        return None
    legs = [leg for fill in fills for leg in fill.legs]
    street = [leg for leg in legs if leg.book.startswith("street:")]
    return _Unallocated(
        quantity=abs(sum((leg.quantity for leg in street if leg.asset != CASH), ZERO)),
        gross=abs(sum((leg.quantity for leg in street if leg.asset == CASH), ZERO)),
        commission=sum((leg.quantity for leg in legs if leg.book.startswith("commission:")), ZERO),
        trade_date=max(fill.trade_date for fill in fills),
    )


def _allocated(booked: Sequence[Transaction], intent: OrderIntent) -> dict[str, Decimal]:
    done: defaultdict[str, Decimal] = defaultdict(Decimal)
    sign = _sign(intent)
    for transaction in _standing(booked, TransactionKind.ALLOCATION):
        for leg in transaction.legs:
            if leg.asset == intent.security_id and leg.book.startswith("client:"):
                done[leg.book.removeprefix("client:")] += sign * leg.quantity
    return dict(done)


def _sign(intent: OrderIntent) -> int:
    return 1 if intent.side is Side.BUY else -1


def _alarm(intent: OrderIntent, kind: str, message: str) -> Alarm:
    text = f"{intent.cl_ord_id}: {message}"
    return Alarm(kind=kind, cl_ord_id=intent.cl_ord_id, message=text)
