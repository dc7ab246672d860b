"""What the books say of replaced shares: the strands in which a household's shares lie.

Read from the postings alone: what sales took of lots and still stands, the lots that are held,
and every wash sale that was posted. Shares of other days are counted in those of today. What
persons book by hand is a trade as any other. Shares of a taxable lot that they let leave at cost
went elsewhere: if they have replaced nothing by then, they do not any more.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from domain.exact import ZERO
from domain.lots import TaxLot
from domain.postings import Disallowance, Relief, Transaction, TransactionKind
from domain.sold import TOLD, SoldLot, left_at_cost, sold_lots
from domain.splits import Split, factor, rounded_times
from ledger.wash_strands import DUST, MARK, MILLIONTH, Piece, Strand, origin_of, part

_SALES = frozenset({TransactionKind.ALLOCATION, TransactionKind.ADJUSTMENT})
_BUYS = _SALES | {TransactionKind.OPENING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Shares of a sale's lot that were replaced: the sum of what was posted of it."""

    security_id: str
    shares: Decimal  # Of the sale's day.
    dollars: Decimal
    sold: date
    replacement: str
    taker: str  # Empty: no lot of ours.
    is_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """A purchase: the lot as it was opened, in the shares of a day."""

    lot: TaxLot
    day: date


class WashFacts:
    """The facts about some securities.

    `transactions` are in the ledger's order: all wash sales, and the others since a day, or from
    the first where `is_all`. `lots` are open now. `splits` are those of the clients' books, by
    security: only what it names counts. `units` are the shares that one of a derivative stands for.
    """

    def __init__(
        self,
        transactions: Iterable[Transaction],
        lots: Iterable[TaxLot],
        splits: Mapping[str, Sequence[Split]],
        *,
        is_all: bool,
        units: Mapping[str, Decimal] | None = None,
    ) -> None:
        self._transactions = tuple(transactions)
        self._lots = tuple(lots)
        self._splits = splits
        self._is_all = is_all
        self._units = units or {}

    def today(self, security_id: str, quantity: Decimal, day: date) -> Decimal:
        """What `quantity` of `day` have become, in shares."""
        grown = rounded_times(quantity, factor(self._splits.get(security_id, ()), day))
        return grown * self._units.get(security_id, 1)

    @cached_property
    def bought(self) -> Mapping[str, Bought]:
        """Purchases that stand, by the lot they opened; those of custodians too."""
        undone = {one.reverses for one in self._transactions if one.reverses}
        return {
            lot.lot_id: Bought(lot=lot, day=one.trade_date)
            for one in self._transactions
            if one.kind in _BUYS and one.transaction_id not in undone
            for lot in one.opened
        }

    @cached_property
    def links(self) -> Mapping[SoldLot, tuple[Link, ...]]:
        """What replaced each sale's lot, as far as it stands."""
        sums: dict[tuple[SoldLot, str, str], Link] = {}
        for posted in self._transactions:
            for one in posted.disallowed:
                taker = taker_of(one)
                key = ((one.sale, one.lot_id), one.replacement, taker)
                known = sums.get(key)
                sums[key] = Link(
                    security_id=one.security_id,
                    shares=one.quantity + (known.shares if known else ZERO),
                    dollars=one.loss + (known.dollars if known else ZERO),
                    sold=one.sold or posted.trade_date,
                    replacement=one.replacement,
                    taker=taker,
                    is_lost=one.is_lost,
                )
        found: defaultdict[SoldLot, list[Link]] = defaultdict(list)
        for (sold, _, _), link in sorted(sums.items(), key=lambda item: item[0]):
            if link.shares > 0:
                found[sold].append(link)
        return {sold: tuple(links) for sold, links in found.items()}

    def matched(self, sold: SoldLot) -> tuple[Decimal, Decimal]:
        """Shares and dollars of a sale's lot that were replaced before."""
        links = self.links.get(sold, ())
        return sum((o.shares for o in links), ZERO), sum((o.dollars for o in links), ZERO)

    @cached_property
    def served(self) -> Mapping[str, Decimal]:
        """Today's shares outside of our lots that have replaced a loss, by their purchase."""
        used: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in self._served_outside():
            used[one.replacement] += self.today(one.security_id, one.shares, one.sold)
        return used

    @cached_property
    def _rounded(self) -> Mapping[str, Decimal]:
        """By how many of today's shares `served` may be wrong, by purchase.

        It was posted in the shares of the sale's day, each time to a millionth.
        """
        most: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in self._served_outside():
            most[one.replacement] += self.today(one.security_id, MILLIONTH, one.sold)
        return most

    def _served_outside(self) -> Iterator[Link]:
        return (one for links in self.links.values() for one in links if not one.taker)

    def outside(self, accounts: frozenset[str]) -> tuple[Strand, ...]:
        """What these accounts bought, whole, whatever they have sold of it since, less what served.

        Retirement accounts: their lots take nothing over.
        """
        whole = {
            lot_id: replace(
                self._held(one.lot),
                shares=self.today(one.lot.security_id, one.lot.quantity, one.day),
            )
            for lot_id, one in self.bought.items()
            if one.lot.account_id in accounts and one.lot.security_id in self._splits
        }
        for lot in self._lots:
            if lot.account_id in accounts:
                held = self._held(lot)
                whole.setdefault(lot.lot_id, replace(held, shares=self._quantity(held)))
        return tuple(self.unserved(whole.values()))

    def unserved(self, purchases: Iterable[Piece]) -> Iterator[Strand]:
        """What is left of purchases outside of our lots.

        Of one share that replaced a third of one before a split, 0.999999 come back: the rest
        has served with them.
        """
        for piece in purchases:
            served = self.served.get(piece.origin, ZERO)
            left = piece.shares - served
            if left > (max(DUST, self._rounded[piece.origin]) if served else ZERO):
                yield Strand(
                    pieces=(replace(piece, shares=left),),
                    quantity=left,
                    origins=frozenset({piece.origin}),
                )

    def strands(self) -> tuple[Strand, ...]:
        """Every share that is held or was sold lies in one of them; told losses begin theirs."""
        return tuple(
            strand
            for piece in (*self._told, *(p for group in self._pieces.values() for p in group))
            if self._is_first(piece)
            for strand in self._after(piece, self._origins(piece.lot_id))
        )

    @cached_property
    def _pieces(self) -> Mapping[str, tuple[Piece, ...]]:
        """By lot: what is held of it, then what was sold, in the order of the sales."""
        found: defaultdict[str, list[Piece]] = defaultdict(list)
        for lot in self._lots:
            found[lot.lot_id].append(self._held(lot))
        by_id = {one.transaction_id: one for one in self._transactions}
        sales = {key: relief for key, relief in self._sold.items() if key[0] in by_id}
        for (sale, lot_id), relief in sorted(
            sales.items(), key=lambda item: (traded(by_id[item[0][0]]), item[0])
        ):
            found[lot_id].append(self._gone(by_id[sale], relief))
        return {lot_id: tuple(pieces) for lot_id, pieces in found.items()}

    @cached_property
    def _sold(self) -> Mapping[SoldLot, Relief]:
        known = {one.transaction_id: one for one in self._transactions if one.kind in _SALES}
        return {
            (sale, lot_id): relief
            for (sale, lot_id), relief in sold_lots(self._transactions).items()
            if sale in known
            and relief.quantity > 0
            and relief.security_id in self._splits
            and (MARK in lot_id or not left_at_cost(known[sale]))
        }

    @cached_property
    def _told(self) -> tuple[Piece, ...]:
        """What was replaced of losses that only custodians told of."""
        return tuple(
            Piece(
                origin="",
                lot_id=lot_id,
                account_id="",
                security_id=links[0].security_id,
                bought=links[0].sold,
                acquired=links[0].sold,
                shares=sum((link.shares for link in links), ZERO),
                basis=sum((link.dollars for link in links), ZERO),
                sale=sale,
                sold=links[0].sold,
                loss=sum((link.dollars for link in links), ZERO),
            )
            for (sale, lot_id), links in self.links.items()
            if sale.startswith(TOLD)
        )

    @cached_property
    def _came_from(self) -> Mapping[str, SoldLot]:
        """The loss that each lot took over."""
        return {one.taker: sold for sold, links in self.links.items() for one in links if one.taker}

    def _is_first(self, piece: Piece) -> bool:
        """Whether nothing that is known was replaced by it."""
        came = self._came_from.get(piece.lot_id)
        return came is None or not (came[0].startswith(TOLD) or came in self._sold)

    def _origins(self, lot_id: str) -> frozenset[str]:
        """The purchases before these shares in their strand."""
        found = set()
        came = self._came_from.get(lot_id)
        while came is not None:
            found.add(origin_of(came[1]))
            came = self._came_from.get(came[1])
        return frozenset(found)

    def _after(self, piece: Piece, before: frozenset[str]) -> Iterator[Strand]:
        origins = before | {piece.origin}
        left: Piece | None = piece
        quantity = self._quantity(piece)
        for link in self.links.get((piece.sale, piece.lot_id), ()):
            assert left is not None, f"more of {piece.lot_id} is replaced than was sold"
            taken, left = (
                (left, None) if link.shares == left.shares else left.cut(link.shares, link.dollars)
            )
            for strand in self._replaced(taken, link, origins):
                quantity -= strand.quantity
                yield strand
        if left is not None and quantity > 0:
            yield Strand(pieces=(left,), quantity=quantity, origins=origins)

    def _replaced(self, taken: Piece, link: Link, origins: frozenset[str]) -> Iterator[Strand]:
        alone = Strand(pieces=(taken,), quantity=self._quantity(taken), origins=origins)
        if not link.taker:
            yield replace(alone, given_to=link.replacement, is_lost=link.is_lost)
            return
        nexts = self._pieces.get(link.taker, ())
        is_known = self._is_all or origin_of(link.taker) in self.bought
        if not nexts or not is_known:
            yield replace(alone, is_whole=False)
            return
        below = [strand for one in nexts for strand in self._after(one, origins)]
        total = sum((strand.quantity for strand in below), ZERO)
        for strand in below:
            mine, rest = taken, taken
            if strand.quantity != total:
                mine, rest = taken.cut(
                    part(taken.shares, strand.quantity, total),
                    part(taken.loss, strand.quantity, total),
                )
            yield replace(strand, pieces=(mine, *strand.pieces))
            taken, total = rest, total - strand.quantity

    def _quantity(self, piece: Piece) -> Decimal:
        if piece.sold is None:
            return piece.shares * self._units.get(piece.security_id, 1)
        return self.today(piece.security_id, piece.shares, piece.counted or piece.sold)

    def _held(self, lot: TaxLot) -> Piece:
        origin = origin_of(lot.lot_id)
        known = self.bought.get(origin)
        return Piece(
            origin=origin,
            lot_id=lot.lot_id,
            account_id=lot.account_id,
            security_id=lot.security_id,
            bought=known.lot.acquired if known else lot.acquired,
            acquired=lot.acquired,
            shares=lot.quantity,
            basis=lot.basis,
            source=lot.source,
        )

    def _gone(self, sale: Transaction, relief: Relief) -> Piece:
        day = traded(sale)
        origin = origin_of(relief.lot_id)
        known = self.bought.get(origin)
        acquired = relief.acquired or (known.lot.acquired if known else day)
        return Piece(
            origin=origin,
            lot_id=relief.lot_id,
            account_id=relief.account_id,
            security_id=relief.security_id,
            bought=known.lot.acquired if known else acquired,
            acquired=acquired,
            shares=relief.quantity,
            basis=relief.basis,
            source=known.lot.source if known else None,
            sale=sale.transaction_id,
            sold=day,
            counted=sale.trade_date,
            loss=-relief.gain,
            term=relief.term,
            is_at_cost=left_at_cost(sale),
        )


def traded(sale: Transaction) -> date:
    """The day on which it was sold; a split since dates the transaction itself."""
    return sale.traded or sale.trade_date


def taker_of(one: Disallowance) -> str:
    """The lot of ours that took the loss over, if one did.

    Before it was kept its name followed from the sale's.
    """
    if one.is_lost or one.replacement.startswith(TOLD):
        return ""
    return one.taken_over_by or f"{one.replacement}{MARK}:{one.sale}:{one.lot_id}"
