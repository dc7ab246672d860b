"""The order of relief is by exact fractions, however close two lots' costs are."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from domain.accounts import LotMethod
from domain.lots import TaxLot, Term, term_of
from ledger.lots import relieve

SOLD = date(2026, 6, 1)
LARGEST = 2**63 - 1  # Millionths that fit at rest.
HALF = LARGEST // 2


def lot(name: str, shares: int, basis: int, age: int) -> TaxLot:
    """`shares` and `basis` in millionths, `age` in days."""
    return TaxLot(
        lot_id=name,
        account_id="A1",
        security_id="US0000000001",
        quantity=Decimal(shares).scaleb(-6),
        basis=Decimal(basis).scaleb(-6),
        acquired=SOLD - timedelta(days=age),
        source=None,
    )


millionths = st.integers(1, 50) | st.integers(1, LARGEST)
some_lots = st.lists(
    st.tuples(millionths, millionths, st.integers(0, 800)), min_size=1, max_size=6
).map(lambda rows: [lot(f"L{number}", *row) for number, row in enumerate(rows)])
rates = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-9))


def cost(one: TaxLot) -> Fraction:
    return Fraction(one.basis) / Fraction(one.quantity)


def all_sold(lots: list[TaxLot], proceeds: Decimal, method: LotMethod, **rates) -> list[str]:
    whole = sum(one.quantity for one in lots)
    return [one.lot_id for one in relieve(lots, whole, proceeds, method, sold_on=SOLD, **rates)]


@given(some_lots)
@example([lot("a", LARGEST, HALF, 9), lot("b", LARGEST - 1, HALF, 9)])
@example([lot("a", LARGEST - 2, LARGEST - 1, 9), lot("b", LARGEST - 1, LARGEST, 9)])
@example([lot("a", 1, 3, 1), lot("b", 2, 6, 2)])
def test_the_dearest_lot_goes_first_however_near_the_next(lots):
    by_fractions = sorted(lots, key=lambda one: (-cost(one), one.acquired, one.lot_id))

    assert all_sold(lots, Decimal(0), LotMethod.HIFO) == [one.lot_id for one in by_fractions]


@given(some_lots, st.integers(0, 10**14), rates, rates)
@example([lot("a", LARGEST, HALF, 9), lot("b", LARGEST - 1, HALF, 9)], 5, Decimal(1), Decimal(0))
def test_the_lot_with_the_least_tax_goes_first_however_near_the_next(lots, sold_for, short, long):
    proceeds = Decimal(sold_for).scaleb(-6)
    price = Fraction(proceeds) / Fraction(sum(one.quantity for one in lots))
    rate = {Term.SHORT: Fraction(short), Term.LONG: Fraction(long)}

    def tax(one: TaxLot) -> Fraction:
        return rate[term_of(one.acquired, SOLD)] * (price - cost(one))

    by_fractions = sorted(lots, key=lambda one: (tax(one), one.acquired, one.lot_id))

    found = all_sold(lots, proceeds, LotMethod.TAX_OPTIMAL, short_rate=short, long_rate=long)
    assert found == [one.lot_id for one in by_fractions]
