"""Close-out: when a block is done, what it filled is given to its accounts.

Everybody gets the block's exact average of a day: each day's fills are given on their own,
also those of an order that goes on. A late fill is allocated on top; after a bust or a
correction the old allocation is reversed and made anew, with the days that it had.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from domain.accounts import LotMethod, Mandate
from domain.errors import InvariantError
from domain.exact import ZERO, plain
from domain.lots import TaxLot
from domain.orders import Alarm, Allocation, Order, OrderIntent, Side
from domain.ports import UnitOfWork
from domain.values import with_changes
from ledger import lots, postings
from oms.allocation import allocate_increment, allocate_money
from oms.allocation_reversals import reverse_allocations
from oms.block_books import Unallocated, allocated, block_books, is_in_the_block, unallocated

_MILLIONTH = Decimal("0.000001")


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
    books = block_books(uow.ledger.of_order(intent.cl_ord_id))
    if books.is_undone:
        try:
            with uow.savepoint():
                reverse_allocations(uow, books, at)
        except InvariantError as error:  # The shares were sold on: a person decides.
            text = f"the allocation cannot be reversed, the block keeps the difference: {error}"
            return (_alarm(intent, "allocation_not_reversed", text),)
        books = block_books(uow.ledger.of_order(intent.cl_ord_id))
    rests = unallocated(books)
    over = [one for one in rests if order.is_closed or (before and one.traded < before)]
    if not over:
        return ()
    if not is_in_the_block(books, intent, rests):
        text = "the block's book is not what its unallocated fills add up to; nothing is allocated"
        return (_alarm(intent, "block_out_of_balance", text),)
    if missing := [a.account_id for a in intent.allocations if a.account_id not in mandates]:
        text = f"no mandate is known for {', '.join(missing)}; the fills stay with the block"
        return (_alarm(intent, "not_allocated", text),)
    alarms: list[Alarm] = []
    done = allocated(books, intent)
    wanted = {part.account_id: part.quantity for part in intent.allocations}
    for number, rest in enumerate(over, books.given + 1):
        parts = allocate_increment(rest.quantity, wanted, done, key=intent.cl_ord_id)
        parts = {account: part for account, part in parts.items() if part > 0}
        alarms += _allocate(uow, intent, rest, parts, number=number, mandates=mandates, at=at)
        for account, part in parts.items():
            done[account] += part
    return tuple(alarms)


def _allocate(
    uow: UnitOfWork,
    intent: OrderIntent,
    rest: Unallocated,
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


def _alarm(intent: OrderIntent, kind: str, message: str) -> Alarm:
    text = f"{intent.cl_ord_id}: {message}"
    return Alarm(kind=kind, cl_ord_id=intent.cl_ord_id, message=text)
