"""Adjustments by hand: two persons put right what the books of one account lack."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.errors import UnknownNameError
from domain.lots import Term
from domain.orders import Side
from domain.splits import Split
from ledger import positions
from ledger.adjustments import Adjustment
from oms import adjustments, splits, wire_risk
from oms.adjustments import AdjustmentRefusedError
from oms.entering import enter
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    LIMITS,
    NOW,
    custody,
    intent,
    lot,
    open_books,
    snapshot,
)

LOT = "A1:AAPL:1"
BOOK = snapshot(
    (lot("A1", AAPL, 100, "9000"), lot("A1", AAPL, 40, "6000", n=2)), {"A1": "500", "A2": "500"}
)
CASH = Adjustment(account_id="A1", day=DAY, cash=Decimal("-12.34"))
COME = Adjustment(
    account_id="A1",
    day=DAY,
    security_id=AAPL,
    symbol="AAPL",
    shares=Decimal(10),
    cost=Decimal("1234.50"),
    acquired=date(2020, 5, 6),
)
GO = Adjustment(
    account_id="A1",
    day=DAY,
    security_id=AAPL,
    symbol="AAPL",
    shares=Decimal("-0.5"),
    lot_id=LOT,
)


@pytest.fixture
def books(vault):
    open_books(vault, BOOK)
    return vault


def propose(vault, wanted, by="anna", at=NOW):
    with vault.write() as uow:
        return adjustments.propose(uow, wanted, why="a letter", by=by, at=at)


def second(vault, number=1, by="ben", account="A1", at=NOW):
    with vault.write() as uow:
        return adjustments.second(uow, account, number, by=by, at=at)


def book(vault, wanted):
    said, _ = propose(vault, wanted)
    return second(vault, said.number)


def state(vault):
    """Cash, shares by lot, and how often the books moved; they fold to what is kept of them."""
    with vault.read() as view:
        facts, kept = view.ledger.all(), view.ledger.balances()
        lots = view.ledger.lots("A1")
        everybodys = view.ledger.lots()
    assert positions.is_balanced(facts)
    assert positions.balances(facts) == dict(kept)
    assert positions.lots(facts) == everybodys
    held = positions.positions(kept)
    assert sum(one.quantity for one in lots) == held["A1", AAPL]
    return positions.cash(kept)["A1"], {one.lot_id: (one.quantity, one.basis) for one in lots}


def test_nothing_changes_before_a_second_person_agrees(books):
    before = state(books)

    said, posted = propose(books, CASH)

    assert state(books) == before
    assert said.number == 1
    assert adjustments.in_words(CASH, posted) == "on 2022-11-30 $12.34 of cash leaves A1"


def test_cash_comes_or_goes_against_the_custodian(books):
    book(books, CASH)
    book(books, replace(CASH, cash=Decimal("61.70")))

    cash, _ = state(books)
    with books.read() as view:
        custodian = view.ledger.balances("custody:Harbor Trust")
    assert cash == Decimal("549.36")
    assert custodian["custody:Harbor Trust", "USD"] == -1000 + Decimal("12.34") - Decimal("61.70")


def test_shares_come_as_a_lot_with_its_cost_and_its_day(books):
    said, posted = book(books, COME)

    _, lots = state(books)
    assert lots["adjustment:A1:1"] == (10, Decimal("1234.50"))
    assert adjustments.in_words(said.adjustment, posted) == (
        "on 2022-11-30 10 AAPL come to A1 as lot adjustment:A1:1, acquired 2020-05-06 for $1,234.50"
    )


def test_shares_leave_a_lot_at_their_cost_without_gain(books):
    said, posted = book(books, GO)

    cash, lots = state(books)
    assert (cash, lots[LOT]) == (500, (Decimal("99.5"), 8955))
    assert adjustments.in_words(said.adjustment, posted) == (
        "on 2022-11-30 0.5 AAPL leave lot A1:AAPL:1 at their cost, $45.00, without gain or loss"
    )


def test_cash_in_lieu_of_a_fraction_is_a_sale_of_it(books):
    said, posted = book(books, replace(GO, cash=Decimal("61.70")))

    cash, lots = state(books)
    (gone,) = posted.relieved
    assert (cash, lots[LOT]) == (Decimal("561.70"), (Decimal("99.5"), 8955))
    assert (gone.gain, gone.term) == (Decimal("16.70"), Term.LONG)
    assert adjustments.in_words(said.adjustment, posted).endswith(
        "for $61.70; they cost $45.00: a long-term gain of $16.70"
    )


def test_a_lot_that_all_shares_left_is_gone(books):
    book(books, replace(GO, shares=Decimal(-100)))

    _, lots = state(books)
    assert lots == {"A1:AAPL:2": (40, 6000)}


def test_both_persons_stand_in_the_audit_trail(books):
    said, _ = book(books, CASH)

    with books.read() as view:
        entries = view.audit.about("adjustment A1")
    assert [(one.kind, one.actor) for one in entries] == [
        ("adjustment_proposed", "anna"),
        ("adjustment_booked", "ben"),
    ]
    assert said.why == "a letter"


@pytest.mark.parametrize(
    ("number", "by", "text"),
    [
        (1, "Anna", "Anna proposed this adjustment; ask a second person to agree"),
        (2, "ben", "A1 has no adjustment 2, 1 have been proposed; say it first: trimtab adjust"),
    ],
)
def test_one_person_adjusts_nothing(books, number, by, text):
    propose(books, CASH)
    before = state(books)

    with pytest.raises(AdjustmentRefusedError, match=text):
        second(books, number, by)

    assert state(books) == before


def test_an_adjustment_is_booked_once(books):
    book(books, CASH)
    before = state(books)

    with pytest.raises(AdjustmentRefusedError, match="is booked already; if it has to be made"):
        second(books)

    assert state(books) == before


def test_what_the_books_no_longer_allow_is_refused_when_the_second_person_comes(books):
    propose(books, replace(GO, shares=Decimal(-60)))
    book(books, replace(GO, shares=Decimal(-60)))

    with pytest.raises(AdjustmentRefusedError, match="has 40 shares, 60 cannot leave it"):
        second(books, 1)


REFUSED = [
    (replace(CASH, cash=Decimal(0)), "--cash 0 changes nothing"),
    (replace(CASH, cash=None), "it says nothing; say --cash DOLLARS"),
    (replace(CASH, cash=Decimal("0.001")), "--cash 0.001 is not dollars and cents"),
    (replace(CASH, cash=Decimal("NaN")), "--cash NaN is not dollars and cents"),
    (replace(CASH, shares=Decimal(1)), "are of a security; say its SYMBOL"),
    (replace(COME, shares=Decimal(0)), "SYMBOL needs --shares"),
    (replace(COME, shares=None), "SYMBOL needs --shares"),
    (replace(COME, shares=Decimal("0.0000001")), "--shares 1E-7 is not a number of up to 6"),
    (replace(COME, cost=Decimal("0.001")), "--cost 0.001 is not dollars and cents"),
    (replace(COME, cost=Decimal(-1)), "--cost -1 is below 0"),
    (replace(COME, cost=None), "need --cost and --acquired"),
    (replace(COME, acquired=None), "need --cost and --acquired"),
    (replace(COME, acquired=DAY + timedelta(1)), "--acquired 2022-12-01 is after 2022-11-30"),
    (replace(COME, lot_id=LOT), "--lot is for shares that leave"),
    (replace(COME, cash=Decimal(-5)), "--cash is what shares that leave have fetched"),
    (replace(GO, lot_id=None), "need --lot; see `trimtab lots --account A1`"),
    (replace(GO, cost=Decimal(1)), "--cost and --acquired are for shares that come"),
    (replace(GO, cash=Decimal(-1)), "--cash -1 is below 0"),
    (replace(GO, lot_id="A1:AAPL:9"), "no open lot 'A1:AAPL:9' of AAPL; open are A1:AAPL:1 .100."),
    (replace(GO, account_id="A2"), f"A2 has no open lot '{LOT}' of AAPL; open are none"),
    (replace(GO, shares=Decimal("-100.5")), "has 100 shares, 100.5 cannot leave it"),
    (replace(CASH, day=DAY + timedelta(1)), "2022-12-01 has not come yet"),
    (replace(CASH, day=DAY - timedelta(1)), "the days of A1 before 2022-11-30 are closed"),
]


@pytest.mark.parametrize(("wanted", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_cannot_be_is_refused_with_its_remedy(wanted, text):
    vault = MemoryVault()
    open_books(vault, BOOK)

    with pytest.raises(AdjustmentRefusedError, match=text):
        propose(vault, wanted)

    with vault.read() as view:
        assert view.audit.about(f"adjustment {wanted.account_id}") == ()


def test_an_account_that_is_not_in_the_books_is_unknown(books):
    with pytest.raises(UnknownNameError, match="no account 'A9' in the books"):
        propose(books, replace(CASH, account_id="A9"))


@pytest.mark.parametrize(("lots", "free"), [((), 80), ((LOT,), 40)])
def test_shares_that_open_sales_are_to_take_stay(vault, lots, free):
    """Of 140 in two lots 60 are being sold: by name out of the one, or of whichever."""
    open_books(vault, BOOK)
    sale = intent("H-1", Side.SELL, AAPL, {"A1": 60}, lot_ids=lots)
    with vault.write() as uow:
        enter(uow, (sale,), LIMITS, wire_risk.price_facts(BOOK), NOW)

    with pytest.raises(AdjustmentRefusedError, match=f"{free} of 100 are free, {free}.5 cannot"):
        propose(vault, replace(GO, shares=-(free + Decimal("0.5"))))

    book(vault, replace(GO, shares=Decimal(-free)))


def test_days_before_the_custodians_newest_are_closed():
    later = DAY + timedelta(days=1)
    told = tuple(replace(one, as_of=later) for one in custody(BOOK))
    vault = MemoryVault(custody=told)
    open_books(vault, BOOK)
    tomorrow = NOW + timedelta(days=1)

    with pytest.raises(AdjustmentRefusedError, match=f"before {later} are closed.*from {later} on"):
        propose(vault, CASH, at=tomorrow)

    propose(vault, replace(CASH, day=later), at=tomorrow)


def test_shares_of_before_a_split_are_told_as_those_of_after_it(books):
    split = Split(security_id=AAPL, day=DAY + timedelta(days=1), new=2, old=1)
    with books.write() as uow:
        splits.propose(uow, split, "AAPL", why="8-K", by="anna", at=NOW)
        splits.second(uow, "AAPL", split.day, by="ben", at=NOW)

    with pytest.raises(AdjustmentRefusedError, match="AAPL was split on 2022-12-01"):
        propose(books, GO)

    propose(books, CASH)
    propose(books, replace(GO, day=split.day), at=NOW + timedelta(days=1))
