"""Taxes by lot: order of relief, exact amounts, and the convex function below them."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import LotMethod
from optimizer.taxes import convex_envelope, relief_order, relieved, tax_of, without_losses
from tests.optimizer.book import AS_OF, lot, mandate

PRICE = Decimal(100)
OLD_GAIN = lot("A", "X", 10, 40, days_held=2000, tag="old gain")
NEW_GAIN = lot("A", "X", 10, 90, days_held=30, tag="new gain")
OLD_LOSS = lot("A", "X", 10, 130, days_held=900, tag="old loss")
NEW_LOSS = lot("A", "X", 10, 120, days_held=100, tag="new loss")
LOTS = (NEW_GAIN, OLD_LOSS, OLD_GAIN, NEW_LOSS)


def order(method: LotMethod, *, taxable: bool = True):
    terms = mandate(lot_method=method)
    return relief_order(LOTS, terms, PRICE, AS_OF, taxable=taxable)


def tags(lots) -> list[str]:
    return [lot.lot_id.split(":")[-1] for lot in lots]


def test_each_method_relieves_in_its_own_order():
    assert tags(order(LotMethod.FIFO)) == ["old gain", "old loss", "new loss", "new gain"]
    assert tags(order(LotMethod.HIFO)) == ["old loss", "new loss", "new gain", "old gain"]
    least_tax = ["new loss", "old loss", "new gain", "old gain"]  # 20 x 40.8 % beats 30 x 23.8 %.
    assert tags(order(LotMethod.TAX_OPTIMAL)) == least_tax
    assert tags(order(LotMethod.SPECIFIC)) == least_tax


def test_a_sale_pays_the_tax_of_the_lots_it_relieves_and_no_other():
    """15 shares by FIFO: ten long gains of 60, five long losses of 30."""
    lots = order(LotMethod.FIFO)

    assert tax_of(lots, Decimal(15)) == Decimal("0.238") * (10 * 60 - 5 * 30)
    assert [(tags([one])[0], part) for one, part in relieved(lots, Decimal(15))] == [
        ("old gain", 10),
        ("old loss", 5),
    ]


def test_an_account_that_pays_no_tax_has_neither_taxes_nor_losses():
    lots = order(LotMethod.HIFO, taxable=False)

    assert tax_of(lots, Decimal(40)) == 0
    assert not any(lot.is_loss for lot in lots)


def test_a_lot_that_a_lower_fill_would_make_a_loss_counts_as_one():
    """The price may slip by one percent between the snapshot and the fill."""
    lots = (
        lot("A", "X", 10, "99.1", tag="near"),
        lot("A", "X", 10, "98.9", tag="far"),
    )

    found = relief_order(lots, mandate(), PRICE, AS_OF, taxable=True)

    assert [(tags([one])[0], one.is_loss) for one in found] == [("near", True), ("far", False)]
    assert tags(without_losses(found, LotMethod.SPECIFIC)) == ["far"]


def test_a_saving_counts_at_the_loss_value_and_a_tax_in_full():
    lots = {tags([one])[0]: one for one in order(LotMethod.HIFO)}

    assert lots["old loss"].weighed_per_share == lots["old loss"].tax_per_share * Decimal("0.25")
    assert lots["new gain"].weighed_per_share == lots["new gain"].tax_per_share == Decimal("4.08")


def test_selling_without_a_loss_stops_at_the_first_one_unless_lots_are_named():
    fifo = without_losses(order(LotMethod.FIFO), LotMethod.FIFO)
    highest = without_losses(order(LotMethod.HIFO), LotMethod.HIFO)
    named = without_losses(order(LotMethod.SPECIFIC), LotMethod.SPECIFIC)

    assert tags(fifo) == ["old gain"]
    assert tags(highest) == []
    assert tags(named) == ["new gain", "old gain"]


segments = st.lists(
    st.tuples(st.floats(0.001, 1), st.floats(-0.5, 0.5, allow_subnormal=False)),
    min_size=1,
    max_size=6,
)


@given(segments)
def test_the_envelope_is_convex_below_the_tax_and_meets_it_at_both_ends(parts):
    lengths, slopes = (np.array(side) for side in zip(*parts, strict=True))
    real = np.r_[0, np.cumsum(lengths * slopes)]
    at = np.r_[0, np.cumsum(lengths)]

    wide, steep = convex_envelope(lengths, slopes)

    below = np.interp(at, np.r_[0, np.cumsum(wide)], np.r_[0, np.cumsum(wide * steep)])
    assert np.all(np.diff(steep) >= 0)
    assert np.all(below <= real + 1e-9)
    assert below[-1] == pytest.approx(real[-1], abs=1e-9)


@given(segments)
def test_the_envelope_is_the_greatest_one(parts):
    """Against the definition: the largest convex function below is the lower hull of the points."""
    lengths, slopes = (np.array(side) for side in zip(*parts, strict=True))
    at = np.r_[0, np.cumsum(lengths)]
    real = np.r_[0, np.cumsum(lengths * slopes)]
    hull = [
        min(
            real[a] + (real[b] - real[a]) * (x - at[a]) / (at[b] - at[a])
            for a in range(n + 1)
            for b in range(n, len(at))
            if a < b
        )
        if 0 < n < len(at) - 1
        else real[n]
        for n, x in enumerate(at)
    ]

    wide, steep = convex_envelope(lengths, slopes)

    found = np.interp(at, np.r_[0, np.cumsum(wide)], np.r_[0, np.cumsum(wide * steep)])
    assert np.allclose(found, np.minimum(hull, real), atol=1e-9)
