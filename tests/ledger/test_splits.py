"""Splits in the books: other shares of the same dollars, held since the same day."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.exact import InexactError
from domain.instruments import CASH
from domain.lots import TaxLot, Term
from domain.ports import CustodyPosition
from domain.postings import Leg, Relief, Transaction, TransactionKind
from domain.snapshot import CashBalance
from domain.sources import Source
from domain.splits import Split, factor, rounded_times, times
from ledger import positions, postings
from ledger.reconcile_positions import ledger_against_custody
from ledger.splits import LateSplitError, of_clients

AT = datetime(2022, 12, 1, 13, 0, tzinfo=UTC)
DAY = date(2022, 12, 1)
YESTERDAY = date(2022, 11, 30)
AAPL, KO = "US0378331005", "US1912161007"
SOURCE = Source("positions.csv", 2, "0" * 64)

numbers = st.integers(1, 20)
splits = st.builds(lambda new, old: (new, old), numbers, numbers).filter(
    lambda pair: pair[0] != pair[1]
)


def split(new: int = 2, old: int = 1, day: date = DAY) -> Split:
    return Split(security_id=AAPL, day=day, new=new, old=old)


def lot(account: str, number: int, shares: int, basis: str, security=AAPL) -> TaxLot:
    return TaxLot(
        lot_id=f"{account}:{security}:{number}",
        account_id=account,
        security_id=security,
        quantity=Decimal(shares),
        basis=Decimal(basis),
        acquired=date(2020, 1, number),
        source=SOURCE,
    )


def opening(account: str, *lots: TaxLot) -> Transaction:
    cash = CashBalance(account_id=account, amount=Decimal(1000), source=SOURCE)
    position = CustodyPosition(
        account_id=account, custodian="Harbor", as_of=YESTERDAY, lots=lots, cash=cash
    )
    return postings.opening(position, AT)


def open_lots(facts):
    return [one for one in positions.lots(facts) if one.security_id == AAPL]


BOOK = (
    opening("A1", lot("A1", 1, 100, "9000"), lot("A1", 2, 7, "1")),
    opening("A2", lot("A2", 1, 5, "812.5"), lot("A2", 2, 3, "9", KO)),
)


def test_a_two_for_one_doubles_shares_and_halves_nothing_but_the_basis_of_each():
    posted = of_clients(split(), BOOK, open_lots(BOOK), AT)

    after = (*BOOK, posted)
    held = positions.positions(positions.balances(after))
    assert held == {("A1", AAPL): 214, ("A2", AAPL): 10, ("A2", KO): 3}
    assert [(one.lot_id, one.quantity, one.basis, one.acquired) for one in open_lots(after)] == [
        (one.lot_id, one.quantity * 2, one.basis, one.acquired) for one in open_lots(BOOK)
    ]
    assert positions.cash(positions.balances(after)) == {"A1": 1000, "A2": 1000}
    assert positions.realised(after) == ()


@given(pair=splits, quantities=st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_any_split_keeps_every_dollar_every_day_and_the_balance(pair, quantities):
    lots = [lot("A1", n, q, str(q * 3)) for n, q in enumerate(quantities, 1)]
    book = (opening("A1", *lots),)

    after = (*book, of_clients(split(*pair), book, open_lots(book), AT))

    assert positions.is_balanced(after)
    made = open_lots(after)
    assert [(one.basis, one.acquired) for one in made] == [
        (one.basis, one.acquired) for one in lots
    ]
    held = positions.positions(positions.balances(after))
    assert sum(one.quantity for one in made) == held["A1", AAPL]
    for before, one in zip(lots, made, strict=True):
        exact = Fraction(before.quantity) * Fraction(*pair)
        assert abs(Fraction(one.quantity) - exact) <= Fraction(1, 10**6)


@given(pair=splits, quantity=st.integers(1, 10**9))
def test_a_split_and_its_opposite_are_nothing(pair, quantity):
    there, back = split(*pair), split(pair[1], pair[0])

    made = rounded_times(Decimal(quantity), there.ratio)

    assume(Fraction(made) == quantity * there.ratio)
    assert times(made, back.ratio) == quantity


def test_shares_that_do_not_come_out_are_refused_where_they_must_be_exact():
    with pytest.raises(InexactError, match="more than 6 decimal places"):
        times(Decimal(10), Fraction(4, 3))


def test_only_what_was_before_its_day_is_multiplied():
    first, then = split(2, 1), split(3, 2, date(2023, 1, 3))

    assert factor((first, then), YESTERDAY) == 3
    assert factor((first, then), DAY) == Fraction(3, 2)
    assert factor((first, then), then.day) == 1


def test_shares_bought_on_the_day_itself_are_new_already():
    bought = Transaction(
        transaction_id="allocation:B:1",
        kind=TransactionKind.ALLOCATION,
        trade_date=DAY,
        at=AT,
        legs=(
            Leg(book="block:B", asset=AAPL, quantity=Decimal(-10)),
            Leg(book="client:A1", asset=AAPL, quantity=Decimal(10)),
        ),
        opened=(lot("A1", 9, 10, "700"),),
    )
    facts = (*BOOK, bought)

    after = (*facts, of_clients(split(), facts, open_lots(facts), AT))

    assert positions.positions(positions.balances(after))["A1", AAPL] == 214 + 10
    assert {one.lot_id: one.quantity for one in open_lots(after)}[f"A1:{AAPL}:9"] == 10


def test_a_split_that_is_booked_after_its_shares_were_sold_is_refused():
    sold = Transaction(
        transaction_id="allocation:S:1",
        kind=TransactionKind.ALLOCATION,
        trade_date=DAY,
        at=AT,
        legs=(
            Leg(book="client:A1", asset=AAPL, quantity=Decimal(-7)),
            Leg(book="block:S", asset=AAPL, quantity=Decimal(7)),
        ),
        relieved=(
            Relief(
                lot_id=f"A1:{AAPL}:2",
                account_id="A1",
                security_id=AAPL,
                quantity=Decimal(7),
                basis=Decimal(1),
                proceeds=Decimal(2),
                term=Term.LONG,
            ),
        ),
    )
    facts = (*BOOK, sold)

    with pytest.raises(LateSplitError, match="A1 sold 7 of lot"):
        of_clients(split(), facts, open_lots(facts), AT)


def test_the_custodians_file_of_the_next_morning_agrees():
    """Before the split is booked every account differs, afterwards none does."""
    theirs = [
        CustodyPosition(
            account_id=account,
            custodian="Harbor",
            as_of=DAY,
            lots=lots,
            cash=CashBalance(account_id=account, amount=Decimal(1000), source=SOURCE),
        )
        for account, lots in (
            (
                "A1",
                (lot("A1", 1, 200, "9000"), lot("A1", 2, 14, "1")),
            ),
            (
                "A2",
                (
                    lot("A2", 1, 10, "812.5"),
                    lot("A2", 2, 3, "9", KO),
                ),
            ),
        )
    ]
    after = (*BOOK, of_clients(split(), BOOK, open_lots(BOOK), AT))

    def breaks(facts):
        return ledger_against_custody(positions.balances(facts), positions.lots(facts), theirs)

    assert {one.subject.split()[0] for one in breaks(BOOK)} == {"A1", "A2"}
    assert breaks(after) == ()


def test_a_split_leaves_cash_alone():
    posted = of_clients(split(1, 10), BOOK, open_lots(BOOK), AT)

    assert {leg.asset for leg in posted.legs} == {AAPL}
    assert CASH not in {leg.asset for leg in posted.legs}
    assert all(relief.basis == 0 == relief.gain for relief in posted.relieved)
