"""The best whole shares: against every combination, and against what is found at once."""

from dataclasses import replace
from decimal import Decimal
from itertools import count, product

import numpy as np
import pytest

from domain.accounts import LotMethod, TaxStatus
from optimizer import assemble, propose
from optimizer.deadline import Deadline
from optimizer.exact import Exact, exact_shares
from optimizer.model import Programs
from optimizer.search import Found, search
from optimizer.ticket import Ticket
from tests.optimizer.book import account, book_of, mandate
from tests.optimizer.checker import faults_of


def answered(snapshot):
    market, (problem,) = assemble(snapshot)
    found = search(Programs(market), problem)
    assert isinstance(found, Found)
    return market, problem, found


def small_book(seed, names, **changes):
    """Shares dear enough that there are few combinations."""
    snapshot = book_of(account("A1"), seed=seed, names=names)
    dear = tuple(replace(price, close=price.close * 400) for price in snapshot.prices)
    few = tuple(
        replace(lot, quantity=max(lot.quantity // 400, Decimal(1))) for lot in snapshot.lots
    )
    loose = mandate(sector_band=Decimal(1), name_maximum=Decimal(1), minimum_trade=Decimal(0))
    wide = replace(loose, cash=replace(loose.cash, minimum=Decimal(0), maximum=Decimal(1)))
    return replace(snapshot, prices=dear, lots=few, mandates=(replace(wide, **changes),))


@pytest.mark.parametrize("method", [LotMethod.TAX_OPTIMAL, LotMethod.FIFO])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_combination_of_whole_shares_is_better(seed, method):
    """FIFO, too, whose tax is not convex: lots are relieved in their order."""
    market, problem, found = answered(small_book(seed, 4, lot_method=method))
    ticket = Ticket.of(market, problem, found.box)
    ranges = [
        range(int(low), int(high) + 1) for low, high in zip(ticket.least, ticket.most, strict=True)
    ]
    combinations = [np.array(one) for one in product(*ranges)]
    assert 10 < len(combinations) < 20_000
    best = min(ticket.objective(one) for one in combinations if ticket.shortfall(one) <= 1e-9)

    exact = exact_shares(market, problem, found.box, found.shares)

    assert isinstance(exact, Exact)
    assert exact.proven
    assert exact.objective == pytest.approx(best, abs=2e-7)
    assert exact.bound <= best + 1e-9


def test_shares_found_at_once_are_within_a_basis_point_of_the_best_at_the_median():
    """Of NAV, on accounts of twelve names; and never better than what is proven."""
    losses = []
    for seed in range(1, 8):
        market, problem, found = answered(book_of(account("A1"), seed=seed))
        exact = exact_shares(market, problem, found.box, found.shares)
        at_once = Ticket.of(market, problem, found.box).objective(found.shares)
        losses.append(at_once - exact.bound)
        assert exact.objective <= at_once
        assert at_once >= exact.bound - 1e-9

    assert np.median(losses) <= 1e-4


def test_a_proposal_asked_for_exactly_says_how_far_it_is_proven():
    snapshot = book_of(account("A1", tax_status=TaxStatus.EXEMPT), seed=4)
    market, (problem,) = assemble(snapshot)

    found = propose(market, problem, exact=True)

    assert faults_of(snapshot, found) == []
    assert found.notes[-1].startswith("Whole shares are within 0.00 bp of NAV of the best")


def test_without_time_it_says_what_was_proven():
    market, problem, found = answered(book_of(account("A1"), seed=4))
    ticks = count()

    late = exact_shares(
        market, problem, found.box, found.shares, Deadline(lambda: float(next(ticks)), 0.0)
    )

    assert isinstance(late, Exact)
    assert not late.proven
    assert np.array_equal(late.shares, found.shares)


def test_what_the_exact_program_does_not_know_it_declines_in_words():
    market, problem, found = answered(book_of(account("A1"), seed=4))
    soft = replace(problem, rows=(replace(problem.rows[0], soft_price=1.0), *problem.rows[1:]))

    assert exact_shares(market, soft, found.box, found.shares) == (
        "caps on risk, soft rows and budgets of gains are beyond the exact program"
    )
