"""Wash sales: the published examples, and each case of who replaces whom, on whole books."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.postings import TransactionKind
from domain.sold import sold_lots
from ledger import positions, wash_postings
from ledger.wash_strands import MARK
from tests.ledger.wash_books import LONG, NAME, SHORT, Books


@pytest.fixture
def books():
    return Books()


def total_allowed(books):
    """What counts of all sales together."""
    facts = books.transactions
    gains = sum(relief.gain for relief in positions.realised(facts))
    return gains + sum(one.loss for one in positions.disallowed(facts))


# ---- the regulation, the Publication and the rulings


def test_one_share_bought_again_dearer(books):
    """1.1091-2(a) example 1: bought at 100, sold at 80, bought again at 90: basis 110."""
    books.buy("old", date(1935, 6, 1), 1, 100)
    books.sell(date(1955, 1, 15), "old", 1, 80)
    books.buy("new", date(1955, 2, 1), 1, 90)
    books.post(date(1955, 2, 1))

    assert [basis for _, _, basis, _ in books.held()] == [110]


def test_one_share_bought_again_cheaper(books):
    """1.1091-2(a) example 2: bought at 100, sold at 80, bought again at 70: basis 90."""
    books.buy("old", date(1935, 6, 1), 1, 100)
    books.sell(date(1955, 1, 15), "old", 1, 80)
    books.buy("new", date(1955, 2, 1), 1, 70)
    books.post(date(1955, 2, 1))

    assert [basis for _, _, basis, _ in books.held()] == [90]


def test_the_whole_loss_goes_when_as_many_shares_were_bought_before(books):
    """1.1091-1(h) example 1: 100 bought on 1 December 1954 for $10,000, 100 more on 15 December
    for $9,000, the first sold on 3 January for $9,000: none of the $1,000 is deducted."""
    books.buy("first", date(1954, 12, 1), 100, 10000)
    books.buy("second", date(1954, 12, 15), 100, 9000)
    sale = books.sell(date(1955, 1, 3), "first", 100, 9000)
    books.post(date(1955, 1, 3))

    assert books.allowed(sale) == 0
    assert books.held() == [("second", 100, 10000, date(1954, 12, 15) - timedelta(days=33))]


def test_three_quarters_of_the_shares_are_replaced_by_two_purchases(books):
    """1.1091-1(h) example 2 and 1091(d): bases $3,250 and $1,375; $250 stay deductible."""
    books.buy("september", date(1954, 9, 21), 100, 5000)
    books.buy("december 21", date(1954, 12, 21), 50, 2750)
    books.buy("december 27", date(1954, 12, 27), 25, 1125)
    sale = books.sell(date(1955, 1, 3), "september", 100, 4000)
    books.post(date(1955, 1, 3))

    assert books.allowed(sale) == -250
    assert [basis for _, _, basis, _ in books.held()] == [3250, 1375]


def test_the_first_purchases_serve_and_take_the_days_over(books):
    """1.1091-1(h) example 3: four purchases of 50; those of 15 and 16 February serve, and the
    time from 15 September 1954 to 1 February 1956 is added to theirs."""
    books.buy("old", date(1954, 9, 15), 100, 5000)
    books.sell(date(1956, 2, 1), "old", 100, 4000)
    for day in range(15, 19):
        books.buy(f"feb {day}", date(1956, 2, day), 50, 2000)
    books.post(date(1956, 2, 18))

    held = date(1956, 2, 1) - date(1954, 9, 15)
    assert [(basis, acquired) for _, _, basis, acquired in books.held()] == [
        (2500, date(1956, 2, 15) - held),
        (2500, date(1956, 2, 16) - held),
        (2000, date(1956, 2, 17)),
        (2000, date(1956, 2, 18)),
    ]


def test_the_hundred_shares_of_publication_550(books):
    """IRS Publication 550, Wash Sales: bought for $1,000, sold for $750, bought again for $800
    within 30 days: the $250 are not deducted, and the new basis is $1,050."""
    books.buy("old", date(2026, 3, 2), 100, 1000)
    sale = books.sell(date(2026, 10, 1), "old", 100, 750)
    books.buy("new", date(2026, 10, 20), 100, 800)
    books.post(date(2026, 10, 20))

    assert books.allowed(sale) == 0
    assert [basis for _, _, basis, _ in books.held()] == [1050]


def test_the_bonus_award_of_publication_550(books):
    """IRS Publication 550, Wash Sales: ten shares of a bonus award, sold at a loss; another ten
    awarded within 30 days, which nobody bought, take the deduction away."""
    books.buy("award", date(2026, 3, 2), 10, 1000)
    sale = books.sell(date(2026, 10, 1), "award", 10, 750)
    books.buy("second award", date(2026, 10, 20), 10, 800)
    books.transactions[-1] = replace(books.transactions[-1], kind=TransactionKind.ADJUSTMENT)
    books.post(date(2026, 10, 20))

    assert books.allowed(sale) == 0
    assert [basis for _, _, basis, _ in books.held()] == [1050]


def test_an_ira_replaces_the_shares_and_takes_nothing_over(books):
    """Rev. Rul. 2008-5: the loss is disallowed and the basis of the IRA is not increased."""
    books.buy("old", date(2026, 3, 2), 100, 1000)
    sale = books.sell(date(2026, 10, 1), "old", 100, 750)
    books.buy("new", date(2026, 10, 20), 100, 800, account="IRA")
    books.post(date(2026, 10, 20))

    assert books.allowed(sale) == 0
    assert books.held() == [("new", 100, 800, date(2026, 10, 20))]
    assert [one.is_lost for one in positions.disallowed(books.transactions)] == [True]


def test_the_rest_of_the_same_purchase_replaces_nothing(books):
    """Rev. Rul. 56-602: 200 bought together, 100 of them sold at a loss to reduce the holding."""
    books.buy("one", date(2026, 6, 1), 200, 2000)
    books.sell(date(2026, 6, 10), "one", 100, 900)

    assert books.post(date(2026, 6, 10)) == ()


def test_the_rest_of_the_same_purchase_replaces_nothing_though_it_took_a_loss_over(books):
    """Rev. Rul. 56-602, after half of the purchase has become a lot of its own."""
    books.buy("old", date(2026, 1, 5), 100, 2000)
    books.sell(date(2026, 6, 1), "old", 100, 1500)
    books.buy("one", date(2026, 6, 2), 200, 3000)
    books.post(date(2026, 6, 2))
    taking = next(lot.lot_id for lot in books.lots() if MARK in lot.lot_id)
    sale = books.sell(date(2026, 6, 10), taking, 100, 1400)

    assert books.post(date(2026, 6, 10)) == ()
    assert books.allowed(sale) == -600


# ---- the window, the order, and what serves


@pytest.mark.parametrize(
    ("days", "is_wash"), [(-31, False), (-30, True), (0, True), (30, True), (31, False)]
)
def test_the_window_is_sixty_one_days(books, days, is_wash):
    sold = date(2026, 6, 1)
    books.buy("old", date(2026, 1, 2), 10, 100)
    if days < 0:
        books.buy("new", sold + timedelta(days=days), 10, 80)
    books.sell(sold, "old", 10, 80)
    if days >= 0:
        books.buy("new", sold + timedelta(days=days), 10, 80)

    assert bool(books.post(date(2026, 8, 1))) is is_wash


def test_shares_of_an_ira_serve_once(books):
    books.buy("old", date(2026, 3, 2), 200, 2000)
    books.sell(date(2026, 10, 1), "old", 100, 750)
    books.buy("new", date(2026, 10, 20), 100, 800, account="IRA")
    assert len(books.post(date(2026, 10, 20))) == 1
    second = books.sell(date(2026, 10, 21), "old", 100, 750)

    assert books.post(date(2026, 10, 21)) == ()
    assert books.allowed(second) == -250


def test_a_purchase_that_served_in_part_serves_a_later_loss_with_the_rest(books):
    """1.1091-1(e)."""
    books.buy("old", date(2026, 3, 2), 100, 1000)
    books.buy("older", date(2026, 2, 2), 100, 1000)
    books.sell(date(2026, 10, 1), "old", 60, 450)
    books.buy("new", date(2026, 10, 5), 100, 800)
    books.post(date(2026, 10, 5))
    second = books.sell(date(2026, 10, 9), "older", 100, 800)
    books.post(date(2026, 10, 9))

    assert books.allowed(second) == -120  # 60 of its 100 shares have nothing left to replace them.
    bases = {basis for name, _, basis, _ in books.held() if name == "new"}
    assert bases == {480 + 150, 320 + 80}


def test_another_share_class_counts_where_the_master_calls_it_identical():
    found = []
    for same in (lambda one: one, lambda one: NAME if one == "CLASS-B" else one):
        books = Books(same)
        books.buy("old", date(2026, 3, 2), 100, 1000)
        books.sell(date(2026, 10, 1), "old", 100, 750)
        books.buy("new", date(2026, 10, 20), 100, 800, security="CLASS-B")
        found.append(len(books.post(date(2026, 10, 20))))

    assert found == [0, 1]


def test_a_loss_that_was_replaced_in_part_counts_for_the_rest_only(books):
    books.buy("old", date(2026, 1, 2), 10, 130)
    sale = books.sell(date(2026, 6, 1), "old", 10, 100)
    books.buy("new", date(2026, 6, 5), 4, 40)
    books.post(date(2026, 6, 5))
    assert books.allowed(sale) == -18
    books.buy("newer", date(2026, 6, 20), 10, 100)
    books.post(date(2026, 6, 20))

    assert books.allowed(sale) == 0
    assert sum(basis for _, _, basis, _ in books.held()) == 40 + 100 + 30


# ---- replacements that were sold


def test_a_replacement_that_was_sold_before_the_loss_has_its_gain_made_smaller(books):
    """Bought and sold within the 30 days before the loss: the purchase replaces all the same,
    and its sale, six days after it, counts as one of shares held since 2024."""
    books.buy("old", date(2024, 3, 1), 100, 2000)
    books.buy("new", date(2026, 6, 1), 100, 1500)
    gain = books.sell(date(2026, 6, 7), "new", 100, 2100)
    loss = books.sell(date(2026, 6, 10), "old", 100, 1600)
    assert books.gains(gain) == {SHORT: 600}
    books.post(date(2026, 6, 10))

    assert books.allowed(loss) == 0
    assert books.gains(gain) == {LONG: 200}
    assert total_allowed(books) == 200


def test_a_replacement_that_was_sold_on_the_day_of_the_loss(books):
    books.buy("old", date(2026, 1, 5), 100, 2000)
    books.buy("new", date(2026, 6, 1), 100, 1500)
    loss = books.sell(date(2026, 6, 10), "old", 100, 1600)
    gain = books.sell(date(2026, 6, 10), "new", 100, 1600)
    books.post(date(2026, 6, 10))

    assert (books.allowed(loss), books.allowed(gain)) == (0, -300)


def test_a_replacement_that_was_bought_and_sold_after_the_loss(books):
    books.buy("old", date(2026, 1, 5), 100, 2000)
    loss = books.sell(date(2026, 6, 10), "old", 100, 1600)
    books.buy("new", date(2026, 6, 15), 100, 1500)
    gain = books.sell(date(2026, 6, 30), "new", 100, 2200)
    books.post(date(2026, 6, 30))

    assert (books.allowed(loss), books.allowed(gain)) == (0, 300)


def test_what_is_held_of_a_purchase_serves_before_what_was_sold_of_it(books):
    books.buy("old", date(2026, 1, 5), 100, 2000)
    books.buy("new", date(2026, 6, 1), 100, 1500)
    early = books.sell(date(2026, 6, 5), "new", 30, 510)
    late = books.sell(date(2026, 6, 6), "new", 30, 510)
    books.sell(date(2026, 6, 10), "old", 60, 600)
    books.post(date(2026, 6, 10))

    assert [(shares, basis) for name, shares, basis, _ in books.held() if name == "new"] == [
        (40, 600 + 400)
    ]
    assert (books.gains(early), books.gains(late)) == ({SHORT: 60 - 200}, {SHORT: 60})


def test_a_sale_is_restated_for_the_shares_that_replaced_and_for_no_other(books):
    """Its two parts have terms of their own."""
    books.buy("old", date(2024, 1, 5), 10, 200)
    books.buy("new", date(2026, 6, 1), 100, 1500)
    sale = books.sell(date(2026, 6, 5), "new", 100, 2500)
    books.sell(date(2026, 6, 10), "old", 10, 150)
    books.post(date(2026, 6, 10))

    assert books.gains(sale) == {SHORT: 900, LONG: 100 - 50}


def test_two_losses_to_one_purchase_that_was_sold(books):
    books.buy("old", date(2026, 1, 5), 50, 1000)
    books.buy("older", date(2025, 1, 5), 50, 1000)
    books.buy("new", date(2026, 6, 1), 80, 800)
    gain = books.sell(date(2026, 6, 5), "new", 80, 1600)
    first = books.sell(date(2026, 6, 10), "older", 50, 900)
    second = books.sell(date(2026, 6, 11), "old", 50, 800)
    books.post(date(2026, 6, 11))

    assert books.allowed(first) == 0
    assert books.allowed(second) == -80  # 30 of the 50 are replaced.
    assert books.gains(gain) == {LONG: 500 - 100, SHORT: 300 - 120}


def test_a_gain_that_becomes_a_loss_is_matched_in_its_turn(books):
    """The chain ends in what is held: the dollars and all the days are there."""
    books.buy("old", date(2025, 1, 5), 100, 3000)
    books.buy("new", date(2026, 6, 1), 100, 1500)
    middle = books.sell(date(2026, 6, 5), "new", 100, 1600)
    books.buy("newest", date(2026, 6, 20), 100, 1550)
    loss = books.sell(date(2026, 6, 25), "old", 100, 2000)
    books.post(date(2026, 6, 25))

    assert (books.allowed(loss), books.allowed(middle)) == (0, 0)
    days = (date(2026, 6, 25) - date(2025, 1, 5)) + timedelta(days=4)
    assert books.held() == [("newest", 100, 1550 + 900, date(2026, 6, 20) - days)]


def test_a_loss_that_was_replaced_and_grows_takes_its_replacement_along(books):
    """`middle` was replaced by `newest` when it was a loss of 100; 1,000 more go the same way."""
    books.buy("old", date(2025, 1, 5), 100, 3000)
    books.buy("middle", date(2026, 6, 1), 100, 1700)
    sale = books.sell(date(2026, 6, 5), "middle", 100, 1600)
    books.buy("newest", date(2026, 6, 20), 100, 1550)
    books.post(date(2026, 6, 20))
    assert [basis for name, _, basis, _ in books.held() if name == "newest"] == [1650]
    loss = books.sell(date(2026, 6, 25), "old", 100, 2000)
    (posted,) = books.post(date(2026, 6, 25))

    assert (books.allowed(loss), books.allowed(sale)) == (0, 0)
    assert [basis for _, _, basis, _ in books.held()] == [2650]
    assert [one.loss for one in posted.disallowed] == [1000, -100, 1100]


def test_a_loss_that_grows_by_what_it_replaced_is_lost_where_an_ira_has_bought(books):
    books.buy("old", date(2025, 1, 5), 100, 3000)
    books.buy("middle", date(2026, 6, 1), 100, 1700)
    books.sell(date(2026, 6, 5), "middle", 100, 1600)
    books.buy("ira's", date(2026, 6, 6), 100, 1550, account="IRA")
    books.post(date(2026, 6, 6))
    books.sell(date(2026, 6, 25), "old", 100, 2000)
    books.post(date(2026, 6, 25))

    lost = [one.loss for one in positions.disallowed(books.transactions) if one.is_lost]
    assert sum(lost) == 1100
    assert total_allowed(books) == 0


def test_two_purchases_sold_together_do_not_hand_their_losses_round(books):
    """Each was bought within 30 days of the other's sale: the first hands its loss on, and the
    second keeps both. Nothing is bought after it, so all of it counts."""
    books.buy("first", date(2026, 6, 1), 100, 1100)
    books.buy("second", date(2026, 6, 5), 100, 1200)
    first = books.sell(date(2026, 6, 10), "first", 100, 1000)
    second = books.sell(date(2026, 6, 10), "second", 100, 1000)
    books.post(date(2026, 6, 10))

    assert (books.allowed(first), books.allowed(second)) == (0, -300)


def test_another_purchase_of_the_chain_serves_though_it_was_bought_first(books):
    """Sold at a gain, `new` replaces `old`; its loss finds `third`, not the shares it came from."""
    books.buy("old", date(2026, 6, 1), 10, 300)
    books.buy("new", date(2026, 6, 2), 10, 100)
    books.buy("third", date(2026, 6, 3), 10, 100, account="B")
    books.sell(date(2026, 6, 4), "new", 10, 110)
    books.sell(date(2026, 6, 9), "old", 10, 200)
    books.post(date(2026, 6, 9))

    assert books.held() == [
        ("third", 10, 190, date(2026, 6, 3) - timedelta(days=8) - timedelta(days=2))
    ]


def test_what_an_earlier_version_posted_is_understood(books):
    """It kept neither the day of the loss nor the lot that has it, whose name followed."""
    books.buy("old", date(2025, 1, 5), 100, 3000)
    books.buy("middle", date(2026, 6, 1), 100, 1700)
    books.sell(date(2026, 6, 5), "middle", 100, 1600)
    books.buy("newest", date(2026, 6, 20), 60, 930)
    books.buy("ira's", date(2026, 6, 21), 20, 300, account="IRA")
    books.post(date(2026, 6, 21))
    books.transactions = [
        replace(
            one,
            disallowed=tuple(replace(d, taken_over_by="", sold=None) for d in one.disallowed),
        )
        for one in books.transactions
    ]
    assert books.post(date(2026, 6, 22)) == ()

    loss = books.sell(date(2026, 6, 25), "old", 100, 2000)
    books.post(date(2026, 6, 25))

    assert books.allowed(loss) == 0
    assert [basis for name, _, basis, _ in books.held() if name == "newest"] == [930 + 60 * 11]
    assert sum(one.loss for one in positions.disallowed(books.transactions) if one.is_lost) == 220


# ---- splits


def test_a_loss_before_a_split_is_replaced_by_as_many_shares_as_it_became(books):
    books.buy("old", date(2026, 1, 5), 100, 2000)
    sale = books.sell(date(2026, 6, 1), "old", 100, 1600)
    books.buy("kept", date(2026, 1, 6), 1, 20, account="B")
    books.split(date(2026, 6, 10), 4, 1)
    books.buy("new", date(2026, 6, 12), 100, 420)
    books.post(date(2026, 6, 12))

    assert books.allowed(sale) == -300  # 100 new shares replace 25 of the old.
    assert ("new", 100, 520, date(2026, 6, 12) - timedelta(days=147)) in books.held()
    books.buy("newer", date(2026, 6, 13), 400, 1600)
    books.post(date(2026, 6, 13))
    assert books.allowed(sale) == 0
    assert sorted(basis for name, _, basis, _ in books.held() if name == "newer") == [400, 1500]


def test_a_loss_after_a_reverse_split_is_replaced_by_what_was_bought_before_it(books):
    """1:10: 50 old shares bought, all sold again, are 5 of those that were lost on."""
    books.buy("old", date(2026, 1, 5), 100, 2000)
    books.buy("new", date(2026, 6, 1), 50, 800)
    gain = books.sell(date(2026, 6, 2), "new", 50, 1000)
    books.split(date(2026, 6, 10), 1, 10)
    loss = books.sell(date(2026, 6, 12), "old", 10, 1600)
    books.post(date(2026, 6, 12))

    assert books.allowed(loss) == -200
    assert books.gains(gain) == {SHORT: 0}


def test_an_ira_that_bought_before_a_split_has_served_with_new_shares(books):
    books.buy("old", date(2026, 1, 5), 100, 2000)
    books.buy("ira's", date(2026, 6, 1), 10, 150, account="IRA")
    first = books.sell(date(2026, 6, 5), "old", 6, 90)
    books.post(date(2026, 6, 5))
    books.split(date(2026, 6, 10), 2, 1)
    second = books.sell(date(2026, 6, 12), "old", 20, 160)
    books.post(date(2026, 6, 12))

    assert books.allowed(first) == 0
    assert books.allowed(second) == -24  # 8 of its 20 were left to replace.


# ---- trades taken back


def undo(books, sale="", purchases=()):
    """What is posted before a trade is reversed."""
    posted = wash_postings.taken_back(
        books.facts().strands(), sale, frozenset(purchases), books.entry(date(2026, 7, 1))
    )
    books.transactions += posted
    return posted


def state(books):
    facts = books.transactions
    lost = {}
    for one in positions.disallowed(facts):
        key = (one.sale, one.lot_id)
        lost[key] = lost.get(key, 0) + one.loss
    sold = {key: (r.quantity, r.basis, r.gain, r.term) for key, r in sold_lots(facts).items()}
    lots = {one.lot_id: (one.quantity, one.basis, one.acquired) for one in books.lots()}
    return lots, sold, {key: dollars for key, dollars in lost.items() if dollars}


def chain(books):
    """A loss, a sold replacement with a loss of its own, and shares held and sold after it."""
    books.buy("old", date(2025, 1, 5), 100, 3000)
    books.buy("middle", date(2026, 6, 1), 100, 1500)
    books.sell(date(2026, 6, 5), "middle", 100, 1600)
    books.buy("newest", date(2026, 6, 20), 120, 1800)
    books.sell(date(2026, 6, 21), "newest", 40, 700)
    return books.sell(date(2026, 6, 25), "old", 100, 2000)


def test_taking_a_loss_back_undoes_all_that_came_of_it(books):
    sale = chain(books)
    before = state(books)
    books.post(date(2026, 6, 25))
    assert state(books) != before
    undo(books, sale)

    assert state(books) == before


def test_taking_a_purchase_back_frees_what_it_had_replaced(books):
    sale = chain(books)
    books.post(date(2026, 6, 25))
    undo(books, purchases=["newest"])

    assert books.allowed(sale) == 0  # `middle` has it still.
    assert {name for name, *_ in books.held()} == {"newest"}
    assert all(MARK not in lot.lot_id for lot in books.lots())


def test_what_was_taken_back_is_found_again(books):
    sale = chain(books)
    books.post(date(2026, 6, 25))
    after = state(books)
    undo(books, sale)
    books.post(date(2026, 6, 25))

    assert state(books) == after


def test_a_loss_lost_to_an_ira_counts_again_when_its_purchase_is_taken_back(books):
    books.buy("old", date(2026, 3, 2), 100, 1000)
    sale = books.sell(date(2026, 10, 1), "old", 100, 750)
    books.buy("new", date(2026, 10, 20), 100, 800, account="IRA")
    books.post(date(2026, 10, 20))
    undo(books, purchases=["new"])

    assert books.allowed(sale) == -250
    assert undo(books, purchases=["new"]) == ()


def test_a_lots_name_stays_short_however_long_the_chain(books):
    """A year of losses, each bought again the next week."""
    day = date(2026, 1, 5)
    books.buy("L0", day, 10, 10000)
    for number in range(1, 50):
        day += timedelta(days=7)
        (lot,) = books.lots()
        books.sell(day, lot.lot_id, 10, 10000 - 100 * number)
        books.buy(f"L{number}", day + timedelta(days=1), 10, 10000 - 100 * number)
        books.post(day + timedelta(days=1))

    (last,) = books.lots()
    assert last.basis == 10000
    assert last.acquired == day + timedelta(days=1) - timedelta(days=7 + 48 * 6)
    assert len(last.lot_id) < 60


def test_a_sale_that_was_allocated_over_a_split_was_made_before_it(books):
    """Sold on 30 September; the split of 5 October dates the transaction and counts its shares."""
    books.buy("new", date(2026, 9, 3), 40, 400)
    books.buy("old", date(2025, 10, 2), 100, 1500)
    books.split(date(2026, 10, 5), 2, 1)
    books.sell(date(2026, 10, 5), "old", 100, 500)
    books.transactions[-1] = replace(books.transactions[-1], traded=date(2026, 9, 30))

    (posted,) = books.post(date(2026, 10, 5))

    (one,) = posted.disallowed
    assert (one.quantity, one.loss) == (80, 200)
    assert books.held() == [
        ("new", 80, 600, date(2026, 9, 3) - (date(2026, 9, 30) - date(2025, 10, 2))),
        ("old", 100, 750, date(2025, 10, 2)),
    ]
    assert books.post(date(2026, 10, 6)) == ()
