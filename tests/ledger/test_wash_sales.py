"""Wash sales: the regulation's own examples, and what holds of any trades of a household."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.lots import TaxLot, Term
from domain.postings import Relief, Transaction, TransactionKind
from ledger import wash_sales
from ledger.wash_sales import MARK, Loss
from vault.lot_fold import fold_lots

AT = datetime(2026, 11, 2, 21, 0, tzinfo=UTC)
M = "US5949181045"


def lot(name, bought, quantity, basis, *, account="A", security=M):
    return TaxLot(
        lot_id=name,
        account_id=account,
        security_id=security,
        quantity=Decimal(quantity),
        basis=Decimal(basis),
        acquired=bought,
        source=None,
    )


def loss(sold, bought, quantity, amount, *, name="old", account="A", sale="S1", security=M):
    return Loss(
        sale=sale,
        lot_id=name,
        account_id=account,
        security_id=security,
        sold=sold,
        acquired=bought,
        quantity=Decimal(quantity),
        loss=Decimal(amount),
        term=Term.SHORT,
    )


def match(losses, lots, retirement=(), used=None, same=lambda security_id: security_id):
    return wash_sales.match(losses, lots, frozenset(retirement), used or {}, same)


def after(lots, found, day):
    """The lots once the wash sales are posted."""
    standing = {one.lot_id: one for one in lots}
    for transaction in wash_sales.postings(found, trade_date=day, at=AT, run_id=None):
        standing = fold_lots(standing, transaction)
    return sorted(standing.values(), key=lambda one: (one.acquired, one.lot_id))


def test_one_share_bought_again_dearer():
    """1.1091-2(a) example 1: bought at 100, sold at 80, bought again at 90: basis 110."""
    again = lot("new", date(1955, 2, 1), 1, "90")
    found = match([loss(date(1955, 1, 15), date(1935, 6, 1), 1, "20")], [again])

    (new,) = after([again], found, date(1955, 2, 1))
    assert new.basis == 110


def test_one_share_bought_again_cheaper():
    """1.1091-2(a) example 2: bought at 100, sold at 80, bought again at 70: basis 90."""
    again = lot("new", date(1955, 2, 1), 1, "70")
    found = match([loss(date(1955, 1, 15), date(1935, 6, 1), 1, "20")], [again])

    (new,) = after([again], found, date(1955, 2, 1))
    assert new.basis == 90


def test_all_the_shares_are_replaced_by_an_earlier_purchase():
    """1.1091-1(h) example 1: 100 bought on 1 December are sold on 3 January; 100 more were
    bought on 15 December. The whole loss of $1,000 is disallowed."""
    second = lot("second", date(1954, 12, 15), 100, "9000")
    found = match([loss(date(1955, 1, 3), date(1954, 12, 1), 100, "1000")], [second])

    assert sum(one.disallowed for one in found) == 1000


def test_three_quarters_of_the_shares_are_replaced_by_two_purchases():
    """1.1091-1(h) example 2 and 1091(d): bases $3,250 and $1,375; $250 stay deductible."""
    lots = [
        lot("december 21", date(1954, 12, 21), 50, "2750"),
        lot("december 27", date(1954, 12, 27), 25, "1125"),
    ]
    found = match([loss(date(1955, 1, 3), date(1954, 9, 21), 100, "1000")], lots)

    assert sum(one.disallowed for one in found) == 750
    assert [one.basis for one in after(lots, found, date(1955, 1, 3))] == [3250, 1375]


def test_the_first_purchases_serve_and_take_the_days_over():
    """1.1091-1(h) example 3: four purchases of 50; those of 15 and 16 February serve, and the
    time from 15 September 1954 to 1 February 1956 is added to theirs."""
    lots = [lot(f"feb {day}", date(1956, 2, day), 50, "2000") for day in range(15, 19)]
    found = match([loss(date(1956, 2, 1), date(1954, 9, 15), 100, "1000")], lots)

    assert [one.lot.lot_id for one in found] == ["feb 15", "feb 16"]
    held = date(1956, 2, 1) - date(1954, 9, 15)
    standing = after(lots, found, date(1956, 2, 18))
    assert [one.acquired for one in standing] == [
        date(1956, 2, 15) - held,
        date(1956, 2, 16) - held,
        date(1956, 2, 17),
        date(1956, 2, 18),
    ]


def test_the_hundred_shares_of_publication_550():
    """IRS Publication 550, Wash Sales: bought for $1,000, sold for $750, bought again for $800
    within 30 days: the $250 are not deducted, and the new basis is $1,050."""
    again = lot("new", date(2026, 10, 20), 100, "800")
    found = match([loss(date(2026, 10, 1), date(2026, 3, 2), 100, "250")], [again])

    (new,) = after([again], found, date(2026, 10, 20))
    assert new.basis == 1050


def test_an_ira_replaces_the_shares_and_takes_nothing_over():
    """Rev. Rul. 2008-5: the loss is disallowed and the basis of the IRA is not increased."""
    again = lot("new", date(2026, 10, 20), 100, "800", account="IRA")
    found = match([loss(date(2026, 10, 1), date(2026, 3, 2), 100, "250")], [again], {"IRA"})

    assert after([again], found, date(2026, 10, 20)) == [again]
    (one,) = found
    assert (one.disallowed, one.is_lost) == (250, True)


def test_shares_of_an_ira_serve_once():
    again = lot("new", date(2026, 10, 20), 100, "800", account="IRA")
    found = match([loss(date(2026, 10, 1), date(2026, 3, 2), 100, "250")], [again], {"IRA"})
    posted = wash_sales.postings(found, trade_date=date(2026, 10, 20), at=AT, run_id=None)
    other = loss(date(2026, 10, 2), date(2026, 3, 2), 100, "250", sale="S2")

    assert match([other], [again], {"IRA"}, wash_sales.served(posted)) == ()


@pytest.mark.parametrize(
    ("days", "is_wash"), [(-31, False), (-30, True), (0, True), (30, True), (31, False)]
)
def test_the_window_is_sixty_one_days(days, is_wash):
    sold = date(2026, 6, 1)
    again = lot("new", sold + timedelta(days=days), 10, "80")

    assert bool(match([loss(sold, date(2026, 1, 2), 10, "20")], [again])) is is_wash


def test_the_rest_of_the_same_purchase_replaces_nothing():
    """Rev. Rul. 56-602."""
    bought = date(2026, 6, 1)
    rest = lot("one", bought, 50, "500")

    assert match([loss(date(2026, 6, 10), bought, 50, "20", name="one")], [rest]) == ()


def test_another_share_class_counts_where_the_master_calls_it_identical():
    again = lot("new", date(2026, 10, 20), 100, "800", security="CLASS-B")
    sold = [loss(date(2026, 10, 1), date(2026, 3, 2), 100, "250")]

    assert match(sold, [again]) == ()
    assert len(match(sold, [again], same=lambda one: M if one == "CLASS-B" else one)) == 1


def test_what_a_custodian_told_of_is_in_the_basis_of_its_own_purchases():
    told = loss(date(2026, 10, 1), date(2026, 10, 1), 10, "20", name="")
    ours = lot("ours", date(2026, 10, 20), 10, "80")

    assert len(match([told], [ours])) == 1


losses = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 400), st.integers(1, 30), st.integers(1, 90_000)),
    max_size=5,
)
purchases = st.lists(
    st.tuples(st.integers(0, 90), st.integers(1, 30), st.integers(1, 5000), st.sampled_from("AAI")),
    max_size=6,
)


@given(sold=losses, bought=purchases)
def test_no_share_serves_twice_and_no_cent_is_made_or_lost(sold, bought):
    begin = date(2026, 1, 1)
    lost = [
        loss(
            begin + timedelta(days=day),
            begin + timedelta(days=day - held),
            quantity,
            Decimal(cents) / 100,
            name=f"L{n}",
            sale=f"S{n}",
        )
        for n, (day, held, quantity, cents) in enumerate(sold)
    ]
    lots = [
        lot(f"N{n}", begin + timedelta(days=day), quantity, basis, account=account)
        for n, (day, quantity, basis, account) in enumerate(bought)
    ]
    found = match(lost, lots, {"I"})
    standing = after(lots, found, begin + timedelta(days=120))

    of_loss: dict[str, Decimal] = defaultdict(Decimal)
    of_lot: dict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        of_loss[one.loss.sale] += one.quantity
        of_lot[one.lot.lot_id] += one.quantity
        assert abs(one.lot.acquired - one.loss.sold) <= timedelta(days=30)
        assert 0 <= one.disallowed <= one.loss.loss
    for one in lost:
        assert of_loss[one.sale] <= one.quantity
        dollars = sum(f.disallowed for f in found if f.loss.sale == one.sale)
        assert dollars <= one.loss
        assert (dollars == one.loss) or of_loss[one.sale] < one.quantity
    assert all(of_lot[one.lot_id] <= one.quantity for one in lots)
    carried = sum(one.disallowed for one in found if not one.is_lost)
    assert sum(one.basis for one in standing) == sum(one.basis for one in lots) + carried
    assert sum(one.quantity for one in standing) == sum(one.quantity for one in lots)
    assert match(_rest(lost, found), standing, {"I"}, _used(found)) == ()


def _rest(lost, found):
    """What is left of each loss after the first matching."""
    for one in lost:
        own = [f for f in found if f.loss.sale == one.sale]
        left = one.quantity - sum(f.quantity for f in own)
        dollars = one.loss - sum(f.disallowed for f in own)
        if left:
            yield loss(one.sold, one.acquired, left, dollars, name=one.lot_id, sale=one.sale)


def _used(found):
    used = defaultdict(Decimal)
    for one in found:
        if one.is_lost:
            used[one.lot.lot_id] += one.quantity
    return used


def sale(name, gain, **changes):
    relief = Relief(
        lot_id="old",
        account_id="A",
        security_id=M,
        quantity=Decimal(10),
        basis=Decimal(100),
        proceeds=100 + Decimal(gain),
        term=Term.LONG,
        acquired=date(2025, 1, 2),
    )
    values = {
        "transaction_id": name,
        "kind": TransactionKind.ALLOCATION,
        "trade_date": date(2026, 6, 1),
        "at": AT,
        "legs": (),
        "relieved": (relief,),
    }
    return Transaction(**{**values, **changes})


def test_losses_are_what_taxable_accounts_sold_at_a_loss_that_stands():
    gone = sale("S2", "-20")
    undone = sale("S2r", "0", kind=TransactionKind.ALLOCATION_REVERSAL, reverses="S2")
    known = [sale("S1", "-30"), gone, undone, sale("S3", "5")]

    (found,) = wash_sales.losses_of(known, frozenset({"A"}))
    assert (found.sale, found.loss, found.acquired) == ("S1", 30, date(2025, 1, 2))
    assert wash_sales.losses_of(known, frozenset()) == ()


def test_a_loss_that_was_replaced_before_counts_for_the_rest_only():
    first = sale("S1", "-30")
    (found,) = wash_sales.losses_of([first], frozenset({"A"}))
    part = match([found], [lot("new", date(2026, 6, 5), 4, "40")])
    posted = wash_sales.postings(part, trade_date=date(2026, 6, 5), at=AT, run_id=None)

    (rest,) = wash_sales.losses_of([first, *posted], frozenset({"A"}))
    assert (rest.quantity, rest.loss) == (6, 18)
    assert MARK in posted[0].opened[0].lot_id
