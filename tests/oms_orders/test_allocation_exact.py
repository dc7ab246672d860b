"""Whole-number allocation gives what the method gives in fractions, share for share."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from oms.allocation import allocate_increment, allocate_money

CENT = Decimal("0.01")
KEY = "R-0001"
quantities = st.integers(1, 10**6) | st.integers(1, 10**10).map(lambda n: Decimal(n).scaleb(-6))
accounts = st.dictionaries(
    st.integers(1, 60).map("A{:02d}".format), quantities.map(Decimal), min_size=2, max_size=9
)
dollars = st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-6))


def hamilton(amount: Decimal, weights: Mapping[str, Fraction], unit: Decimal) -> dict[str, Decimal]:
    """Largest remainder as it is defined, in fractions."""
    exact = {
        name: Fraction(amount) * weight / sum(weights.values()) / Fraction(unit)
        for name, weight in weights.items()
    }
    units = {name: int(part) for name, part in exact.items()}
    spare = int(Fraction(amount) / Fraction(unit)) - sum(units.values())
    ranked = sorted(exact, key=lambda name: (units[name] - exact[name], draw(name)))
    for name in ranked[:spare]:
        units[name] += 1
    parts = {name: count * unit for name, count in units.items()}
    parts[ranked[0]] += amount - sum(parts.values())
    return parts


def draw(name: str) -> bytes:
    return hashlib.sha256(f"{KEY}\n{name}".encode()).digest()


@given(accounts, dollars)
def test_money_is_divided_as_by_fractions(shares, amount):
    weights = {name: Fraction(part) for name, part in shares.items()}
    sign = -1 if amount < 0 else 1

    expected = hamilton(abs(amount), weights, CENT)

    found = allocate_money(amount, shares, key=KEY)
    assert found == {name: sign * part for name, part in expected.items()}


@given(accounts, st.lists(quantities.map(Decimal), min_size=9, max_size=9), quantities)
def test_an_increment_is_divided_as_by_fractions(wanted, given_before, increment):
    done = dict(zip(wanted, given_before, strict=False))
    total = Fraction(increment) + sum(map(Fraction, done.values()))
    whole = sum(map(Fraction, wanted.values()))
    claims = {
        name: max(Fraction(0), total * Fraction(part) / whole - Fraction(done[name]))
        for name, part in wanted.items()
    }
    assume(sum(claims.values()) > 0)

    expected = hamilton(Decimal(increment), claims, Decimal(1))

    assert allocate_increment(Decimal(increment), wanted, done, key=KEY) == expected
