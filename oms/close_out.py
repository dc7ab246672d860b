"""Close-out: when a block is done, what it filled is given to its accounts.

Everybody gets the block's exact average of a day: each day's fills are given on their own,
also those of an order that goes on. A late fill is allocated on top; after a bust or a
correction the old allocation is reversed and made anew, with the days that it had.
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
from domain.splits import Split, factor, rounded_times
from ledger import lots, positions, postings, splits
from oms.allocation import allocate_increment, allocate_money

_MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unallocated:
    """One day's fills that no account has yet."""

    quantity: Decimal
    gross: Decimal
    commission: Decimal
    traded: date  # The day they were made on; a correction leaves it.
    trade_date: date  # In whose shares they are counted: of the last fill, or the last split.


def close_out(
    uow: UnitOfWork,
    order: Order,
    mandates: Mapping[str, Mandate],
    at: datetime,
    *,
    before: date | None = None,
) -> tuple[Alarm, ...]:
    """Bring the clients' books up to what the block filled; does nothing when they are.

    Of an order that goes on, only days earlier than `before` are over.
    """
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
    rests = _unallocated(booked)
    over = [one for one in rests if order.is_closed or (before and one.traded < before)]
    if not over:
        return ()
    if not _is_in_the_block(booked, intent, rests):
        text = "the block's book is not what its unallocated fills add up to; nothing is allocated"
        return (_alarm(intent, "block_out_of_balance", text),)
    if missing := [a.account_id for a in intent.allocations if a.account_id not in mandates]:
        text = f"no mandate is known for {', '.join(missing)}; the fills stay with the block"
        return (_alarm(intent, "not_allocated", text),)
    alarms: list[Alarm] = []
    for rest in over:
        booked = uow.ledger.of_order(intent.cl_ord_id)
        alarms += _allocate(uow, intent, booked, rest, mandates=mandates, at=at)
    return tuple(alarms)


def _is_in_the_block(
    booked: Sequence[Transaction], intent: OrderIntent, rests: Sequence[_Unallocated]
) -> bool:
    held = positions.balances(booked)
    book, sign = postings.block_book(intent.cl_ord_id), _sign(intent)
    shares = sign * sum((rest.quantity for rest in rests), ZERO)
    money = sum((-sign * rest.gross - rest.commission for rest in rests), ZERO)
    found = (held.get((book, intent.security_id), ZERO), held.get((book, CASH), ZERO))
    return found == (shares, money)


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
            uow, intent, part, share, mandate=mandates[account], number=number, day=rest.traded
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
    splits = _splits_of_clients(uow, booked)
    for original in reversed(_standing(booked, TransactionKind.ALLOCATION)):
        taken = tuple(first[relief.lot_id] for relief in original.relieved)
        undone = postings.allocation_reversal(original, taken, trade_date=day, at=at, splits=splits)
        uow.ledger.append(undone)
        uow.audit.append(
            at=at,
            actor="oms",
            kind="allocation_reversed",
            subject=str(original.cl_ord_id),
            body={"transaction": original.transaction_id},
        )


def _splits_of_clients(uow: UnitOfWork, booked: Sequence[Transaction]) -> tuple[Split, ...]:
    """Those that the clients' books have; raises `InvariantError` where the order knows of more."""
    told = splits.of_order(booked)
    known = uow.ledger.splits(told[0].security_id) if told else ()
    if late := [one for one in told if one not in known]:
        raise InvariantError(
            f"the clients' shares are not split {late[0].new} for {late[0].old} as of "
            f"{late[0].day} yet: book that with trimtab split, then ask the venue again"
        )
    return known


def _unallocated(booked: Sequence[Transaction]) -> tuple[_Unallocated, ...]:
    """The standing fills since the last standing allocation, by the day they were made on."""
    fills = _standing(booked, TransactionKind.FILL)
    if allocations := _standing(booked, TransactionKind.ALLOCATION):
        after = booked.index(allocations[-1])
        fills = tuple(fill for fill in fills if booked.index(fill) > after)
    by_day: defaultdict[date, list[Transaction]] = defaultdict(list)
    for fill in fills:
        by_day[_traded(fill, booked)].append(fill)
    told = splits.of_order(booked)
    return tuple(_of_day(day, by_day[day], told) for day in sorted(by_day))


def _of_day(day: date, fills: Sequence[Transaction], told: Sequence[Split]) -> _Unallocated:
    shares = gross = commission = ZERO
    for fill in fills:
        made = factor(told, fill.trade_date)
        for leg in fill.legs:
            if leg.book.startswith("commission:"):
                commission += leg.quantity
            elif leg.book.startswith("street:") and leg.asset == CASH:
                gross += leg.quantity
            elif leg.book.startswith("street:"):
                shares += rounded_times(leg.quantity, made)
    return _Unallocated(
        quantity=abs(shares),
        gross=abs(gross),
        commission=commission,
        traded=day,
        trade_date=max(*(fill.trade_date for fill in fills), *(one.day for one in told), day),
    )


def _traded(fill: Transaction, booked: Sequence[Transaction]) -> date:
    """The day of the execution: of the first one, where this corrects another."""
    undone = next(
        (
            t.reverses
            for t in booked
            if t.kind is TransactionKind.FILL_REVERSAL
            and (t.exec_id, t.trade_date) == (fill.exec_id, fill.trade_date)
        ),
        None,
    )
    original = next((t for t in booked if undone and t.transaction_id == undone), None)
    return fill.trade_date if original is None else _traded(original, booked)


def _allocated(booked: Sequence[Transaction], intent: OrderIntent) -> dict[str, Decimal]:
    done: defaultdict[str, Decimal] = defaultdict(Decimal)
    sign = _sign(intent)
    told = splits.of_order(booked)
    for transaction in _standing(booked, TransactionKind.ALLOCATION):
        made = factor(told, transaction.trade_date)
        for leg in transaction.legs:
            if leg.asset == intent.security_id and leg.book.startswith("client:"):
                done[leg.book.removeprefix("client:")] += sign * rounded_times(leg.quantity, made)
    return dict(done)


def _sign(intent: OrderIntent) -> int:
    return 1 if intent.side is Side.BUY else -1


def _alarm(intent: OrderIntent, kind: str, message: str) -> Alarm:
    text = f"{intent.cl_ord_id}: {message}"
    return Alarm(kind=kind, cl_ord_id=intent.cl_ord_id, message=text)
