"""Lots: which tax lots a sale relieves, and what gain that realises.

Basis and proceeds are split to six places by rounding the running total, so
the parts always add up to the whole. Which lot costs more a share is told exactly.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from domain.accounts import LotMethod
from domain.errors import TrimtabError
from domain.exact import ZERO, plain, to_scaled
from domain.lots import TaxLot, Term, term_of
from domain.postings import Relief

_MILLIONTH = Decimal("0.000001")
_Key = Callable[[TaxLot], tuple[object, ...]]

# Two fractions with denominators below 2^63 differ by 2^-126 at least, or not at all: their
# whole parts after this shift are ordered, and equal, as they are.
_SHIFT = 127


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
    rates = {Term.SHORT: short_rate, Term.LONG: long_rate}
    match method:
        case LotMethod.FIFO:
            key: _Key = _age
        case LotMethod.HIFO:
            key = _dearest_first
        case LotMethod.SPECIFIC:
            key = _named_first(named)
        case LotMethod.TAX_OPTIMAL:
            key = _least_tax_first((proceeds, quantity), rates, sold_on)
    return _take(sorted(lots, key=key), quantity, proceeds, sold_on)


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


def _dearest_first(lot: TaxLot) -> tuple[object, ...]:
    """By basis per share."""
    return (-((to_scaled(lot.basis) << _SHIFT) // to_scaled(lot.quantity)), *_age(lot))


def _least_tax_first(
    sale: tuple[Decimal, Decimal], rates: Mapping[Term, Decimal], sold_on: date
) -> _Key:
    """By the tax on a share of each lot: its rate x (price - basis per share).

    `sale` is dollars and shares, whose ratio is the price.
    """
    (paid, paid_unit), (sold, sold_unit) = (one.as_integer_ratio() for one in sale)
    price, price_unit = paid * sold_unit, paid_unit * sold
    ratios = {term: rate.as_integer_ratio() for term, rate in rates.items()}
    unit = math.lcm(*(below for _, below in ratios.values()))
    weights = {term: above * unit // below for term, (above, below) in ratios.items()}

    def key(lot: TaxLot) -> tuple[object, ...]:
        shares = to_scaled(lot.quantity)
        gain = price * shares - to_scaled(lot.basis) * price_unit
        tax = weights[term_of(lot.acquired, sold_on)] * gain
        return ((tax << _SHIFT) // shares, *_age(lot))

    return key


def _age(lot: TaxLot) -> tuple[object, ...]:
    return (lot.acquired, lot.lot_id)


def _named_first(named: Sequence[str]) -> _Key:
    ranks = {lot_id: rank for rank, lot_id in reversed(list(enumerate(named)))}
    return lambda lot: (ranks.get(lot.lot_id, len(named)), *_age(lot))
