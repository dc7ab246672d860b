"""Wash sales: a loss is not deducted when the shares are replaced within 30 days.

26 USC 1091 and Treas. Reg. 1.1091-1 and -2: the days are the 30 before the sale,
its own, and the 30 after it. Losses are taken in the order of their sales, on one day
in the order in which the shares were first acquired (1.1091-1(b)); they are matched
share for share with acquisitions, the earliest first (1.1091-1(c) and (d)); an
acquisition serves once (1.1091-1(e)). What was sold of a lot is not replaced by the
rest of the same lot (Rev. Rul. 56-602). The disallowed loss goes into the basis of the
replacement, and the days that the sold shares were held count as its own (1091(d),
1223(3)). A replacement bought by an IRA takes over nothing (Rev. Rul. 2008-5).

Of taxable accounts only lots that are still open replace anything here: where a
replacement was sold in its turn, its smaller gain and the disallowed loss cancel out but
for their terms. What an IRA bought replaces in any case: its own sale gives nothing back.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from domain.exact import ZERO
from domain.lots import TaxLot, Term, term_of
from domain.orders import Side
from domain.postings import Disallowance, Relief, Transaction, TransactionKind
from domain.snapshot import PastTrade

WINDOW = timedelta(days=30)
MARK = "~w"  # In the id of a lot that took a loss over: its purchase has served.
_MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Shares of one lot that a taxable account of the taxpayer sold at a loss."""

    sale: str  # The transaction's id.
    lot_id: str
    account_id: str
    security_id: str
    sold: date
    acquired: date
    quantity: Decimal  # Not matched yet.
    loss: Decimal  # Of `quantity`, above zero.
    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class WashSale:
    """`quantity` of a loss was replaced by shares of `lot`."""

    loss: Loss
    lot: TaxLot
    quantity: Decimal
    disallowed: Decimal
    is_lost: bool


def losses_of(transactions: Iterable[Transaction], taxable: frozenset[str]) -> tuple[Loss, ...]:
    """What taxable accounts sold at a loss in our books and nothing has replaced yet."""
    known = tuple(transactions)
    undone = {one.reverses for one in known if one.reverses}
    matched = _matched(known)
    found = []
    for sale in known:
        if sale.transaction_id in undone or sale.kind is not TransactionKind.ALLOCATION:
            continue
        for relief in sale.relieved:
            shares, dollars = matched[sale.transaction_id, relief.lot_id]
            left = relief.quantity - shares
            if relief.account_id in taxable and relief.gain < 0 and left > 0:
                found.append(
                    Loss(
                        sale=sale.transaction_id,
                        lot_id=relief.lot_id,
                        account_id=relief.account_id,
                        security_id=relief.security_id,
                        sold=sale.trade_date,
                        acquired=relief.acquired or sale.trade_date,
                        quantity=left,
                        loss=-relief.gain - dollars,
                        term=relief.term,
                    )
                )
    return tuple(found)


def losses_told(
    trades: Iterable[PastTrade], transactions: Iterable[Transaction], taxable: frozenset[str]
) -> tuple[Loss, ...]:
    """What custodians told of sales at a loss; of which lot they do not say, nor its days."""
    matched = _matched(transactions)
    sums: defaultdict[tuple[str, str, date], tuple[Decimal, Decimal]] = defaultdict(
        lambda: (ZERO, ZERO)
    )
    for trade in trades:
        is_loss = trade.side is Side.SELL and trade.gain is not None and trade.gain < 0
        if trade.source is None or trade.account_id not in taxable or not is_loss:
            continue
        assert trade.gain is not None
        key = (trade.account_id, trade.security_id, trade.day)
        shares, dollars = sums[key]
        sums[key] = (shares + trade.quantity, dollars - trade.gain)
    found = []
    for (account_id, security_id, day), (shares, dollars) in sorted(sums.items()):
        sale = f"told:{account_id}:{security_id}:{day}"
        gone, lost = matched[sale, ""]
        if shares > gone:
            found.append(
                Loss(
                    sale=sale,
                    lot_id="",
                    account_id=account_id,
                    security_id=security_id,
                    sold=day,
                    acquired=day,
                    quantity=shares - gone,
                    loss=dollars - lost,
                    term=Term.SHORT,
                )
            )
    return tuple(found)


def _matched(
    transactions: Iterable[Transaction],
) -> defaultdict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Shares and dollars of each sale's lot that were replaced before."""
    matched: defaultdict[tuple[str, str], tuple[Decimal, Decimal]] = defaultdict(
        lambda: (ZERO, ZERO)
    )
    for one in (found for t in transactions for found in t.disallowed):
        shares, dollars = matched[one.sale, one.lot_id]
        matched[one.sale, one.lot_id] = (shares + one.quantity, dollars + one.loss)
    return matched


def bought_by(
    transactions: Iterable[Transaction], account_ids: frozenset[str]
) -> tuple[TaxLot, ...]:
    """What these accounts bought, whole, whatever they have sold of it since."""
    known = tuple(transactions)
    undone = {one.reverses for one in known if one.reverses}
    return tuple(
        lot
        for one in known
        if one.kind is TransactionKind.ALLOCATION and one.transaction_id not in undone
        for lot in one.opened
        if lot.account_id in account_ids
    )


def served(transactions: Iterable[Transaction]) -> Mapping[str, Decimal]:
    """Shares by lot that have replaced losses and took nothing over (those of an IRA)."""
    used: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in (found for t in transactions for found in t.disallowed if found.is_lost):
        used[one.replacement] += one.quantity
    return used


def match(
    losses: Iterable[Loss],
    lots: Iterable[TaxLot],
    retirement: frozenset[str],
    used: Mapping[str, Decimal],
    same: Callable[[str], str],
) -> tuple[WashSale, ...]:
    """Losses and open lots of one taxpayer, matched share for share.

    `same` names what is substantially identical by one id, `used` are shares that
    have served before, `retirement` are the accounts that take nothing over.
    """
    free = {
        lot.lot_id: lot.quantity - used.get(lot.lot_id, ZERO)
        for lot in lots
        if MARK not in lot.lot_id
    }
    by_name: defaultdict[str, list[TaxLot]] = defaultdict(list)
    for lot in sorted(lots, key=lambda one: (one.acquired, one.lot_id)):
        if lot.lot_id in free:
            by_name[same(lot.security_id)].append(lot)
    found: list[WashSale] = []
    for loss in sorted(losses, key=lambda one: (one.sold, one.acquired, one.sale, one.lot_id)):
        done = ZERO
        for lot in by_name[same(loss.security_id)]:
            if done == loss.quantity:
                break
            if not _replaces(lot, loss):
                continue
            quantity = min(free[lot.lot_id], loss.quantity - done)
            if quantity <= 0:
                continue
            before = _part(loss.loss, done, loss.quantity)
            done += quantity
            free[lot.lot_id] -= quantity
            found.append(
                WashSale(
                    loss=loss,
                    lot=lot,
                    quantity=quantity,
                    disallowed=_part(loss.loss, done, loss.quantity) - before,
                    is_lost=lot.account_id in retirement,
                )
            )
    return tuple(found)


def _replaces(lot: TaxLot, loss: Loss) -> bool:
    """Bought in the 61 days, and not by the purchase that was sold.

    A custodian that told of a loss has put it into the basis of what it bought itself.
    """
    if lot.lot_id == loss.lot_id or abs(lot.acquired - loss.sold) > WINDOW:
        return False
    return bool(loss.lot_id) or lot.source is None


def postings(
    found: Iterable[WashSale], *, trade_date: date, at: datetime, run_id: UUID | None
) -> tuple[Transaction, ...]:
    """One transaction for each: part of the replacement's lot becomes a lot with more basis.

    The new lot has the days of the sold shares in front of its own.
    """
    standing: dict[str, TaxLot] = {}
    made: list[Transaction] = []
    for one in found:
        lot = standing.get(one.lot.lot_id, one.lot)
        name = f"wash_sale:{one.loss.sale}:{one.loss.lot_id}:{lot.lot_id}"
        opened: tuple[TaxLot, ...] = ()
        relieved: tuple[Relief, ...] = ()
        if not one.is_lost:
            basis = _part(lot.basis, one.quantity, lot.quantity)
            relieved = (_set_apart(lot, one.quantity, basis, trade_date),)
            opened = (_taking_over(one, lot, basis),)
            if lot.quantity > one.quantity:
                standing[lot.lot_id] = replace(
                    lot, quantity=lot.quantity - one.quantity, basis=lot.basis - basis
                )
        made.append(
            Transaction(
                transaction_id=name,
                kind=TransactionKind.WASH_SALE,
                trade_date=trade_date,
                at=at,
                legs=(),
                opened=opened,
                relieved=relieved,
                disallowed=(_disallowance(one),),
                run_id=run_id,
                memo=_memo(one),
            )
        )
    return tuple(made)


def _set_apart(lot: TaxLot, quantity: Decimal, basis: Decimal, day: date) -> Relief:
    """Shares that leave a lot at their basis, without gain."""
    return Relief(
        lot_id=lot.lot_id,
        account_id=lot.account_id,
        security_id=lot.security_id,
        quantity=quantity,
        basis=basis,
        proceeds=basis,
        term=term_of(lot.acquired, max(day, lot.acquired)),
    )


def _taking_over(one: WashSale, lot: TaxLot, basis: Decimal) -> TaxLot:
    return replace(
        lot,
        lot_id=f"{lot.lot_id}{MARK}:{one.loss.sale}:{one.loss.lot_id}",
        quantity=one.quantity,
        basis=basis + one.disallowed,
        acquired=lot.acquired - (one.loss.sold - one.loss.acquired),
    )


def _disallowance(one: WashSale) -> Disallowance:
    loss = one.loss
    return Disallowance(
        sale=loss.sale,
        lot_id=loss.lot_id,
        account_id=loss.account_id,
        security_id=loss.security_id,
        quantity=one.quantity,
        loss=one.disallowed,
        term=loss.term,
        replacement=one.lot.lot_id,
        is_lost=one.is_lost,
    )


def _memo(one: WashSale) -> str:
    what = f"loss of {one.disallowed} on {one.quantity} shares sold on {one.loss.sold}"
    if one.is_lost:
        return f"{what} is lost: {one.lot.account_id} bought them again, and takes nothing over"
    return f"{what} goes into the basis of the shares bought on {one.lot.acquired}"


def _part(whole: Decimal, shares: Decimal, of: Decimal) -> Decimal:
    """`whole` x `shares` / `of` to six places; all of it when all the shares go."""
    if shares == of:
        return whole
    return (whole * shares / of).quantize(_MILLIONTH, rounding=ROUND_HALF_EVEN)
