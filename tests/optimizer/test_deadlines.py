"""Deadlines: the best answer in time, said to be what it is; and nobody else is hurt."""

from dataclasses import replace
from decimal import Decimal
from itertools import count
from math import inf

import pytest

from domain.accounts import CashFlow, WeightBand
from domain.proposals import Outcome
from optimizer import assemble, propose, propose_batch
from optimizer.deadline import NEVER, Deadline
from tests.optimizer.book import AS_OF, SOURCE, account, book_of, mandate
from tests.optimizer.checker import faults_of


def after(looks: int) -> Deadline:
    """A deadline that passes once it has been looked at so often: a clock of its own."""
    ticks = count()
    return Deadline(lambda: float(next(ticks)), float(looks))


@pytest.mark.parametrize("looks", range(1, 30, 2))
def test_a_late_answer_keeps_every_rule_and_says_how_good_it_is(looks):
    snapshot = book_of(account("A1"), seed=3)
    market, (problem,) = assemble(snapshot)
    best = propose(market, problem)

    found = propose(market, problem, after(looks))

    assert faults_of(snapshot, found) == []
    assert found.outcome in (Outcome.TRADE, Outcome.NO_TRADE)
    assert found.certificate.violation <= Decimal("1e-6")
    assert found == best or found.notes[-1].startswith("Stopped at its deadline: ")
    if found.certificate.gap > Decimal("1e-6"):
        assert "of the best objective, as far as is proven" in found.notes[-1]
        assert "Already best" not in found.message


def test_more_time_never_proves_less():
    """The gap that is proven falls to nothing with the time that is given."""
    market, (problem,) = assemble(book_of(account("A1"), seed=3))

    gaps = [propose(market, problem, after(looks)).certificate.gap for looks in (2, 6, 40)]

    assert gaps[0] > gaps[-1]
    assert gaps[-1] <= Decimal("1e-6")


def test_an_account_that_must_trade_gets_trades_that_do_what_it_must():
    """Cash must be raised: doing nothing is no answer, and the smallest trades that do it are."""
    flow = CashFlow(account_id="A1", amount=Decimal(-80_000), due=AS_OF, why="house", source=SOURCE)
    snapshot = replace(book_of(account("A1")), flows=(flow,))
    market, (problem,) = assemble(snapshot)

    found = propose(market, problem, after(0))

    assert found.outcome is Outcome.TRADE
    assert faults_of(snapshot, found) == []


def test_an_account_that_cannot_be_has_failed_at_its_deadline():
    """What conflicts is not worked out in no time, and not made up."""
    narrow = WeightBand(name="cash", minimum=Decimal("0.5"), maximum=Decimal("0.6"))
    tight = mandate(cash=narrow, turnover_maximum=Decimal("0.01"))
    snapshot = replace(book_of(account("A1")), mandates=(tight,))
    market, (problem,) = assemble(snapshot)

    found = propose(market, problem, after(0))

    assert found.outcome is Outcome.FAILED
    why = "account A1: the deadline passed before any answer kept every constraint"
    assert found.message.startswith(why)


def test_accounts_whose_turn_does_not_come_are_failed_and_the_others_as_ever():
    accounts = [account(f"A{n}", f"H{n}") for n in range(1, 6)]
    market, problems = assemble(book_of(*accounts, seed=4))
    full = propose_batch(market, problems)

    ticks = count()
    propose_batch(market, problems[:2], deadline=Deadline(lambda: float(next(ticks)), inf))

    found = propose_batch(market, problems, deadline=after(next(ticks)))

    assert found[:2] == full[:2]
    unheard = [one for one in found if "the deadline passed before its turn" in one.message]
    assert len(unheard) >= 2
    assert all(one.outcome is Outcome.FAILED for one in unheard)


def test_one_slow_account_takes_its_own_seconds_only():
    """A second a look: the first account would need more than it has; the next have their own."""
    accounts = [account(f"A{n}", f"H{n}") for n in range(1, 4)]
    market, problems = assemble(book_of(*accounts, seed=8))
    ticks = count()
    clock = Deadline(lambda: float(next(ticks)), inf)

    found = propose_batch(market, problems, deadline=clock, seconds_per_account=3.0)

    assert all(one.outcome is not Outcome.FAILED for one in found)
    assert all(one.notes[-1].startswith("Stopped at its deadline") for one in found)


def test_without_a_deadline_nothing_passes():
    assert not NEVER.passed()
    assert NEVER.left == inf
    assert not NEVER.within(1.0).passed()
