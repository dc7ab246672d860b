"""Funding: nobody buys with money that is not there."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.orders import Side
from oms.funding import Purse, fund
from tests.oms_orders.desk import AAPL, KO, XOM, intent

NAMES = {"B-0001": AAPL, "B-0002": KO, "B-0003": XOM}
CUSHION = Decimal("0.001")

wishes = st.fixed_dictionaries(
    {
        name: st.dictionaries(st.sampled_from(["A1", "A2", "A3"]), st.integers(1, 400), min_size=1)
        for name in NAMES
    }
)
dollars = st.integers(-(10**6), 10**7).map(lambda n: Decimal(n) / 100)
some_purses = st.fixed_dictionaries(
    {account: st.builds(Purse, expected=dollars, worst=dollars) for account in ("A1", "A2")}
)


def buys(wanted: dict[str, dict[str, int]]) -> list:
    return [
        intent(name, Side.BUY, NAMES[name], parts, limit=str(1000 if name == "B-0001" else 200))
        for name, parts in wanted.items()
    ]


@given(wishes, some_purses)
def test_every_account_stays_within_its_purse(wanted, purses):
    """At the expected prices and at the limits; an account without a purse buys nothing."""
    funding = fund(buys(wanted), purses, CUSHION, Decimal(0))

    dearer = 1 + Fraction(CUSHION)
    for account in ("A1", "A2", "A3"):
        parts = [
            (order, part)
            for order in funding.intents
            for part in order.allocations
            if part.account_id == account
        ]
        expected = sum(Fraction(p.quantity * o.reference_price) * dearer for o, p in parts)
        worst = sum(Fraction(p.quantity * o.limit_price) * dearer for o, p in parts)
        purse = purses.get(account, Purse(expected=Decimal(0), worst=Decimal(0)))
        assert expected <= max(0, purse.expected)
        assert worst <= max(0, purse.worst)


@given(wishes, some_purses)
def test_what_was_cut_and_what_is_bought_make_what_was_wanted(wanted, purses):
    funding = fund(buys(wanted), purses, CUSHION, Decimal(0))

    bought = {
        (order.cl_ord_id, part.account_id): part.quantity
        for order in funding.intents
        for part in order.allocations
    }
    cut = {(c.cl_ord_id, c.account_id): c for c in funding.cuts}
    for name, parts in wanted.items():
        for account, quantity in parts.items():
            got = bought.get((name, account), Decimal(0))
            assert got == got.to_integral_value()
            assert 0 <= got <= quantity
            missing = cut.get((name, account))
            assert (missing is None) == (got == quantity)
            assert missing is None or (missing.wanted, missing.funded) == (quantity, got)


def test_enough_cash_changes_nothing():
    orders = buys({"B-0002": {"A1": 100}, "B-0003": {"A1": 20}})
    rich = {"A1": Purse(expected=Decimal(10**6), worst=Decimal(10**6))}

    funding = fund(orders, rich, CUSHION, Decimal(0))

    assert funding.intents == tuple(orders)
    assert funding.cuts == ()


def test_partial_sells_fund_partial_buys():
    """Half of the cash: about half of each buy, in whole shares, and hardly any cash left."""
    orders = [
        intent("B-0002", Side.BUY, KO, {"A1": 100}),
        intent("B-0003", Side.BUY, XOM, {"A1": 50}),
    ]
    half = (100 * Decimal("63.61") + 50 * Decimal("111.34")) / 2

    funding = fund(orders, {"A1": Purse(expected=half, worst=half)}, Decimal(0), Decimal(0))

    assert [order.quantity for order in funding.intents] == [50, 25]
    assert funding.cuts[0].why == (
        "A1 may spend $5,964.00 down to its cash floor and $5,964.00 at the limit prices: "
        "it buys 50 of 100 KO"
    )
