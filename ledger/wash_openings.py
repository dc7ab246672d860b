"""Accounts that were held away and came into our books: what their purchases had replaced.

A purchase that only a custodian told of takes a loss out of our books. When its shares become a
lot of ours the loss comes back with them: it is in that lot then, and the shares serve no
second time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.custody import CustodyHistory, LotHistory
from domain.lots import TaxLot
from domain.sold import TOLD, told_parts
from ledger.wash_strands import Piece, Strand, carried, held, taken

_SILENT = LotHistory()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The lots of an opening that a told purchase may have come to be."""

    purchase: str  # `told_id`.
    lots: tuple[TaxLot, ...]
    is_named: bool  # The custodian's file names the purchase; else they are of its day.


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtIn:
    """A loss that a told purchase had taken out of our books, and the lot that has it now."""

    purchase: str
    loss: Piece
    before: Strand
    after: Strand  # As before, where a retirement account's lot takes nothing over.
    is_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What came of one purchase."""

    found: tuple[BroughtIn, ...]
    left: tuple[Strand, ...]  # Losses that stay with it: their shares are in no lot.


def opened_by(purchase: str, lots: Iterable[TaxLot], history: CustodyHistory) -> Opened:
    """By the custodian's word; where it says none, the lots of the security and the day."""
    _, security_id, day = told_parts(purchase)
    own = [lot for lot in lots if lot.security_id == security_id]
    says = {lot.lot_id: history.lots.get(lot.lot_id, _SILENT).purchase for lot in own}
    named = tuple(lot for lot in own if says[lot.lot_id] == purchase)
    dated = tuple(lot for lot in own if not says[lot.lot_id] and lot.acquired == day)
    return Opened(purchase=purchase, lots=named or dated, is_named=bool(named))


def bring_in(
    strands: Iterable[Strand], opened: Opened, histories: Mapping[str, LotHistory]
) -> Brought:
    """The losses that the purchase has replaced, in the order of their sales, into its lots.

    `strands` are all of the household's names, the new lots among them.
    """
    every = tuple(strands)
    waiting = sorted((one for one in every if one.given_to == opened.purchase), key=_turn)
    free = _of_lots(every, opened.lots)
    found: list[BroughtIn] = []
    left: list[Strand] = []
    for losing in waiting:
        rest: Strand | None = losing
        while rest is not None and free:
            known = free.pop(0)
            quantity = min(rest.quantity, known.quantity)
            mine, over = taken(rest, quantity)
            theirs, more = taken(known, quantity)
            free[:0] = [more] if more is not None else []
            if mine is None or theirs is None:
                break
            history = histories.get(theirs.head.lot_id, _SILENT)
            found.append(_brought(opened.purchase, mine, theirs, history))
            rest = over
        left += [rest] if rest is not None else []
    return Brought(found=tuple(found), left=tuple(left))


def _of_lots(strands: Iterable[Strand], lots: Sequence[TaxLot]) -> list[Strand]:
    by_lot = {one.head.lot_id: one for one in strands if not one.head.sale}
    return [by_lot[lot.lot_id] for lot in lots if lot.lot_id in by_lot]


def _brought(purchase: str, losing: Strand, theirs: Strand, history: LotHistory) -> BroughtIn:
    loss = losing.tail
    after = theirs
    if not losing.is_lost:
        after = carried(loss, theirs)
        if history.disallowed > 0:
            after = replace(after, pieces=(_as_told(loss, theirs.head, after.head, purchase),))
    return BroughtIn(
        purchase=purchase, loss=loss, before=theirs, after=after, is_lost=losing.is_lost
    )


def _as_told(loss: Piece, was: Piece, now: Piece, purchase: str) -> Piece:
    """A lot with the loss in its basis by its custodian's word, and its days if it moved them."""
    *_, day = told_parts(purchase)
    acquired = was.acquired - held(loss) if was.acquired == day else was.acquired
    return replace(now, basis=was.basis, acquired=acquired)


def _turn(strand: Strand) -> tuple[object, ...]:
    tail = strand.tail
    return (tail.sold, tail.bought, tail.sale, tail.lot_id)


def is_of(purchase: str, account_id: str) -> bool:
    """Whether it is a purchase that only a custodian told of this account."""
    return purchase.startswith(TOLD) and told_parts(purchase)[0] == account_id
