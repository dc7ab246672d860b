"""Lots: which tax lots a sale relieves, and what gain that realises.

Basis and proceeds are split to six places by rounding the running total, so
the parts always add up to the whole.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from domain.accounts import LotMethod
from domain.errors import TrimtabError
from domain.exact import ZERO, plain
from domain.lots import TaxLot, Term, term_of
from domain.postings import Relief

_MILLIONTH = Decimal("0.000001")
_Key = Callable[[TaxLot], tuple[object, ...]]


class LotShortageError(TrimtabError):
    """More shares were sold than the lots hold."""

    def __init__(self, *, asked: Decimal, held: Decimal) -> None:
        super().__init__(f"{plain(asked)} shares to relieve, the lots hold {plain(held)}")
        self.asked, self.held = asked, held


def relieve(
    lots: Sequence[TaxLot],
    quantity: Decimal,
    proceeds: Decimal,
    method: LotMethod,
    *,
    sold_on: date,
    short_rate: Decimal = ZERO,
    long_rate: Decimal = ZERO,
    named: Sequence[str] = (),
) -> tuple[Relief, ...]:
    """The lots that a sale of `quantity` shares for `proceeds` dollars takes, in order.

    `lots` are one account's open lots of one security. `named` are lot ids in
    the order of relief, for SPECIFIC; what they do not cover goes FIFO. The
    rates are dollars of tax per dollar of gain, for TAX_OPTIMAL. Raises
    `LotShortageError` when the lots hold less than `quantity`.
    """
    assert quantity > 0
    held = sum((lot.quantity for lot in lots), ZERO)
    if held < quantity:
        raise LotShortageError(asked=quantity, held=held)
    price = Fraction(proceeds) / Fraction(quantity)
    rates = {Term.SHORT: Fraction(short_rate), Term.LONG: Fraction(long_rate)}
    keys: dict[LotMethod, _Key] = {
        LotMethod.FIFO: _age,
        LotMethod.HIFO: lambda lot: (-_cost(lot), *_age(lot)),
        LotMethod.SPECIFIC: lambda lot: (_rank(lot, named), *_age(lot)),
        LotMethod.TAX_OPTIMAL: lambda lot: (
            rates[term_of(lot.acquired, sold_on)] * (price - _cost(lot)),
            *_age(lot),
        ),
    }
    return _take(sorted(lots, key=keys[method]), quantity, proceeds, sold_on)


def _take(
    ordered: Sequence[TaxLot], quantity: Decimal, proceeds: Decimal, sold_on: date
) -> tuple[Relief, ...]:
    reliefs: list[Relief] = []
    taken = paid = ZERO
    for lot in ordered:
        if taken == quantity:
            break
        shares = min(lot.quantity, quantity - taken)
        taken += shares
        paid_so_far = _part(proceeds, taken, quantity)
        reliefs.append(
            Relief(
                lot_id=lot.lot_id,
                account_id=lot.account_id,
                security_id=lot.security_id,
                quantity=shares,
                basis=_part(lot.basis, shares, lot.quantity),
                proceeds=paid_so_far - paid,
                term=term_of(lot.acquired, sold_on),
                acquired=lot.acquired,
            )
        )
        paid = paid_so_far
    return tuple(reliefs)


def _part(whole: Decimal, shares: Decimal, of: Decimal) -> Decimal:
    """`whole` x `shares` / `of` to six places; all of it when all the shares go."""
    if shares == of:
        return whole
    return (whole * shares / of).quantize(_MILLIONTH, rounding=ROUND_HALF_EVEN)


def _cost(lot: TaxLot) -> Fraction:
    """Basis per share, exact."""
    return Fraction(lot.basis) / Fraction(lot.quantity)


def _age(lot: TaxLot) -> tuple[object, ...]:
    return (lot.acquired, lot.lot_id)


def _rank(lot: TaxLot, named: Sequence[str]) -> int:
    return named.index(lot.lot_id) if lot.lot_id in named else len(named)
