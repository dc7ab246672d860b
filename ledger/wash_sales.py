"""Wash sales: a loss is not deducted when the shares are replaced within 30 days.

26 USC 1091 and Treas. Reg. 1.1091-1 and -2: the days are the 30 before the sale,
its own, and the 30 after it. Losses are taken in the order of their sales, on one day
in the order in which the shares were first acquired (1.1091-1(b)); they are matched
share for share with acquisitions, the earliest first (1.1091-1(c) and (d)); an
acquisition serves once (1.1091-1(e)). What was sold of a lot is not replaced by the
rest of the same lot (Rev. Rul. 56-602). The disallowed loss goes into the basis of the
replacement, and the days that the sold shares were held count as its own (1091(d),
1223(3)). A replacement bought by an IRA takes over nothing (Rev. Rul. 2008-5).

A purchase replaces whether its shares are still held or not. Those that are held serve first, then
those that were sold, in the order of their sales: the gain of that sale is smaller by the loss, and
its term may be another. Where it becomes a loss, that is matched in its turn; where it was one
that had been replaced, what it grows by goes on to the shares that replaced it. A purchase that
handed a loss on never gets it back: it does not replace what replaced it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.sold import TOLD
from ledger.wash_strands import Piece, Strand, carried, taken

WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class WashSale:
    """`loss` was replaced by the first piece of `before`, which is `after` since."""

    loss: Piece
    before: Strand
    after: Strand | None  # None: no lot of ours takes it over.
    is_lost: bool = False  # An IRA bought the shares.


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The wash sales of one taxpayer."""

    found: tuple[WashSale, ...]
    is_complete: bool  # False: facts of before `since` are needed to tell.


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxpayer:
    """A household: spouses together, and their retirement accounts, which take nothing over."""

    taxable: frozenset[str]
    retirement: frozenset[str]


def match(
    strands: Iterable[Strand],
    owner: Taxpayer,
    same: Callable[[str], str],
    *,
    since: date,
    losses_since: date,
) -> Matched:
    """Losses and purchases of one taxpayer, matched share for share.

    `strands` are its shares since the day `since`; those of a retirement account are what it
    bought and has not served yet. `same` names what is substantially identical by one id.
    Losses of sales before `losses_since` are not asked about.
    """
    by_name: defaultdict[str, list[Strand]] = defaultdict(list)
    for strand in strands:
        by_name[same(strand.tail.security_id)].append(strand)
    found: list[WashSale] = []
    is_complete = True
    for name in sorted(by_name):
        one = _Name(by_name[name], owner, since=since, losses_since=losses_since)
        one.match()
        found += one.found
        is_complete = is_complete and one.is_complete
    return Matched(found=tuple(found), is_complete=is_complete)


class _Name:
    """What is substantially identical, of one taxpayer, while it is matched."""

    def __init__(
        self, strands: Sequence[Strand], owner: Taxpayer, *, since: date, losses_since: date
    ) -> None:
        self._owner = owner
        self._since = since
        self._waiting: list[Strand] = []
        self._others: list[Strand] = []
        self.found: list[WashSale] = []
        self.is_complete = True
        for strand in strands:
            is_asked = self._has_loss(strand) and _sold(strand) >= losses_since
            (self._waiting if is_asked else self._others).append(strand)

    def match(self) -> None:
        """Every loss in its turn; those that a restated sale makes take theirs among them."""
        while self._waiting:
            first = min(self._waiting, key=_turn)
            self._waiting.remove(first)
            self._replace(first)

    def _replace(self, losing: Strand) -> None:
        known = (*self._waiting, *self._others)
        free = [one for one in known if self._may_serve(one) and _replaces(one, losing)]
        self.is_complete = self.is_complete and all(one.is_whole for one in free)
        left: Strand | None = losing
        for one in sorted(free, key=_place):
            if left is not None and one.is_whole:
                left = self._join(left, one)
        if left is not None:
            self._others.append(left)

    def _join(self, losing: Strand, known: Strand) -> Strand | None:
        """One wash sale; what is left of the loss."""
        quantity = min(losing.quantity, known.quantity)
        mine, left = taken(losing, quantity)
        theirs, rest = taken(known, quantity)
        if mine is None or theirs is None:
            return losing
        home = self._waiting if known in self._waiting else self._others
        home.remove(known)
        if rest is not None:
            home.append(rest)
        loss = mine.tail
        is_lost = known.head.account_id in self._owner.retirement
        if is_lost or known.head.origin.startswith(TOLD):
            self.found.append(WashSale(loss=loss, before=theirs, after=None, is_lost=is_lost))
            self._others.append(
                replace(
                    mine,
                    given_to=known.head.origin,
                    is_lost=is_lost,
                    origins=mine.origins | known.origins,
                )
            )
            return left
        after = carried(loss, theirs)
        self.found.append(WashSale(loss=loss, before=theirs, after=after))
        self._file(
            replace(
                after,
                pieces=(*mine.pieces, *after.pieces),
                origins=mine.origins | after.origins,
            )
        )
        return left

    def _file(self, strand: Strand) -> None:
        if not self._has_loss(strand):
            self._others.append(strand)
            return
        self._waiting.append(strand)
        if _sold(strand) - WINDOW < self._since:
            self.is_complete = False

    def _has_loss(self, strand: Strand) -> bool:
        told = not strand.tail.origin
        return strand.has_open_loss and (told or strand.tail.account_id in self._owner.taxable)

    def _may_serve(self, strand: Strand) -> bool:
        """Whether its first piece was bought and has replaced nothing yet."""
        head = strand.head
        owners = self._owner.taxable | self._owner.retirement
        return bool(head.origin) and head.lot_id == head.origin and head.account_id in owners


def _replaces(known: Strand, losing: Strand) -> bool:
    """Bought in the 61 days, and by no purchase that the loss came through already.

    A custodian that told of a loss has put it into the basis of what it bought itself.
    """
    head, tail = known.head, losing.tail
    if abs(head.bought - _sold(losing)) > WINDOW or known.origins & losing.origins:
        return False
    return bool(tail.origin) or head.source is None


def _sold(strand: Strand) -> date:
    assert strand.tail.sold is not None
    return strand.tail.sold


def _turn(strand: Strand) -> tuple[object, ...]:
    """1.1091-1(b): by the day of the sale, then in the order of the first acquisition."""
    tail = strand.tail
    return (_sold(strand), tail.bought, tail.sale, tail.lot_id)


def _place(strand: Strand) -> tuple[object, ...]:
    """1.1091-1(c), (d): the earliest purchase first; of one, what is held before what was sold."""
    head = strand.head
    fate = tuple((one.sold or date.min, one.sale, one.origin) for one in strand.pieces)
    return (head.bought, head.origin, fate, strand.given_to)
