"""Relief of lots: nothing is created, the order is the mandate's."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import LotMethod
from domain.lots import TaxLot, Term
from domain.postings import Relief
from ledger.lots import LotShortageError, relieve

SOLD = date(2022, 11, 30)


def lot(name: str, quantity: int, basis: str, age_in_days: int) -> TaxLot:
    return TaxLot(
        lot_id=name,
        account_id="A1",
        security_id="US0378331005",
        quantity=Decimal(quantity),
        basis=Decimal(basis),
        acquired=SOLD - timedelta(days=age_in_days),
        source=None,
    )


OLD_CHEAP = lot("old-cheap", 100, "2000", 900)  # 20 a share, long term.
OLD_DEAR = lot("old-dear", 100, "9000", 800)  # 90, long term.
NEW_CHEAP = lot("new-cheap", 100, "3000", 100)  # 30, short term.
NEW_DEAR = lot("new-dear", 100, "8000", 50)  # 80, short term.
LOTS = (OLD_CHEAP, OLD_DEAR, NEW_CHEAP, NEW_DEAR)

amounts = st.integers(1, 10**14).map(lambda n: Decimal(n) / 10**8)  # Finer than any split.
some_lots = st.lists(
    st.tuples(st.integers(1, 5000), st.integers(0, 10**9), st.integers(0, 2000)),
    min_size=1,
    max_size=8,
).map(
    lambda rows: [
        lot(f"L{n}", quantity, str(Decimal(basis) / 10**6), age)
        for n, (quantity, basis, age) in enumerate(rows)
    ]
)


def sell(quantity: int, method: LotMethod, **options: object) -> list[str]:
    reliefs = relieve(
        LOTS,
        Decimal(quantity),
        Decimal(quantity) * 50,
        method,
        sold_on=SOLD,
        short_rate=Decimal("0.40"),
        long_rate=Decimal("0.20"),
        **options,
    )
    return [relief.lot_id for relief in reliefs]


@given(some_lots, st.sampled_from(LotMethod), amounts, st.data())
def test_relief_creates_neither_shares_nor_basis_nor_proceeds(lots, method, proceeds, data):
    held = sum(one.quantity for one in lots)
    quantity = Decimal(data.draw(st.integers(1, int(held))))

    reliefs = relieve(
        lots,
        quantity,
        proceeds,
        method,
        sold_on=SOLD,
        short_rate=Decimal("0.37"),
        long_rate=Decimal("0.2"),
    )

    by_id = {one.lot_id: one for one in lots}
    assert sum(relief.quantity for relief in reliefs) == quantity
    assert sum(relief.proceeds for relief in reliefs) == proceeds
    for relief in reliefs:
        source = by_id[relief.lot_id]
        assert 0 < relief.quantity <= source.quantity
        assert 0 <= relief.basis <= source.basis
        if relief.quantity == source.quantity:
            assert relief.basis == source.basis
        assert relief.basis == relief.basis.quantize(Decimal("0.000001"))
    whole = sum(one.basis for one in lots)
    if quantity == held:
        assert sum(relief.basis for relief in reliefs) == whole


@given(some_lots, st.data())
def test_selling_in_two_steps_takes_the_same_shares_as_in_one(lots, data):
    held = int(sum(one.quantity for one in lots))
    total = data.draw(st.integers(2, held)) if held > 1 else 1
    first = data.draw(st.integers(1, total - 1)) if total > 1 else total

    at_once = relieve(lots, Decimal(total), Decimal(0), LotMethod.FIFO, sold_on=SOLD)
    steps = relieve(lots, Decimal(first), Decimal(0), LotMethod.FIFO, sold_on=SOLD)
    if total > first:
        rest = without(lots, steps)
        left = Decimal(total - first)
        steps += relieve(rest, left, Decimal(0), LotMethod.FIFO, sold_on=SOLD)

    assert shares(steps) == shares(at_once)


def without(lots: list[TaxLot], reliefs: tuple[Relief, ...]) -> list[TaxLot]:
    taken = {relief.lot_id: relief for relief in reliefs}
    rest = []
    for one in lots:
        relief = taken.get(one.lot_id)
        if relief is None:
            rest.append(one)
        elif relief.quantity < one.quantity:
            quantity, basis = one.quantity - relief.quantity, one.basis - relief.basis
            rest.append(replace(one, quantity=quantity, basis=basis))
    return rest


def shares(reliefs: tuple[Relief, ...]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for relief in reliefs:
        found[relief.lot_id] = found.get(relief.lot_id, Decimal(0)) + relief.quantity
    return found


def test_fifo_takes_the_oldest_first():
    assert sell(250, LotMethod.FIFO) == ["old-cheap", "old-dear", "new-cheap"]


def test_hifo_takes_the_dearest_first():
    assert sell(250, LotMethod.HIFO) == ["old-dear", "new-dear", "new-cheap"]


def test_specific_takes_the_named_lots_in_their_order_and_then_the_oldest():
    assert sell(250, LotMethod.SPECIFIC, named=["new-dear", "new-cheap"]) == [
        "new-dear",
        "new-cheap",
        "old-cheap",
    ]


def test_tax_optimal_takes_the_least_tax_per_share_first():
    """At 50: tax per share is -12, -8, 6 and 8 dollars; the short-term loss is worth the most."""
    assert sell(400, LotMethod.TAX_OPTIMAL) == ["new-dear", "old-dear", "old-cheap", "new-cheap"]


@pytest.mark.parametrize("method", LotMethod)
def test_the_order_in_which_lots_are_given_does_not_matter(method):
    answers = {
        tuple(
            relief.lot_id
            for relief in relieve(given, Decimal(300), Decimal(15000), method, sold_on=SOLD)
        )
        for given in permutations(LOTS)
    }

    assert len(answers) == 1


def test_a_day_more_than_a_year_is_long():
    year = lot("year", 10, "100", 365)
    more = lot("more", 10, "100", 366)

    reliefs = relieve((year, more), Decimal(20), Decimal(300), LotMethod.FIFO, sold_on=SOLD)

    assert {relief.lot_id: relief.term for relief in reliefs} == {
        "more": Term.LONG,
        "year": Term.SHORT,
    }


def test_more_than_the_lots_hold_is_refused_with_the_numbers():
    with pytest.raises(LotShortageError, match="401 shares to relieve, the lots hold 400"):
        sell(401, LotMethod.FIFO)
