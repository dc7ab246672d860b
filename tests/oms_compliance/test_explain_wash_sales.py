"""Wash sales as an account is told of them."""

from datetime import date

from ledger import wash_postings
from oms.explain.wash_sale import wash_sale_words
from tests.ledger.wash_books import NAME, Books

SYMBOLS = {NAME: "MSFT"}


def told(posted, account="A"):
    return list(wash_sale_words(posted, account, SYMBOLS))


def test_a_loss_is_told_with_the_lot_that_has_it():
    books = Books()
    books.buy("old", date(2026, 3, 2), 100, 1000)
    sale = books.sell(date(2026, 10, 1), "old", 100, 750)
    books.buy("new", date(2026, 10, 20), 100, 800, account="B")

    posted = books.post(date(2026, 10, 20))

    assert told(posted) == [
        (
            "Of the losses $250.00 on 100 MSFT may not be deducted, for the shares were replaced "
            f"within 30 days: it is in the basis of lot new~w:{sale}:old now [26 USC 1091]."
        )
    ]
    assert told(posted, "B") == []


def test_a_sale_that_counts_otherwise_is_told_to_whose_it_is():
    books = Books()
    books.buy("old", date(2024, 3, 1), 100, 2000)
    books.buy("new", date(2026, 6, 1), 100, 1500, account="B")
    gain = books.sell(date(2026, 6, 7), "new", 100, 2100)
    books.sell(date(2026, 6, 10), "old", 100, 1600)

    posted = books.post(date(2026, 6, 10))

    assert told(posted, "B") == [
        (
            f"Of {gain} 100 MSFT count as a long-term gain of $200.00 instead of a "
            "short-term gain of $600.00: basis $1,900.00 instead of $1,500.00, held since "
            "2024-02-21 by what they took over [26 USC 1091(d), 1223(3)]."
        )
    ]
    assert [one.memo for one in posted] == [
        (
            "loss of 400 on 100 shares sold on 2026-06-10 goes into the basis of the shares bought "
            "on 2026-06-01 and sold on 2026-06-07: a short-term gain of 600 is a long-term gain "
            "of 200"
        )
    ]


def test_a_loss_that_counts_again_is_told():
    books = Books()
    books.buy("old", date(2026, 3, 2), 100, 1000)
    sale = books.sell(date(2026, 10, 1), "old", 100, 750)
    books.buy("new", date(2026, 10, 20), 100, 800, account="B")
    books.post(date(2026, 10, 20))

    undone = wash_postings.taken_back(
        books.facts().strands(), sale, frozenset(), books.entry(date(2026, 10, 21))
    )

    assert told(undone) == [
        f"The loss of $250.00 on 100 MSFT is not in the basis of lot new~w:{sale}:old any more."
    ]
