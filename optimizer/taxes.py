"""Taxes by lot: which lots a sale relieves, and what that costs.

The tax of selling more and more of a name is piecewise linear, one slope a lot.
Relieved cheapest first it is convex; FIFO (and HIFO when long and short terms
mix) may relieve dear lots first, and then the model sees the greatest convex
function below the real one (adjacent lots out of order are pooled). The tax that
is reported is always the real one, lot by lot in the method's order.

The tax that a loss saves today comes back when what replaces it, bought that much
cheaper, is sold: the objective counts only the mandate's `loss_value` of it. A
quarter is what five years of waiting are worth at 6 % a year: 1 - 1.06**-5. There
are gains elsewhere to set the loss against.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from domain.accounts import LotMethod, Mandate
from domain.lots import TaxLot, Term, term_of
from optimizer.values import FloatArray, GainKind, ReliefLot

ZERO = Decimal(0)
# A fill may be that much below today's price, so a lot that may become a loss counts as one.
FILL_MARGIN = Decimal("0.01")


def relief_order(
    lots: Sequence[TaxLot], mandate: Mandate, price: Decimal, sold_on: date, *, taxable: bool
) -> tuple[ReliefLot, ...]:
    """One name's lots as the mandate's method relieves them; ties go to the older lot.

    SPECIFIC is ours to name, and we name the least tax first.
    """
    priced = [(lot, _tax_per_share(lot, mandate, price, sold_on)) for lot in lots]
    match mandate.lot_method:
        case LotMethod.FIFO:
            priced.sort(key=lambda pair: (pair[0].acquired, pair[0].lot_id))
        case LotMethod.HIFO:
            priced.sort(
                key=lambda pair: (
                    -pair[0].basis / pair[0].quantity,
                    pair[0].acquired,
                    pair[0].lot_id,
                )
            )
        case LotMethod.SPECIFIC | LotMethod.TAX_OPTIMAL:
            priced.sort(key=lambda pair: (pair[1], pair[0].acquired, pair[0].lot_id))
    return tuple(
        ReliefLot(
            lot_id=lot.lot_id,
            shares=lot.quantity,
            tax_per_share=tax if taxable else ZERO,
            weighed_per_share=_weighed(tax, mandate, term_of(lot.acquired, sold_on))
            if taxable
            else ZERO,
            is_loss=taxable and lot.basis > price * (1 - FILL_MARGIN) * lot.quantity,
            gain_per_share=price - lot.basis / lot.quantity if taxable else ZERO,
            term=term_of(lot.acquired, sold_on),
        )
        for lot, tax in priced
    )


def _tax_per_share(lot: TaxLot, mandate: Mandate, price: Decimal, sold_on: date) -> Decimal:
    term = term_of(lot.acquired, sold_on)
    rate = mandate.long_term_rate if term is Term.LONG else mandate.short_term_rate
    return rate * (price - lot.basis / lot.quantity)


def _weighed(tax: Decimal, mandate: Mandate, term: Term) -> Decimal:
    """A loss, and a gain that a loss carried forward absorbs, count at what a loss is worth.

    Gains beyond what is carried forward are priced up to the whole tax by a soft row.
    """
    carried = mandate.wishes.carry_forward
    absorbed = carried.short if term is Term.SHORT else carried.long
    return tax * mandate.loss_value if tax < 0 or absorbed else tax


def without_losses(lots: tuple[ReliefLot, ...], method: LotMethod) -> tuple[ReliefLot, ...]:
    """The lots that can be sold without realising a loss.

    Named lots can be picked; any other method stops at the first loss in its order.
    """
    if method is LotMethod.SPECIFIC:
        return tuple(lot for lot in lots if not lot.is_loss)
    first = next((at for at, lot in enumerate(lots) if lot.is_loss), len(lots))
    return lots[:first]


def relieved(lots: tuple[ReliefLot, ...], shares: Decimal) -> tuple[tuple[ReliefLot, Decimal], ...]:
    """The lots that a sale of `shares` takes, each with the shares taken from it."""
    taken, left = [], shares
    for lot in lots:
        if left <= 0:
            break
        taken.append((lot, min(left, lot.shares)))
        left -= taken[-1][1]
    assert left <= 0, "a sale never exceeds the lots that may be sold"
    return tuple(taken)


def tax_of(lots: tuple[ReliefLot, ...], shares: Decimal) -> Decimal:
    """Dollars of tax on a sale of `shares`, exactly as the method relieves them."""
    return sum((lot.tax_per_share * part for lot, part in relieved(lots, shares)), ZERO)


def schedule(lots: tuple[ReliefLot, ...]) -> tuple[FloatArray, FloatArray]:
    """Break points: shares sold and dollars of tax as the objective counts it, both from zero."""
    shares = np.array([float(lot.shares) for lot in lots])
    slopes = np.array([float(lot.weighed_per_share) for lot in lots])
    return np.r_[0.0, np.cumsum(shares)], np.r_[0.0, np.cumsum(shares * slopes)]


def gain_schedule(lots: tuple[ReliefLot, ...], kind: GainKind) -> tuple[FloatArray, FloatArray]:
    """Break points: shares sold and dollars of gain of one kind realised, both from zero."""
    shares = np.array([float(lot.shares) for lot in lots])
    gains = np.array([kind.of(lot) for lot in lots])
    return np.r_[0.0, np.cumsum(shares)], np.r_[0.0, np.cumsum(shares * gains)]


def convex_envelope(shares: FloatArray, slopes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pool adjacent violators: segments whose slopes increase, with the greatest convex minorant.

    Takes and returns the length and slope of each segment; the whole length and
    the whole tax stay as they were.
    """
    pooled: list[tuple[float, float]] = []
    for length, slope in zip(shares, slopes, strict=True):
        size, height = float(length), float(length * slope)
        while pooled and pooled[-1][1] * size >= height * pooled[-1][0]:
            before = pooled.pop()
            size, height = size + before[0], height + before[1]
        pooled.append((size, height))
    lengths = np.array([size for size, _ in pooled])
    return lengths, np.array([height / size for size, height in pooled])
