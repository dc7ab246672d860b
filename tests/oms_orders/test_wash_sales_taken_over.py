"""Accounts that were held away and are taken over: what they had served comes along, once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.accounts import TaxStatus
from domain.custody import CustodyHistory, LotHistory
from domain.facts import About, Fact
from domain.orders import Side
from domain.ports import CustodyPosition
from domain.snapshot import CashBalance, PastTrade
from domain.sold import told_id
from ledger import postings
from ledger.positions import disallowed
from oms import wash_sales
from oms.explain.wash_sale import wash_sale_words
from oms.wash_openings import bring_in
from tests.ledger.wash_books import Books
from tests.oms_orders.desk import AAPL, DAY, NOW, RUN, SOURCE, XOM, lot, open_books, snapshot

BOUGHT, SOLD, JOINED = (DAY + timedelta(days=number) for number in (205, 210, 220))
STATUS = {"A": TaxStatus.TAXABLE, "ELSEWHERE": TaxStatus.TAXABLE, "IRA": TaxStatus.DEFERRED}
PURCHASE = told_id("ELSEWHERE", AAPL, BOUGHT)
LINE = "positions.csv:2:"
WHAT = f"{LINE} what ELSEWHERE bought of {AAPL} on {BOUGHT}"


def family():
    book = snapshot([], {}, accounts=tuple(STATUS))
    return replace(
        book,
        accounts=tuple(
            replace(one, household_id="H", tax_status=STATUS[one.account_id])
            for one in book.accounts
        ),
    )


BOOK = family()


class Household:
    """A lost 5,000 on 100 shares; what was bought elsewhere before is told."""

    def __init__(self, vault, monkeypatch):
        self.vault, self.monkeypatch = vault, monkeypatch
        self.books, self.told = Books(), []
        open_books(vault, replace(BOOK, cash=(), accounts=()))
        self.books.buy("old", DAY, 100, 20000, account="A", security=AAPL)
        self.enter()
        self.sell("old", 100, 15000)

    def enter(self):
        with self.vault.write() as uow:
            uow.ledger.append(self.books.transactions[-1])

    def sell(self, lot_id, shares, proceeds, day=SOLD):
        self.books.transactions = [*self.facts()]
        self.books.sell(day, lot_id, shares, proceeds)
        self.enter()

    def facts(self):
        with self.vault.read() as uow:
            return uow.ledger.all()

    def buys_elsewhere(self, shares, account="ELSEWHERE", security_id=AAPL):
        self.told.append(
            PastTrade(
                account_id=account,
                security_id=security_id,
                side=Side.BUY,
                quantity=Decimal(shares),
                day=BOUGHT,
                gain=None,
                source=SOURCE,
            )
        )

    def post(self, day=SOLD, facts=()):
        book = replace(BOOK, past_trades=tuple(self.told), facts=facts)
        with self.vault.write() as uow:
            posted = wash_sales.post(uow, book, run_id=RUN, trade_date=day, at=NOW)
        return [one.loss for transaction in posted for one in transaction.disallowed]

    def joins(self, *lots, says=None):
        """Gives what was said."""
        (account,) = {one.account_id for one in lots}
        position = CustodyPosition(
            account_id=account,
            custodian="Harbor Trust",
            as_of=JOINED,
            lots=lots,
            cash=CashBalance(account_id=account, amount=Decimal(0), source=SOURCE),
        )
        history = says or CustodyHistory(
            purchases={
                told_id(account, one.security_id, one.day): one.quantity for one in self.told
            },
            lots={},
        )
        with self.vault.write() as uow:
            uow.ledger.append(postings.opening(position, NOW))
            self.monkeypatch.setattr(
                type(uow.custody), "history", lambda *_: history, raising=False
            )
            said = bring_in(uow, (position,), as_of=JOINED, at=NOW)
        return [f"{one.source}: {one.words}" for one in said]

    def lots(self):
        with self.vault.read() as uow:
            return sorted(
                (one.quantity, one.basis, one.acquired, one.lot_id.partition("~w")[0])
                for one in uow.ledger.lots()
            )

    def stays(self):
        """What is disallowed, by what has replaced it."""
        found = {}
        for one in disallowed(self.facts()):
            found[one.replacement] = found.get(one.replacement, 0) + one.loss
        return {name: loss for name, loss in found.items() if loss}


@pytest.fixture
def home(vault, monkeypatch):
    return Household(vault, monkeypatch)


def bought(shares, basis, number=1, *, day=BOUGHT, account="ELSEWHERE", security_id=AAPL):
    return replace(lot(account, security_id, shares, basis, number), acquired=day)


def test_the_loss_comes_along_with_the_shares_that_replaced_those_of_ours(home):
    """30 shares for 4,500, which had replaced a loss of 1,500 on shares that were held 210 days."""
    home.buys_elsewhere(30)
    assert home.post() == [1500]

    said = home.joins(bought(30, "4500"))

    held = BOUGHT - (SOLD - DAY)
    assert home.lots() == [(30, 6000, held, "ELSEWHERE:AAPL:1")]
    assert home.stays() == {"ELSEWHERE:AAPL:1": 1500}
    (words,) = said
    assert words.startswith("positions.csv:2: loss of 1500 on 30 shares sold on ")


def test_what_has_served_elsewhere_serves_no_second_time(home):
    home.buys_elsewhere(30)
    home.post()
    home.joins(bought(30, "4500"))
    home.told.clear()

    assert home.post(JOINED) == []


def test_only_what_has_not_served_may_serve_after_it_came(home):
    """100 lost on were replaced by 100 of the 130; 30 are left for the next loss."""
    home.buys_elsewhere(130)
    assert home.post() == [5000]
    home.joins(bought(130, "19500"))
    home.books.buy("more", DAY, 50, 10000, account="A", security=AAPL)
    home.enter()
    home.sell("more", 50, 7500, JOINED)

    assert home.post(JOINED) == [1500]
    assert home.post(JOINED) == []


def test_an_ira_that_comes_has_served_and_takes_nothing_over(home):
    home.buys_elsewhere(30, "IRA")
    assert home.post() == [1500]

    (words,) = home.joins(bought(30, "4500", account="IRA"))

    assert home.lots() == [(30, 4500, BOUGHT, "IRA:AAPL:1")]
    assert home.stays() == {"IRA:AAPL:1": 1500}
    assert "is lost by the shares bought on" in words
    assert home.post(JOINED) == []


def test_what_was_sold_elsewhere_keeps_its_loss_outside_and_it_is_said(home):
    home.buys_elsewhere(30)
    home.post()

    said = home.joins(bought(10, "1500"))

    assert home.stays() == {"ELSEWHERE:AAPL:1": 500, PURCHASE: 1000}
    _, missing, differs = said
    assert missing == (
        f"{WHAT} replaced 20 shares that are in no lot that "
        "its account came with: $1,000.00 of losses stay out of our books, and it serves no more; "
        "it was sold before, or its lot has another day: ask the custodian"
    )
    assert differs == (
        f"{WHAT} was told with 30 shares, and the lots of "
        "that day have 10: taken to be the same (ELSEWHERE:AAPL:1); a reference in the "
        "custodian's file of lots would say it"
    )


def test_a_lot_of_another_day_is_the_purchase_only_if_its_file_says_so(home):
    home.buys_elsewhere(30)
    home.post()
    other = bought(30, "4500", day=BOUGHT + timedelta(days=2))
    says = CustodyHistory(
        purchases={PURCHASE: Decimal(30)},
        lots={"ELSEWHERE:AAPL:1": LotHistory(reference="T-7", purchase=PURCHASE)},
    )

    said = home.joins(other, says=says)

    assert home.stays() == {"ELSEWHERE:AAPL:1": 1500}
    assert len(said) == 1


def test_a_lot_of_another_day_of_which_its_file_says_nothing_is_not_guessed_at(home):
    home.buys_elsewhere(30)
    home.post()

    (said,) = home.joins(bought(30, "4500", day=BOUGHT + timedelta(days=2)))

    assert home.stays() == {PURCHASE: 1500}
    assert "are in no lot that its account came with" in said


def test_two_lots_of_the_day_serve_one_after_the_other(home):
    home.buys_elsewhere(150)
    home.post()

    said = home.joins(bought(90, "13500"), bought(60, "9600", 2))

    assert home.stays() == {"ELSEWHERE:AAPL:1": 4500, "ELSEWHERE:AAPL:2": 500}
    assert not any("may be any of" in line for line in said)


def test_which_of_two_lots_has_served_is_told_as_a_choice(home):
    home.buys_elsewhere(150)
    home.post()

    said = home.joins(bought(120, "18000"), bought(30, "4800", 2))

    assert home.stays() == {"ELSEWHERE:AAPL:1": 5000}
    assert said[1] == (
        f"{WHAT} may be any of ELSEWHERE:AAPL:1, "
        "ELSEWHERE:AAPL:2: the first are taken; a reference in the custodian's file of lots "
        "would say it"
    )


def test_a_reference_chooses_among_the_lots_of_a_day(home):
    home.buys_elsewhere(100)
    home.post()
    says = CustodyHistory(
        purchases={PURCHASE: Decimal(100)},
        lots={"ELSEWHERE:AAPL:2": LotHistory(reference="T-7", purchase=PURCHASE)},
    )

    said = home.joins(bought(120, "18000"), bought(100, "16000", 2), says=says)

    assert home.stays() == {"ELSEWHERE:AAPL:2": 5000}
    assert len(said) == 1


def test_a_reference_of_no_purchase_is_said_and_the_day_decides(home):
    home.buys_elsewhere(30)
    home.post()
    says = CustodyHistory(
        purchases={PURCHASE: Decimal(30)},
        lots={"ELSEWHERE:AAPL:1": LotHistory(reference="T-8")},
    )

    said = home.joins(bought(30, "4500"), says=says)

    assert home.stays() == {"ELSEWHERE:AAPL:1": 1500}
    assert said[1] == (
        "positions.csv:2: reference 'T-8' is of no purchase that a file of transactions tells: "
        "the lot is taken by its day"
    )


def test_a_basis_with_the_loss_in_it_is_left_as_the_custodian_has_it(home):
    """It says that 1,500 of the 6,000 are a disallowed loss; the day is still that of the trade."""
    home.buys_elsewhere(30)
    home.post()
    says = CustodyHistory(
        purchases={PURCHASE: Decimal(30)},
        lots={"ELSEWHERE:AAPL:1": LotHistory(disallowed=Decimal(1500))},
    )

    said = home.joins(bought(30, "6000"), says=says)

    assert home.lots() == [(30, 6000, BOUGHT - (SOLD - DAY), "ELSEWHERE:AAPL:1")]
    assert len(said) == 1


def test_a_custodian_that_knows_of_other_losses_is_told_as_it_is(home):
    home.buys_elsewhere(30)
    home.post()
    says = CustodyHistory(
        purchases={PURCHASE: Decimal(30)},
        lots={"ELSEWHERE:AAPL:1": LotHistory(disallowed=Decimal(900))},
    )

    said = home.joins(bought(30, "5400"), says=says)

    assert home.lots()[0][1] == 5400
    assert said[1] == (
        f"{LINE} lot ELSEWHERE:AAPL:1 has $900.00 of disallowed losses in its basis by its "
        "custodian's word, and $1,500.00 by ours: its basis is left as the custodian has it"
    )


def test_options_that_were_bought_elsewhere_serve_for_the_shares_that_they_stand_for(home, vault):
    """One call on 100 shares replaced all that was lost."""
    call = {"underlying": AAPL, "multiplier": "100"}
    facts = tuple(
        Fact(about=About.SECURITY, subject=XOM, name=name, value=value, source=None)
        for name, value in call.items()
    )
    with vault.write() as uow:
        name = uow.snapshots.put(replace(BOOK, facts=facts), NOW)
        uow.runs.update(replace(uow.runs.get(RUN), snapshot_id=name), NOW)
    home.buys_elsewhere(2, security_id=XOM)
    assert home.post(facts=facts) == [5000]

    home.joins(bought(2, "900", security_id=XOM))

    assert [(shares, basis) for shares, basis, *_ in home.lots()] == [(1, 450), (1, 5450)]


def test_an_account_that_served_for_nobody_says_nothing(home):
    assert home.joins(bought(30, "4500")) == []


def test_the_account_that_lost_is_told_where_its_loss_is_now(home):
    home.buys_elsewhere(30)
    home.post()
    home.joins(bought(30, "4500"))

    with home.vault.read() as uow:
        words = list(wash_sale_words(uow.ledger.of_run(RUN), "A", {AAPL: "AAPL"}))

    shares = f"the shares that ELSEWHERE, which is held away, bought on {BOUGHT}"
    assert len(words) == 3
    assert words[0].endswith(f"it is in the basis of {shares} now [26 USC 1091].")
    assert "it is in the basis of lot ELSEWHERE:AAPL:1~w:" in words[1]
    assert words[2] == f"The loss of $1,500.00 on 30 AAPL is not in the basis of {shares} any more."
