"""Postings of wash sales: what enters the books when shares have replaced others.

Shares that are held move into a lot of their own, with the loss in its basis and its days in
front of theirs; shares that were sold are restated where they were sold. Nothing moves in
shares or cash. Whatever lot a loss was said to be in before is taken back by the same posting.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from uuid import UUID

from domain.exact import ZERO, plain
from domain.lots import TaxLot, term_of
from domain.postings import Disallowance, Relief, Restatement, Transaction, TransactionKind
from ledger.wash_openings import BroughtIn
from ledger.wash_sales import WashSale
from ledger.wash_strands import Piece, Strand, freed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """When wash sales are posted, and for which run."""

    trade_date: date
    at: datetime
    run_id: UUID | None
    is_free: Callable[[str], bool] = lambda _: True  # Whether no transaction has this id.


def postings(found: Iterable[WashSale], entry: Entry) -> tuple[Transaction, ...]:
    """One transaction for each, to be appended in this order."""
    made: dict[str, Transaction] = {}
    for one in found:
        before = one.before.pieces
        after = one.after.pieces if one.after else before
        name = f"wash_sale:{one.loss.sale}:{one.loss.lot_id}:{before[0].lot_id}"
        posted = _posting(entry, before, after)
        if one.after is None:
            said = [_given_away(one.loss, before[0].origin, is_lost=one.is_lost)]
        else:
            said = [_disallowance(one.loss, after[0])]
            said += map(_taken_back, _disallowances(one.before))
            said += _disallowances(one.after)
        posted = replace(posted, disallowed=tuple(said), memo=_memo(one))
        _add(made, posted, name, entry)
    return tuple(made.values())


def brought_in(one: BroughtIn, entry: Entry) -> Transaction:
    """A loss that a told purchase had, in the lot of ours that the purchase has become."""
    before, after = one.before.pieces, one.after.pieces
    if one.is_lost:
        now = _given_away(one.loss, before[0].origin, is_lost=True)
    else:
        now = _disallowance(one.loss, after[0])
    gone = _taken_back(_given_away(one.loss, one.purchase, is_lost=one.is_lost))
    posted = replace(
        _posting(entry, before, after), disallowed=(now, gone), memo=_brought_memo(one)
    )
    made: dict[str, Transaction] = {}
    name = f"wash_sale:{one.loss.sale}:{one.loss.lot_id}:{before[0].lot_id}"
    _add(made, posted, name, entry)
    return next(iter(made.values()))


def taken_back(
    strands: Iterable[Strand], sale: str, purchases: frozenset[str], entry: Entry
) -> tuple[Transaction, ...]:
    """What undoes the wash sales that stand on a sale or on purchases that are reversed.

    Its losses, and those that its purchases have replaced, count again, and with them whatever
    they had passed on; what may replace them now is found by the next matching.
    """
    made: dict[str, Transaction] = {}
    for strand in strands:
        first = _first_undone(strand, sale, purchases)
        if first is None:
            continue
        loss = strand.pieces[first - 1]
        name = f"wash_sale_undone:{loss.sale}:{loss.lot_id}"
        posted = replace(
            _posting(entry, strand.pieces[first:], freed(strand, first)),
            disallowed=tuple(map(_taken_back, _disallowances(strand, first - 1))),
            memo=f"loss of {plain(loss.loss)} on {plain(loss.shares)} shares sold on {loss.sold} "
            "is replaced no more: a trade was taken back",
        )
        _add(made, posted, name, entry)
    return tuple(made.values())


def _first_undone(strand: Strand, sale: str, purchases: frozenset[str]) -> int | None:
    """The number of the first piece whose taking over falls; those after it fall with it."""
    takers = [*(one.origin for one in strand.pieces[1:]), strand.given_to]
    for number, (loss, taker) in enumerate(zip(strand.pieces, takers, strict=True), start=1):
        if taker and (loss.sale == sale or taker in purchases):
            return number
    return None


def _add(made: dict[str, Transaction], posted: Transaction, name: str, entry: Entry) -> None:
    """By its name, and a number where that was used before."""
    number, free = 1, name
    while free in made or not entry.is_free(free):
        number += 1
        free = f"{name}:{number}"
    made[free] = replace(posted, transaction_id=free)


def _posting(entry: Entry, before: Sequence[Piece], after: Sequence[Piece]) -> Transaction:
    both = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
    open_ones = [(was, now) for was, now in both if not was.sale]
    return Transaction(
        transaction_id="",
        kind=TransactionKind.WASH_SALE,
        trade_date=entry.trade_date,
        at=entry.at,
        legs=(),
        opened=tuple(_lot(now) for _, now in open_ones),
        relieved=tuple(_set_apart(was, entry.trade_date) for was, _ in open_ones),
        restated=tuple(
            Restatement(sale=was.sale, was=_relief(was), now=_relief(now))
            for was, now in both
            if was.sale
        ),
        run_id=entry.run_id,
    )


def _lot(piece: Piece) -> TaxLot:
    return TaxLot(
        lot_id=piece.lot_id,
        account_id=piece.account_id,
        security_id=piece.security_id,
        quantity=piece.shares,
        basis=piece.basis,
        acquired=piece.acquired,
        source=piece.source,
    )


def _set_apart(piece: Piece, day: date) -> Relief:
    """Shares that leave a lot at their basis, without gain."""
    return replace(
        _relief(piece),
        proceeds=piece.basis,
        term=term_of(piece.acquired, max(day, piece.acquired)),
    )


def _relief(piece: Piece) -> Relief:
    return Relief(
        lot_id=piece.lot_id,
        account_id=piece.account_id,
        security_id=piece.security_id,
        quantity=piece.shares,
        basis=piece.basis,
        proceeds=piece.basis - piece.loss,
        term=piece.term,
        acquired=piece.acquired,
    )


def _disallowances(strand: Strand, first: int = 0) -> Iterator[Disallowance]:
    """The losses of a strand: each but the last is in the next, and the last may be outside."""
    pieces = strand.pieces[first:]
    for loss, taker in pairwise(pieces):
        yield _disallowance(loss, taker)
    if strand.given_to:
        yield _given_away(strand.tail, strand.given_to, is_lost=strand.is_lost)


def _given_away(loss: Piece, purchase: str, *, is_lost: bool) -> Disallowance:
    into = _disallowance(loss, replace(loss, origin=purchase))
    return replace(into, is_lost=is_lost, taken_over_by="")


def _disallowance(loss: Piece, taker: Piece) -> Disallowance:
    return Disallowance(
        sale=loss.sale,
        lot_id=loss.lot_id,
        account_id=loss.account_id,
        security_id=loss.security_id,
        quantity=loss.shares,
        loss=loss.loss,
        term=loss.term,
        replacement=taker.origin,
        is_lost=False,
        taken_over_by=taker.lot_id,
        sold=loss.counted or loss.sold,
    )


def _taken_back(one: Disallowance) -> Disallowance:
    return replace(one, quantity=ZERO - one.quantity, loss=ZERO - one.loss)


def _memo(one: WashSale) -> str:
    loss, first = one.loss, one.before.head
    what = f"loss of {plain(loss.loss)} on {plain(loss.shares)} shares sold on {loss.sold}"
    if one.is_lost:
        return f"{what} is lost: {first.account_id} bought them again, and takes nothing over"
    bought = f"{what} goes into the basis of the shares bought on {first.bought}"
    if one.after is None:
        return f"{bought} by {first.account_id}, which is held away"
    if not first.sale:
        return bought
    if len(one.after.pieces) == 1 and not one.after.given_to:
        return f"{bought} and sold on {first.sold}: {_result(first)} is {_result(one.after.head)}"
    return f"{bought} and sold on {first.sold} at a loss, and with that {_further(one.after)}"


def _brought_memo(one: BroughtIn) -> str:
    loss, lot = one.loss, one.before.head
    what = f"loss of {plain(loss.loss)} on {plain(loss.shares)} shares sold on {loss.sold}"
    where = f"the shares bought on {lot.bought} by {lot.account_id}, which was held away: lot "
    where += one.after.head.lot_id
    if one.is_lost:
        return f"{what} is lost by {where} has served"
    return f"{what} came into our books with {where} has it"


def _further(strand: Strand) -> str:
    if strand.is_lost:
        return "is lost, for a retirement account bought those again"
    last = strand.tail
    if strand.given_to:
        return "into the basis of shares that are held away"
    into = f"into the basis of the shares bought on {last.bought}"
    return f"{into} and sold on {last.sold}: {_result(last)}" if last.sale else into


def _result(sold: Piece) -> str:
    return f"a {sold.term}-term {'loss' if sold.loss > 0 else 'gain'} of {plain(abs(sold.loss))}"
