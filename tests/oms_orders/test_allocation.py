"""Allocation: everything is given out, and nobody is further than one unit from the exact part."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from oms.allocation import allocate, allocate_increment, allocate_money

accounts = st.dictionaries(
    st.integers(1, 60).map("A{:02d}".format),
    st.integers(1, 5000).map(Decimal),
    min_size=1,
    max_size=12,
)
keys = st.sampled_from(["R-0001", "R-0002", "R-0003"])


@given(accounts, keys, st.data())
def test_the_parts_add_up_and_stay_within_one_share_of_exact(wanted, key, data):
    total = sum(wanted.values())
    quantity = Decimal(data.draw(st.integers(0, int(total))))

    given_out = allocate(quantity, wanted, key=key)

    assert sum(given_out.values()) == quantity
    for account, part in given_out.items():
        exact = Fraction(quantity) * Fraction(wanted[account]) / Fraction(total)
        assert part == part.to_integral_value()
        assert abs(Fraction(part) - exact) < 1
        assert 0 <= part <= wanted[account]


@given(accounts, keys)
def test_a_full_fill_gives_everybody_what_they_wanted(wanted, key):
    assert allocate(sum(wanted.values()), wanted, key=key) == wanted


@given(accounts, keys, st.data())
def test_the_order_of_the_accounts_does_not_matter(wanted, key, data):
    quantity = Decimal(data.draw(st.integers(0, int(sum(wanted.values())))))
    shuffled = dict(data.draw(st.permutations(list(wanted.items()))))

    assert allocate(quantity, shuffled, key=key) == allocate(quantity, wanted, key=key)


@given(accounts, keys, st.data())
def test_increments_only_add_and_end_within_one_share_of_exact(wanted, key, data):
    """Fills in any number of steps: nobody gives back, nobody gets more than wanted."""
    total = int(sum(wanted.values()))
    done: dict[str, Decimal] = dict.fromkeys(wanted, Decimal(0))
    left = data.draw(st.integers(0, total))
    while left:
        step = data.draw(st.integers(1, left))
        left -= step

        more = allocate_increment(Decimal(step), wanted, done, key=key)

        assert sum(more.values()) == step
        assert all(part >= 0 for part in more.values())
        done = {account: done[account] + more[account] for account in wanted}
        assert all(done[account] <= wanted[account] for account in wanted)
    if sum(done.values()) == total:
        assert done == wanted


@given(accounts, st.integers(1, 1000).map(Decimal), keys)
def test_an_over_fill_is_shared_like_everything_else(wanted, extra, key):
    quantity = sum(wanted.values()) + extra

    given_out = allocate(quantity, wanted, key=key)

    assert sum(given_out.values()) == quantity
    assert all(given_out[account] >= wanted[account] for account in wanted)


@given(accounts, st.integers(-(10**12), 10**12), keys)
def test_money_is_divided_to_the_cent_and_adds_up_exactly(quantities, millionths, key):
    amount = Decimal(millionths) / 10**4

    parts = allocate_money(amount, quantities, key=key)

    assert sum(parts.values()) == amount
    odd = [part for part in parts.values() if part != part.quantize(Decimal("0.01"))]
    assert len(odd) <= 1
    total = Fraction(sum(quantities.values()))
    for account, part in parts.items():
        exact = Fraction(amount) * Fraction(quantities[account]) / total
        assert abs(Fraction(part) - exact) < Fraction(2, 100)


def test_the_odd_share_does_not_always_go_to_the_same_account():
    wanted = {"A1": Decimal(10), "A2": Decimal(10)}
    blocks = [f"R-{n:04d}" for n in range(200)]

    lucky = [allocate(Decimal(1), wanted, key=key)["A1"] for key in blocks]

    assert 60 < sum(lucky) < 140
