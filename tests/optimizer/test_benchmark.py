"""The benchmark's own honesty: its judge, its peers, and what it does without them."""

import numpy as np
import pytest

from benchmarks.optimizer import hot_loop, peer_row
from benchmarks.optimizer_instance import Instance, judge
from benchmarks.optimizer_solvers import CvxpyAfresh, CvxpyCompiled, Direct
from benchmarks.optimizer_workload import accounts_of, market_of

MARKET = market_of(30)
ACCOUNTS = accounts_of(MARKET, 0, 4)
BEST, OWN = hot_loop(MARKET, ACCOUNTS)


def test_an_account_is_the_same_in_every_batch():
    later = accounts_of(MARKET, 2, 2)

    assert np.array_equal(later.w0, ACCOUNTS.w0[2:])
    assert np.array_equal(later.limit, ACCOUNTS.limit[2:])
    assert np.array_equal(later.lot_tax, ACCOUNTS.part(2, 4).lot_tax)


def test_the_judge_agrees_with_the_certificate_and_sees_what_is_broken():
    instance = Instance.of(MARKET, ACCOUNTS, 1)

    honest = judge(instance, BEST.z[1])
    oversold = judge(instance, BEST.z[1] - 1.0)

    assert honest.objective == pytest.approx(BEST.objective[1], abs=1e-12)
    assert honest.violation <= 1e-9
    assert oversold.violation >= 0.9


@pytest.mark.parametrize(
    "make",
    [
        lambda: CvxpyAfresh(MARKET, "CLARABEL"),
        lambda: CvxpyCompiled(MARKET),
        lambda: Direct("PIQP, sparse"),
        lambda: Direct("PIQP, dense"),
        lambda: Direct("Clarabel"),
    ],
)
def test_general_solvers_are_given_the_same_problem(make):
    row = peer_row("it", make, market=MARKET, accounts=ACCOUNTS, best=BEST, budget=60.0)

    assert row["accounts"] == len(ACCOUNTS)
    assert abs(row["max_gap"]) <= 1e-3
    assert row["max_violation"] <= 1e-6
    assert OWN["max_gap"] <= 1e-6


def test_a_peer_that_is_not_installed_is_named():
    def missing():
        raise ModuleNotFoundError("No module named 'skfolio'", name="skfolio")

    row = peer_row("skfolio", missing, market=MARKET, accounts=ACCOUNTS, best=BEST, budget=1.0)

    assert row == {"method": "skfolio", "names": 30, "skipped": "not installed (skfolio)"}
