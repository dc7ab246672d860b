"""A household's months through the vault: what is posted is what its whole books come to."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.accounts import TaxStatus
from domain.facts import About, Fact
from domain.orders import Side
from domain.postings import TransactionKind
from domain.snapshot import Finding, PastTrade
from domain.sources import Source
from ledger.positions import disallowed, realised
from ledger.postings import opening_id
from oms import wash_sales
from tests.ledger.wash_books import Books
from tests.memory import MemoryVault
from tests.oms_orders.desk import AAPL, DAY, NOW, RUN, SOURCE, XOM, open_books, snapshot
from vault.rebuild import check_projections
from vault.store import SqlVault

STATUS = {
    "A": TaxStatus.TAXABLE,
    "B": TaxStatus.TAXABLE,
    "IRA": TaxStatus.DEFERRED,
    "ELSEWHERE": TaxStatus.TAXABLE,
}


def family(book):
    """A and B are spouses, and the IRA is theirs; what they have elsewhere is told at most."""
    return replace(
        book,
        accounts=tuple(
            replace(one, household_id="H", tax_status=STATUS[one.account_id])
            for one in book.accounts
        ),
    )


BOOK = family(snapshot([], {}, accounts=tuple(STATUS)))


def days(number):
    return DAY + timedelta(days=number)


class Household:
    """The same trades in plain books and in a vault, where each day's wash sales are posted."""

    def __init__(self, vault):
        self.vault, self.books = vault, Books()
        with vault.write() as uow:
            uow.snapshots.put(BOOK, NOW)
        open_books(vault, replace(BOOK, cash=(), accounts=()))

    def buy(self, name, day, shares, cost, account="A"):
        self.books.buy(name, days(day), shares, cost, account=account, security=AAPL)
        self.book()

    def take_over(self, name, day, shares, cost, account):
        """The account enters our books with a lot that its custodian tells of."""
        self.books.buy(name, days(day), shares, cost, account=account, security=AAPL)
        bought = self.books.transactions.pop()
        self.books.transactions.append(
            replace(
                bought,
                transaction_id=opening_id(account),
                kind=TransactionKind.OPENING,
                opened=tuple(replace(lot, source=SOURCE) for lot in bought.opened),
            )
        )
        self.book()

    def sell(self, day, lot_id, shares, proceeds):
        sale = self.books.sell(days(day), lot_id, shares, proceeds)
        self.book()
        return sale

    def split(self, day, new, old):
        self.books.split(days(day), new, old, AAPL)
        self.book()

    def post(self, day, book=BOOK):
        with self.vault.write() as uow:
            posted = wash_sales.post(uow, book, run_id=RUN, trade_date=days(day), at=NOW)
        self.books.transactions += posted
        return posted

    def book(self):
        with self.vault.write() as uow:
            uow.ledger.append(self.books.transactions[-1])

    def counted(self):
        with self.vault.read() as uow:
            facts = uow.ledger.all()
        gain = sum((one.gain for one in realised(facts)), Decimal(0))
        return gain + sum((one.loss for one in disallowed(facts)), Decimal(0))

    def lots(self):
        with self.vault.read() as uow:
            return {one.lot_id: (one.quantity, one.basis) for one in uow.ledger.lots()}


def losses(posted):
    return [one.loss for transaction in posted for one in transaction.disallowed]


def bought_by(account: str) -> PastTrade:
    """Thirty shares that a custodian tells of, five days before the sale at a loss."""
    return PastTrade(
        account_id=account,
        security_id=AAPL,
        side=Side.BUY,
        quantity=Decimal(30),
        day=days(205),
        gain=None,
        source=SOURCE,
    )


def test_a_familys_year_ends_with_every_dollar_where_it_belongs(vault):
    """A gain before the loss, a chain, a split, an IRA; in the end all is sold.

    A's shares cost 29,000 and brought 25,700, B's 7,500 and 8,000: 2,800 lost in all, of
    which 750 never count, because the IRA bought 30 shares.
    """
    home = Household(vault)
    home.buy("old", 0, 100, 20000)
    home.buy("b", 200, 50, 7500, "B")
    home.sell(205, "b", 50, 8000)
    home.sell(210, "old", 100, 15000)
    assert losses(home.post(210)) == [2500]
    assert home.counted() == -4500
    home.buy("again", 215, 60, 9000)
    assert losses(home.post(215)) == [2000, 500]
    home.split(216, 2, 1)
    home.buy("ira's", 220, 30, 2400, "IRA")
    assert losses(home.post(220)) == [750]
    held = {name: lot for name, lot in home.lots().items() if name.startswith("again")}
    assert sorted(held.values()) == [(20, 2000), (100, 9500)]
    for name, (shares, _) in held.items():
        home.sell(225, name, shares, 90 * shares if shares > 20 else 1700)

    assert home.post(225) == ()

    assert home.counted() == -2800 + 750
    assert list(home.lots()) == ["ira's"]
    if isinstance(vault, SqlVault):
        assert check_projections(vault) == ()


def test_a_chain_is_followed_as_far_back_as_it_goes(vault):
    """Each purchase was sold at a gain the next day, until a loss runs down all of them: it is in
    a lot that was bought 112 days before, which no look at the last months would find."""
    home = Household(vault)
    home.buy("ancient", 0, 10, 9000)
    home.buy("held", 288, 10, 1000)
    for number, day in enumerate((316, 345, 374)):
        home.buy(f"passed {number}", day, 10, 1000)
        home.sell(day + 1, f"passed {number}", 10, 1100)
        assert home.post(day + 1) == ()
    home.sell(400, "ancient", 10, 1000)

    posted = home.post(400)

    assert losses(posted) == [8000, 7900, 7800, 7700]
    assert home.lots().popitem()[1] == (10, 8700)
    assert home.counted() == 0
    assert home.post(400) == ()


def test_shares_that_were_bought_elsewhere_take_the_loss_out_of_our_books(vault):
    """A custodian tells of the purchase; its lots are not ours to change."""
    home = Household(vault)
    home.buy("old", 0, 100, 20000)
    home.sell(210, "old", 100, 15000)
    told = bought_by("ELSEWHERE")
    book = replace(BOOK, past_trades=(told,))

    (posted,) = home.post(210, book)

    (one,) = posted.disallowed
    assert (one.quantity, one.loss, one.is_lost, one.taken_over_by) == (30, 1500, False, "")
    assert posted.memo.endswith("by ELSEWHERE, which is held away")
    assert home.counted() == -3500
    assert home.post(211, book) == ()


def test_an_account_whose_file_was_refused_is_not_held_away_and_its_purchase_serves_once(vault):
    """Its lots come with the mended file; until then nothing says that the loss has left us."""
    home = Household(vault)
    home.buy("old", 0, 100, 20000)
    home.sell(210, "old", 100, 15000)
    told = bought_by("ELSEWHERE")
    refused = Finding(
        check="no_positions",
        account_id="ELSEWHERE",
        message="holdings.csv was refused",
        source=Source("holdings.csv", 4, "0" * 64),
    )

    assert home.post(210, replace(BOOK, past_trades=(told,), findings=(refused,))) == ()

    home.take_over("opened", 205, 30, 4500, "ELSEWHERE")
    (posted,) = home.post(211, replace(BOOK, past_trades=(told,)))
    (one,) = posted.disallowed
    assert (one.quantity, one.loss, one.replacement) == (30, 1500, "opened")


def test_trades_of_an_account_that_nobody_lists_are_nobodys(vault):
    home = Household(vault)
    home.buy("old", 0, 100, 20000)
    home.sell(210, "old", 100, 15000)
    told = bought_by("UNLISTED")

    assert home.post(210, replace(BOOK, past_trades=(told,))) == ()


def test_an_option_to_acquire_the_shares_replaces_as_many_as_it_stands_for(vault):
    """1091(a): a contract or option to acquire. Two calls on 100 shares each; a loss on 150."""
    home = Household(vault)
    home.buy("old", 0, 150, 30000)
    home.sell(210, "old", 150, 22500)
    home.books.buy("call", days(215), 2, 900, account="B", security=XOM)
    home.book()
    call = {"underlying": AAPL, "multiplier": "100"}
    facts = tuple(
        Fact(about=About.SECURITY, subject=XOM, name=name, value=value, source=None)
        for name, value in call.items()
    )

    posted = home.post(215, replace(BOOK, facts=facts))

    assert losses(posted) == [7500]
    assert sorted(home.lots().values()) == [
        (Decimal("0.5"), 225),
        (Decimal("1.5"), 675 + 7500),
    ]
    assert home.post(216, replace(BOOK, facts=facts)) == ()


steps = st.integers(0, 25)
trades = st.one_of(
    st.tuples(
        st.just("buy"),
        steps,
        st.sampled_from(["A", "A", "B", "IRA"]),
        st.integers(1, 4),
        st.integers(1, 40),
    ),
    st.tuples(st.just("sell"), steps, st.integers(0, 9), st.integers(1, 4), st.integers(1, 40)),
    st.tuples(st.just("post"), steps),
)


@settings(deadline=None, max_examples=60)
@given(history=st.lists(trades, min_size=3, max_size=16))
def test_what_is_posted_from_the_last_months_is_what_the_whole_books_say(history):
    home, day = Household(MemoryVault()), 0
    for number, (what, after, *rest) in enumerate(history):
        day += after
        lots = home.books.lots()
        if what == "buy":
            account, shares, price = rest
            home.buy(f"L{number:02}", day, shares, shares * price, account)
        elif what == "sell" and lots:
            place, shares, price = rest
            lot = lots[place % len(lots)]
            shares = min(Decimal(shares), lot.quantity)
            home.sell(day, lot.lot_id, shares, shares * price)
        elif what == "post":
            plain = Books()
            plain.transactions = list(home.books.transactions)
            said = plain.post(days(day), losses_since=days(day - 60))
            posted = home.post(day)
            assert [replace(one, at=NOW, run_id=RUN) for one in said] == list(posted)
