"""Strands: shares that replaced one another, from the first that was sold at a loss to the last.

A share replaces one other at most and is replaced by one at most, so a household's shares of
one name lie in strands; shares whose whole strand is alike lie in one together. A loss that was
replaced belongs to the next of its strand, and what makes it grow goes the same way on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import sha256

from domain.exact import ZERO
from domain.lots import Term, term_of
from domain.sources import Source

MARK = "~w"  # In the id of a lot that took a loss over: its purchase has served.
MILLIONTH = Decimal("0.000001")
DUST = Decimal("0.00001")  # Shares: what a split's rounding leaves over.


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Shares of one purchase that are still held, or were sold together; each like the others."""

    origin: str  # The lot that the purchase opened; empty: nobody says.
    lot_id: str  # The lot that they are in, or were sold from.
    account_id: str
    security_id: str
    bought: date
    acquired: date  # When they were bought, less the days that they took over.
    shares: Decimal  # Of the day of their sale; while held, of today.
    basis: Decimal
    source: Source | None = None
    sale: str = ""  # The transaction that sold them; empty: they are held.
    sold: date | None = None
    counted: date | None = None  # The day whose shares they are, if they were sold before a split.
    loss: Decimal = ZERO  # Basis less proceeds, of what was sold; a gain is below zero.
    term: Term = Term.SHORT  # Of what was sold.
    is_at_cost: bool = False  # They left without a sale: no gain or loss, whatever they cost.

    def cut(self, shares: Decimal, loss: Decimal) -> "tuple[Piece, Piece]":
        """`shares` of its own with `loss`, and the rest."""
        basis = part(self.basis, shares, self.shares)
        left = replace(
            self,
            shares=self.shares - shares,
            basis=self.basis - basis,
            loss=self.loss - loss,
        )
        return replace(self, shares=shares, basis=basis, loss=loss), left


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """`quantity` shares of today: each piece but the last was sold at a loss and replaced."""

    pieces: tuple[Piece, ...]
    quantity: Decimal
    origins: frozenset[str]  # The purchases in it, those before its first piece too.
    given_to: str = ""  # The purchase outside of our lots that replaced its last piece.
    is_lost: bool = False  # That was a retirement account's.
    is_whole: bool = True  # Nothing after its last piece is unknown.

    @property
    def head(self) -> Piece:
        """Its first piece."""
        return self.pieces[0]

    @property
    def tail(self) -> Piece:
        """Its last piece."""
        return self.pieces[-1]

    @property
    def has_open_loss(self) -> bool:
        """Whether its last piece was sold at a loss that nothing has replaced."""
        return self.is_whole and not self.given_to and self.tail.loss > 0

    def divided(self, quantity: Decimal) -> "tuple[Strand, Strand] | None":
        """`quantity` shares of it, fewer than it has, and the rest; together they are all of it.

        None where a piece cannot be divided so: less than a millionth of a share would be left.
        """
        assert 0 < quantity < self.quantity
        taken, left = [], []
        for piece in self.pieces:
            shares = part(piece.shares, quantity, self.quantity)
            if not 0 < shares < piece.shares:
                return None
            one, rest = piece.cut(shares, part(piece.loss, quantity, self.quantity))
            taken.append(one)
            left.append(rest)
        return (
            replace(self, pieces=tuple(taken), quantity=quantity),
            replace(self, pieces=tuple(left), quantity=self.quantity - quantity),
        )


def taken(strand: Strand, quantity: Decimal) -> tuple[Strand | None, Strand | None]:
    """So many shares of it, and the rest; what a split's rounding leaves over goes with them.

    That is also what is no millionth of a share any more in the shares of a piece's own day.
    """
    if strand.quantity - quantity <= DUST or any(
        part(piece.shares, quantity, strand.quantity) == piece.shares for piece in strand.pieces
    ):
        return strand, None
    return strand.divided(quantity) or (None, strand)


def carried(loss: Piece, strand: Strand) -> Strand:
    """`strand` after it has replaced `loss`: its basis and its days, down to the last piece.

    The days that the sold shares were held count as held by each of them (1223(3)).
    """
    return replace(strand, pieces=tuple(_carried(loss, strand.pieces)))


def _carried(loss: Piece, pieces: tuple[Piece, ...]) -> Iterator[Piece]:
    before = loss
    days = held(loss)
    for piece in pieces:
        acquired = piece.acquired - days
        before = replace(
            piece,
            lot_id=lot_after(before, piece.origin),
            acquired=acquired,
            basis=piece.basis + loss.loss,
            loss=piece.loss + loss.loss if piece.sale and not piece.is_at_cost else ZERO,
            term=piece.term if piece.sold is None else term_of(acquired, piece.sold),
        )
        yield before


def freed(strand: Strand, first: int) -> tuple[Piece, ...]:
    """The pieces from number `first` on as if none had replaced the one before it."""
    return tuple(
        _freed(before, piece)
        for before, piece in zip(strand.pieces[first - 1 :], strand.pieces[first:], strict=False)
    )


def _freed(before: Piece, piece: Piece) -> Piece:
    acquired = piece.acquired + held(before)
    return replace(
        piece,
        lot_id=piece.origin,
        acquired=acquired,
        basis=max(ZERO, piece.basis - before.loss),  # Shares that cost nothing, after rounding.
        loss=piece.loss - before.loss if piece.sale and not piece.is_at_cost else ZERO,
        term=piece.term if piece.sold is None else term_of(acquired, piece.sold),
    )


def lot_after(before: Piece, origin: str) -> str:
    """The lot of the shares of `origin` that replaced `before`.

    Other shares that were before them make another lot. However long the strand, the name is not.
    """
    name = f"{origin}{MARK}:{before.sale}:{origin_of(before.lot_id)}"
    if before.lot_id == before.origin:
        return name
    return f"{name}:{sha256(before.lot_id.encode()).hexdigest()[:12]}"


def origin_of(lot_id: str) -> str:
    """The lot that the purchase opened, whatever its shares took over since."""
    return lot_id.partition(MARK)[0]


def held(piece: Piece) -> timedelta:
    """How long shares that were sold were held."""
    assert piece.sold is not None
    return piece.sold - piece.acquired


def part(whole: Decimal, shares: Decimal, of: Decimal) -> Decimal:
    """`whole` x `shares` / `of` to six places; all of it when all the shares go."""
    if shares == of:
        return whole
    return (whole * shares / of).quantize(MILLIONTH, rounding=ROUND_HALF_EVEN)
