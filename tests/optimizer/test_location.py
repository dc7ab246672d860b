"""Asset location: a household's accounts as one, each name where it is worth most after tax."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from domain.accounts import TaxStatus
from domain.goals import Wishes
from domain.orders import Side
from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from tests.optimizer.book import account, book_of, mandate
from tests.optimizer.checker import faults_of
from tests.optimizer.test_washsales import bought_and_harvested

WIDE = {
    "sector_band": Decimal("0.03"),
    "name_maximum": Decimal("0.4"),
    "turnover_maximum": Decimal(2),
}


def family(*, located: bool, seed: int = 4):
    """A taxable account and an IRA on one model; every third name pays out, taxed at 40 %."""
    snapshot = book_of(
        account("A1", mandate_id="taxable"),
        account("B2", mandate_id="ira", tax_status=TaxStatus.DEFERRED),
        seed=seed,
    )
    ids = [security.security_id for security in snapshot.securities]
    gross = {i: Decimal("0.06") for i in ids}
    taxed = {i: Decimal("0.036") if n % 3 == 0 else Decimal("0.055") for n, i in enumerate(ids)}

    def wishes(returns):
        return Wishes(measures={"after tax": returns}, expected_return="after tax", located=located)

    mandates = (
        mandate("taxable", wishes=wishes(taxed), **WIDE),
        mandate("ira", wishes=wishes(gross), **WIDE),
    )
    return replace(snapshot, mandates=mandates)


def weights_after(snapshot, proposal, market, problem):
    w = problem.w0.copy()
    for trade in proposal.trades:
        at = market.security_ids.index(trade.security_id)
        way = 1 if trade.side is Side.BUY else -1
        w[at] += way * float(trade.quantity * market.prices[at] / proposal.net_asset_value)
    return w


@cache
def answered(*, located: bool, seed: int = 4):
    snapshot = family(located=located, seed=seed)
    market, problems = assemble(snapshot)
    proposals = propose_batch(market, problems)
    assert [p.outcome for p in proposals] == [Outcome.TRADE] * 2, [p.message for p in proposals]
    w = [weights_after(snapshot, p, market, q) for p, q in zip(proposals, problems, strict=True)]
    return snapshot, market, problems, proposals, w


def test_what_is_taxed_most_goes_to_the_account_that_pays_no_tax():
    *_, w = answered(located=True)
    pays_out = np.arange(len(w[0])) % 3 == 0

    taxable, deferred = (of[pays_out].sum() / of.sum() for of in w)

    assert deferred > taxable + 0.15


def test_together_they_earn_more_after_tax_than_apart_and_track_the_household_as_well():
    def merits(located):
        _, market, problems, proposals, w = answered(located=located)
        shares = np.array([float(p.net_asset_value) for p in proposals])
        shares /= shares.sum()
        earned = sum(s * (q.goal.alpha @ of) for s, q, of in zip(shares, problems, w, strict=True))
        held = sum(s * (of - q.b) for s, q, of in zip(shares, problems, w, strict=True))
        covariance = market.F @ market.F.T + np.diag(market.d)
        return earned, np.sqrt(held @ covariance @ held)

    (apart, error_apart), (together, error_together) = merits(False), merits(True)

    assert together > apart + 0.0005
    assert error_together < error_apart + 0.001


@pytest.mark.parametrize("seed", [1, 4])
def test_every_account_keeps_its_own_rules_and_the_household_its_bands(seed):
    snapshot, market, problems, proposals, w = answered(located=True, seed=seed)

    for proposal in proposals:
        faults = [f for f in faults_of(snapshot, proposal) if "model" not in f]
        assert faults == []
    shares = np.array([float(p.net_asset_value) for p in proposals])
    shares /= shares.sum()
    for sector in set(market.sectors):
        inside = np.array(market.sectors) == sector
        off = sum(
            s * (of - q.b)[inside].sum() for s, q, of in zip(shares, problems, w, strict=True)
        )
        assert abs(off) <= 0.03 + 1e-9


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_no_account_buys_what_another_sells_at_a_loss(seed):
    snapshot, _, _, proposals, _ = answered(located=True, seed=seed)

    bought, harvested = bought_and_harvested(snapshot, proposals)
    assert not bought & harvested


def test_where_there_is_no_answer_together_each_has_its_own():
    """The IRA may not trade at all and is not within its cash band: its failure is its own."""
    snapshot = family(located=True)
    taxable, ira = snapshot.mandates
    stuck = replace(ira, turnover_maximum=Decimal(0), name_maximum=Decimal("0.05"))

    proposals = propose_batch(*assemble(replace(snapshot, mandates=(taxable, stuck))))

    assert [p.outcome for p in proposals] == [Outcome.TRADE, Outcome.INFEASIBLE]


def test_the_answer_says_that_it_is_one_of_a_household():
    _, _, _, (first, second), _ = answered(located=True)

    assert first.message.split(".")[0].endswith("trades, answered together with B2")
    assert {figure.name for figure in second.figures} >= {"household expected return"}
    for trade in (*first.trades, *second.trades):
        assert sum(term.basis_points for term in trade.terms) == 0
