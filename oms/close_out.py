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
from domain.postings import Relief, Transaction, TransactionKind
from domain.splits import Split, factor, rounded_times
from domain.values import with_changes
from ledger import lots, postings, splits
from ledger.wash_strands import origin_of
from oms import wash_sales
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """What an order's transactions come to."""

    booked: Sequence[Transaction]  # All of them, as they were booked.
    fills: Sequence[Transaction]  # Those that stand, since the last allocation that stands.
    allocations: Sequence[Transaction]  # Those that stand.
    given: int  # How many allocations there ever were.
    is_undone: bool  # A fill was taken back that a standing allocation gave away.
    splits: Sequence[Split]  # Told by the venue.


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
    books = _books(uow.ledger.of_order(intent.cl_ord_id))
    if books.is_undone:
        try:
            with uow.savepoint():
                _reverse_allocations(uow, books, at)
        except InvariantError as error:  # The shares were sold on: a person decides.
            text = f"the allocation cannot be reversed, the block keeps the difference: {error}"
            return (_alarm(intent, "allocation_not_reversed", text),)
        books = _books(uow.ledger.of_order(intent.cl_ord_id))
    rests = _unallocated(books)
    over = [one for one in rests if order.is_closed or (before and one.traded < before)]
    if not over:
        return ()
    if not _is_in_the_block(books.booked, intent, rests):
        text = "the block's book is not what its unallocated fills add up to; nothing is allocated"
        return (_alarm(intent, "block_out_of_balance", text),)
    if missing := [a.account_id for a in intent.allocations if a.account_id not in mandates]:
        text = f"no mandate is known for {', '.join(missing)}; the fills stay with the block"
        return (_alarm(intent, "not_allocated", text),)
    alarms: list[Alarm] = []
    done = _allocated(books, intent)
    wanted = {part.account_id: part.quantity for part in intent.allocations}
    for number, rest in enumerate(over, books.given + 1):
        parts = allocate_increment(rest.quantity, wanted, done, key=intent.cl_ord_id)
        parts = {account: part for account, part in parts.items() if part > 0}
        alarms += _allocate(uow, intent, rest, parts, number=number, mandates=mandates, at=at)
        for account, part in parts.items():
            done[account] += part
    return tuple(alarms)


def _is_in_the_block(
    booked: Sequence[Transaction], intent: OrderIntent, rests: Sequence[_Unallocated]
) -> bool:
    book, sign = postings.block_book(intent.cl_ord_id), _sign(intent)
    held = {intent.security_id: ZERO, CASH: ZERO}
    for transaction in booked:
        for leg in transaction.legs:
            if leg.book == book and leg.asset in held:
                held[leg.asset] += leg.quantity
    shares = sign * sum((rest.quantity for rest in rests), ZERO)
    money = sum((-sign * rest.gross - rest.commission for rest in rests), ZERO)
    return held == {intent.security_id: shares, CASH: money}


def _allocate(
    uow: UnitOfWork,
    intent: OrderIntent,
    rest: _Unallocated,
    given: Mapping[str, Decimal],
    *,
    number: int,
    mandates: Mapping[str, Mandate],
    at: datetime,
) -> tuple[Alarm, ...]:
    """Give one day's fills to the accounts: `given` are shares by account, all above zero."""
    key = intent.cl_ord_id
    gross = allocate_money(rest.gross, given, key=key)
    commission = allocate_money(rest.commission, given, key=key)
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
        postings.allocation(
            intent,
            shares,
            number=number,
            trade_date=rest.trade_date,
            at=at,
            traded=rest.traded,
        )
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
        return with_changes(share, lot=lot), ()
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
    return with_changes(share, reliefs=reliefs), alarms


def _books(booked: Sequence[Transaction]) -> _Books:
    """Sort an order's transactions, which are in the order they were booked."""
    undone = {transaction.reverses for transaction in booked}
    fills: list[Transaction] = []
    allocations: list[Transaction] = []
    given = 0
    is_undone = False
    for transaction in booked:
        stands = transaction.transaction_id not in undone
        match transaction.kind:
            case TransactionKind.FILL if stands:
                fills.append(transaction)
            case TransactionKind.ALLOCATION:
                given += 1
                if stands:
                    allocations.append(transaction)
                    fills.clear()
            case TransactionKind.FILL_REVERSAL:
                is_undone = is_undone or bool(allocations)
    return _Books(
        booked=booked,
        fills=fills,
        allocations=allocations,
        given=given,
        is_undone=is_undone,
        splits=splits.of_order(booked),
    )


def _reverse_allocations(uow: UnitOfWork, books: _Books, at: datetime) -> None:
    """Newest first, so that each lot is put back in the way it was taken."""
    day = books.booked[-1].trade_date
    known = _splits_of_clients(uow, books.splits)
    for original in reversed(books.allocations):
        standing = wash_sales.take_back(uow, original, trade_date=day, at=at)
        first = _first_lots(uow, standing.relieved)
        taken = tuple(_as_opened(relief, first) for relief in standing.relieved)
        undone = postings.allocation_reversal(standing, taken, trade_date=day, at=at, splits=known)
        uow.ledger.append(undone)
        uow.audit.append(
            at=at,
            actor="oms",
            kind="allocation_reversed",
            subject=str(original.cl_ord_id),
            body={"transaction": original.transaction_id},
        )


def _first_lots(uow: UnitOfWork, relieved: Sequence[Relief]) -> dict[str, TaxLot]:
    """By their ids the lots of what was relieved, as they were opened first, and others beside."""
    first: dict[str, TaxLot] = {}
    for account, security in dict.fromkeys((one.account_id, one.security_id) for one in relieved):
        for transaction in uow.ledger.of_book(postings.client_book(account), security):
            for lot in transaction.opened:
                first.setdefault(lot.lot_id, lot)
    return first


def _as_opened(relief: Relief, first: Mapping[str, TaxLot]) -> TaxLot:
    """The lot the shares came from; one that a wash sale made of sold shares was never open."""
    known = first.get(relief.lot_id)
    if known is not None:
        return known
    assert relief.acquired is not None
    origin = first[origin_of(relief.lot_id)]
    return replace(origin, lot_id=relief.lot_id, acquired=relief.acquired)


def _splits_of_clients(uow: UnitOfWork, told: Sequence[Split]) -> tuple[Split, ...]:
    """Those that the clients' books have; raises `InvariantError` where the order knows of more."""
    known = uow.ledger.splits(told[0].security_id) if told else ()
    if late := [one for one in told if one not in known]:
        raise InvariantError(
            f"the clients' shares are not split {late[0].new} for {late[0].old} as of "
            f"{late[0].day} yet: book that with trimtab split, then ask the venue again"
        )
    return known


def _unallocated(books: _Books) -> tuple[_Unallocated, ...]:
    """The standing fills since the last standing allocation, by the day they were made on."""
    by_day: defaultdict[date, list[Transaction]] = defaultdict(list)
    corrected = _corrected(books.booked)
    for fill in books.fills:
        by_day[_traded(fill, corrected)].append(fill)
    return tuple(_of_day(day, by_day[day], books.splits) for day in sorted(by_day))


def _of_day(day: date, fills: Sequence[Transaction], told: Sequence[Split]) -> _Unallocated:
    shares = gross = commission = ZERO
    for fill in fills:
        made = factor(told, fill.trade_date)
        for leg in fill.legs:
            if leg.book.startswith("commission:"):
                commission += leg.quantity
            elif not leg.book.startswith("street:"):
                continue
            elif leg.asset == CASH:
                gross += leg.quantity
            else:
                shares += rounded_times(leg.quantity, made)
    return _Unallocated(
        quantity=abs(shares),
        gross=abs(gross),
        commission=commission,
        traded=day,
        trade_date=max(*(fill.trade_date for fill in fills), *(one.day for one in told), day),
    )


def _corrected(booked: Sequence[Transaction]) -> dict[tuple[str | None, date], Transaction]:
    """By the execution that corrects it, (ExecID, TradeDate): the fill that it undid."""
    by_id: dict[str | None, Transaction] = {one.transaction_id: one for one in booked}
    return {
        (undoing.exec_id, undoing.trade_date): by_id[undoing.reverses]
        for undoing in reversed(booked)
        if undoing.kind is TransactionKind.FILL_REVERSAL and undoing.reverses in by_id
    }


def _traded(fill: Transaction, corrected: Mapping[tuple[str | None, date], Transaction]) -> date:
    """The day of the execution: of the first one, where this corrects another."""
    original = corrected.get((fill.exec_id, fill.trade_date))
    return fill.trade_date if original is None else _traded(original, corrected)


def _allocated(books: _Books, intent: OrderIntent) -> defaultdict[str, Decimal]:
    """Shares by account, after every split since."""
    done: defaultdict[str, Decimal] = defaultdict(Decimal)
    sign = _sign(intent)
    for transaction in books.allocations:
        made = factor(books.splits, transaction.trade_date)
        for leg in transaction.legs:
            if leg.asset == intent.security_id and leg.book.startswith("client:"):
                done[leg.book.removeprefix("client:")] += sign * rounded_times(leg.quantity, made)
    return done


def _sign(intent: OrderIntent) -> int:
    return 1 if intent.side is Side.BUY else -1


def _alarm(intent: OrderIntent, kind: str, message: str) -> Alarm:
    text = f"{intent.cl_ord_id}: {message}"
    return Alarm(kind=kind, cl_ord_id=intent.cl_ord_id, message=text)
