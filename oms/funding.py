"""Funding: buys are cut to the cash that is really there.

At the expected price an account keeps its cash floor; at the limit price, the
worst that can happen, it is still not overdrawn. Partial sells fund partial
buys, in whole shares.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from domain.exact import ZERO, plain, to_cents
from domain.orders import OrderIntent, Side
from oms.worst_price import worst_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What one account may spend, in dollars; nothing when negative."""

    expected: Decimal  # At the reference price: down to the cash floor.
    worst: Decimal  # At the limit price: down to zero.


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Shares that an account wanted to buy and could not pay for."""

    account_id: str
    cl_ord_id: str
    symbol: str
    wanted: Decimal
    funded: Decimal
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """The buys that the cash pays for, and what was cut."""

    intents: tuple[OrderIntent, ...]
    cuts: tuple[Cut, ...]


def fund(
    buys: Sequence[OrderIntent], purses: Mapping[str, Purse], cushion: Decimal, collar: Decimal
) -> Funding:
    """Scale each account's buys to its purse, all of them by the same factor.

    `cushion` is the fraction of each buy that is kept for commission, `collar` how far a
    buy without a limit may go beyond its price. An account without a purse buys nothing.
    An order that nobody can pay for disappears.
    """
    assert all(intent.side is Side.BUY for intent in buys)
    wishes: defaultdict[str, list[_Wish]] = defaultdict(list)
    for intent in buys:
        for part in intent.allocations:
            wishes[part.account_id].append(_Wish.of(intent, part.quantity, cushion, collar))
    funded: dict[tuple[str, str], Decimal] = {}
    cuts: list[Cut] = []
    nothing = Purse(expected=ZERO, worst=ZERO)
    for account, wanted in sorted(wishes.items()):
        purse = purses.get(account, nothing)
        granted = _grant(wanted, purse)
        for wish, quantity in zip(wanted, granted, strict=True):
            funded[wish.cl_ord_id, account] = quantity
            if quantity < wish.quantity:
                cuts.append(_cut(account, wish, quantity, purse))
    resized = (
        with_allocations(
            intent,
            {p.account_id: funded[intent.cl_ord_id, p.account_id] for p in intent.allocations},
        )
        for intent in buys
    )
    return Funding(intents=tuple(i for i in resized if i is not None), cuts=tuple(cuts))


def with_allocations(intent: OrderIntent, quantities: Mapping[str, Decimal]) -> OrderIntent | None:
    """The order with these quantities by account (others leave it); None when none is left."""
    parts = tuple(
        part if quantity == part.quantity else replace(part, quantity=quantity)
        for part in intent.allocations
        if (quantity := quantities.get(part.account_id, ZERO)) > 0
    )
    if not parts:
        return None
    total = sum((part.quantity for part in parts), ZERO)
    assert total <= intent.quantity, "a child never exceeds its parent"
    if total == intent.quantity and parts == intent.allocations:
        return intent
    return replace(intent, quantity=total, allocations=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    cl_ord_id: str
    symbol: str
    quantity: Decimal
    expected: Fraction  # Dollars a share, cushion included.
    worst: Fraction

    @classmethod
    def of(
        cls, intent: OrderIntent, quantity: Decimal, cushion: Decimal, collar: Decimal
    ) -> "_Wish":
        dearer = 1 + Fraction(cushion)
        return cls(
            cl_ord_id=intent.cl_ord_id,
            symbol=intent.symbol,
            quantity=quantity,
            expected=Fraction(intent.reference_price) * dearer,
            worst=Fraction(worst_price(intent, collar)) * dearer,
        )


def _grant(wanted: Sequence[_Wish], purse: Purse) -> list[Decimal]:
    """Whole shares: first the common factor rounded down, then one more each while cash lasts."""
    expected, worst = Fraction(max(ZERO, purse.expected)), Fraction(max(ZERO, purse.worst))
    needs = (
        (expected, sum((Fraction(w.quantity) * w.expected for w in wanted), Fraction(0))),
        (worst, sum((Fraction(w.quantity) * w.worst for w in wanted), Fraction(0))),
    )
    factor = min(Fraction(1), *(budget / need for budget, need in needs if need > 0))
    if factor == 1:
        return [wish.quantity for wish in wanted]
    exact = [Fraction(wish.quantity) * factor for wish in wanted]
    granted = [Decimal(int(quantity)) for quantity in exact]
    spent = sum(
        (Fraction(q) * w.expected for q, w in zip(granted, wanted, strict=True)), Fraction(0)
    )
    risked = sum((Fraction(q) * w.worst for q, w in zip(granted, wanted, strict=True)), Fraction(0))
    by_remainder = sorted(
        range(len(wanted)),
        key=lambda i: (Fraction(granted[i]) - exact[i], wanted[i].cl_ord_id),
    )
    for i in by_remainder:
        wish = wanted[i]
        fits = spent + wish.expected <= expected and risked + wish.worst <= worst
        if fits and granted[i] + 1 <= wish.quantity:
            granted[i] += 1
            spent += wish.expected
            risked += wish.worst
    return granted


def _cut(account: str, wish: _Wish, funded: Decimal, purse: Purse) -> Cut:
    why = (
        f"{account} may spend ${to_cents(purse.expected):,} down to its cash floor and "
        f"${to_cents(purse.worst):,} at the limit prices: it buys {plain(funded)} of "
        f"{plain(wish.quantity)} {wish.symbol}"
    )
    return Cut(
        account_id=account,
        cl_ord_id=wish.cl_ord_id,
        symbol=wish.symbol,
        wanted=wish.quantity,
        funded=funded,
        why=why,
    )
