"""Wash sales on the books: found over a household after its orders, and posted once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.accounts import TaxStatus
from domain.facts import About, Fact
from domain.lots import Term
from domain.orders import Side
from domain.postings import Relief, Transaction, TransactionKind
from domain.snapshot import PastTrade
from domain.sold import sold_lots
from ledger.adjustments import Adjustment
from ledger.positions import disallowed
from oms import adjustments, wash_sales
from tests.oms_orders.desk import AAPL, DAY, KO, NOW, RUN, SOURCE, lot, open_books, snapshot

LATER = NOW + timedelta(days=3)
TAXPAYER = {"A1": TaxStatus.TAXABLE, "A2": TaxStatus.TAXABLE, "A3": TaxStatus.DEFERRED}


def household(book):
    """A1 and A2 are spouses, A3 is an IRA of theirs."""
    accounts = tuple(
        replace(account, household_id="H", tax_status=TAXPAYER[account.account_id])
        for account in book.accounts
    )
    return replace(book, accounts=accounts)


@pytest.fixture
def book():
    return household(snapshot([lot("A1", AAPL, 100, "20000")], {"A1": "0", "A2": "9000"}))


def allocate(vault, number, day=DAY, *, opened=(), relieved=()):
    with vault.write() as uow:
        uow.ledger.append(
            Transaction(
                transaction_id=f"allocation:R:{number}",
                kind=TransactionKind.ALLOCATION,
                trade_date=day,
                at=NOW,
                legs=(),
                opened=opened,
                relieved=relieved,
                run_id=RUN,
            )
        )


def sold_at_a_loss(shares=100, gain="-5000"):
    basis = Decimal(200) * shares
    return Relief(
        lot_id="A1:AAPL:1",
        account_id="A1",
        security_id=AAPL,
        quantity=Decimal(shares),
        basis=basis,
        proceeds=basis + Decimal(gain),
        term=Term.LONG,
        acquired=DAY - timedelta(days=600),
    )


def bought(account, shares, basis, security_id=AAPL, day=DAY):
    return replace(
        lot(account, security_id, shares, basis, 9),
        lot_id=f"{account}:bought",
        acquired=day,
        source=None,
    )


def post(vault, book, day=DAY):
    with vault.write() as uow:
        return wash_sales.post(uow, book, run_id=RUN, trade_date=day, at=NOW)


def lots(vault, account):
    with vault.read() as view:
        return {one.lot_id: one for one in view.ledger.lots(account)}


def test_a_spouse_who_buys_takes_the_loss_over_with_its_days(vault, book):
    open_books(vault, book)
    allocate(vault, 1, relieved=(sold_at_a_loss(),))
    allocate(vault, 2, opened=(bought("A2", 40, "6000"),))

    (posted,) = post(vault, book)

    (one,) = disallowed([posted])
    assert (one.quantity, one.loss, one.term) == (40, 2000, Term.LONG)
    (kept,) = lots(vault, "A2").values()
    assert (kept.quantity, kept.basis) == (40, 8000)
    assert kept.acquired == DAY - timedelta(days=600)


def by_hand(vault, **what):
    """Two persons book shares of AAPL in A1 or A2."""
    wanted = Adjustment(security_id=AAPL, symbol="AAPL", **what)
    with vault.write() as uow:
        said, _ = adjustments.propose(uow, wanted, why="a letter", by="anna", at=LATER)
        account = wanted.account_id
        return adjustments.second(uow, account, said.number, by="ben", at=LATER)[1]


def test_a_sale_and_a_purchase_that_persons_booked_are_matched(vault, book):
    open_books(vault, book)
    gone = {"shares": Decimal(-100), "lot_id": "A1:AAPL:1", "cash": Decimal(15000)}
    come = {"shares": Decimal(40), "cost": Decimal(6000), "acquired": DAY}
    sold = by_hand(vault, account_id="A1", day=DAY, **gone)
    lot_of = by_hand(vault, account_id="A2", day=DAY, **come).opened[0].lot_id

    (posted,) = post(vault, book)

    (one,) = disallowed([posted])
    assert (one.sale, one.replacement) == (sold.transaction_id, lot_of)
    assert (one.quantity, one.loss) == (40, 2000)
    (kept,) = lots(vault, "A2").values()
    assert (kept.quantity, kept.basis) == (40, 8000)
    assert post(vault, book) == ()


def test_shares_that_leave_at_cost_take_their_loss_along_and_realise_nothing(vault, book):
    open_books(vault, book)
    allocate(vault, 1, relieved=(sold_at_a_loss(),))
    allocate(vault, 2, opened=(bought("A2", 40, "6000"),))
    post(vault, book)
    (taker,) = lots(vault, "A2")
    by_hand(vault, account_id="A2", day=LATER.date(), shares=Decimal(-40), lot_id=taker)
    allocate(vault, 3, day=LATER.date(), opened=(bought("A2", 60, "9000", day=LATER.date()),))

    (posted,) = post(vault, book, LATER.date())

    assert [(one.quantity, one.loss) for one in disallowed([posted])] == [(60, 3000)]
    with vault.read() as view:
        gains = [one.gain for one in sold_lots(view.ledger.all()).values()]
    assert gains == [-5000, 0]


def test_posting_again_changes_nothing(vault, book):
    open_books(vault, book)
    allocate(vault, 1, relieved=(sold_at_a_loss(),))
    allocate(vault, 2, opened=(bought("A2", 40, "6000"),))
    post(vault, book)
    before = lots(vault, "A2")

    assert post(vault, book) == ()
    assert lots(vault, "A2") == before


def test_an_ira_makes_the_loss_vanish_and_keeps_its_basis(vault, book):
    open_books(vault, book)
    allocate(vault, 1, relieved=(sold_at_a_loss(),))
    allocate(vault, 2, opened=(bought("A3", 100, "15000"),))

    (posted,) = post(vault, book)

    assert disallowed([posted])[0].is_lost
    assert lots(vault, "A3")["A3:bought"].basis == 15000
    assert post(vault, book) == ()


@pytest.mark.parametrize("sold", [100, 60])
def test_what_an_ira_bought_and_sold_again_before_the_loss_makes_it_vanish_too(vault, book, sold):
    """The purchase counts, not the position: an IRA's own sale gives nothing back."""
    open_books(vault, book)
    earlier = DAY - timedelta(days=10)
    allocate(vault, 1, earlier, opened=(bought("A3", 100, "15000", day=earlier),))
    again = replace(
        sold_at_a_loss(sold, "0"),
        lot_id="A3:bought",
        account_id="A3",
        basis=Decimal(150) * sold,
        proceeds=Decimal(150) * sold,
        acquired=earlier,
    )
    allocate(vault, 2, DAY - timedelta(days=5), relieved=(again,))
    allocate(vault, 3, relieved=(sold_at_a_loss(),))

    (posted,) = post(vault, book)

    (one,) = disallowed([posted])
    assert (one.quantity, one.loss, one.is_lost) == (100, 5000, True)
    assert post(vault, book) == ()


def test_what_a_taxable_account_bought_and_sold_again_has_its_gain_restated(vault, book):
    """The purchase replaced the shares, so its own sale gained less by what was disallowed."""
    open_books(vault, book)
    allocate(vault, 1, opened=(bought("A2", 100, "15000"),))
    again = replace(
        sold_at_a_loss(100, "0"),
        lot_id="A2:bought",
        account_id="A2",
        basis=Decimal(15000),
        proceeds=Decimal(15100),
        term=Term.SHORT,
        acquired=DAY,
    )
    allocate(vault, 2, relieved=(again,))
    allocate(vault, 3, relieved=(sold_at_a_loss(),))

    (posted,) = post(vault, book)

    (one,) = disallowed([posted])
    assert one.loss == 5000
    (change,) = posted.restated
    assert (change.sale, change.was.gain, change.now.gain) == ("allocation:R:2", 100, -4900)
    assert (change.was.term, change.now.term) == (Term.SHORT, Term.LONG)
    assert lots(vault, "A2") == {}
    assert post(vault, book) == ()


def test_a_purchase_of_a_later_run_reaches_back_thirty_days_and_no_further(vault, book):
    open_books(vault, book)
    allocate(vault, 1, relieved=(sold_at_a_loss(50, "-2500"),))
    assert post(vault, book) == ()
    late = DAY + timedelta(days=31)
    allocate(vault, 2, late, opened=(bought("A1", 10, "1500", day=late),))
    assert post(vault, book, late) == ()
    in_time = DAY + timedelta(days=30)
    allocate(vault, 3, in_time, opened=(bought("A2", 10, "1500", day=in_time),))

    (posted,) = post(vault, book, in_time)

    assert disallowed([posted])[0].loss == 500


def test_another_household_and_another_name_replace_nothing(vault, book):
    strangers = replace(
        book, accounts=tuple(replace(a, household_id=a.account_id) for a in book.accounts)
    )
    open_books(vault, book)
    allocate(vault, 1, relieved=(sold_at_a_loss(),))
    allocate(vault, 2, opened=(bought("A2", 40, "6000"), bought("A1", 40, "2500", KO)))

    assert post(vault, strangers) == ()
    facts = (Fact(about=About.SECURITY, subject=KO, name="identical_to", value=AAPL, source=None),)
    identical = replace(strangers, facts=facts)
    assert len(post(vault, identical)) == 1


def test_a_loss_that_a_custodian_told_of_is_taken_over_by_our_purchase(vault, book):
    told = PastTrade(
        account_id="A2",
        security_id=AAPL,
        side=Side.SELL,
        quantity=Decimal(10),
        day=DAY - timedelta(days=3),
        gain=Decimal(-200),
        source=SOURCE,
    )
    open_books(vault, book)
    allocate(vault, 1, opened=(bought("A2", 5, "750"),))

    (posted,) = post(vault, replace(book, past_trades=(told,)))

    assert disallowed([posted])[0].loss == 100
    assert sum(one.basis for one in lots(vault, "A2").values()) == 850
