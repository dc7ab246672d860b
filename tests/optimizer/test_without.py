"""The counterfactual without one rule, and the price and gain that an answer states for it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.accounts import TaxStatus
from domain.errors import UnknownNameError
from domain.proposals import Outcome
from optimizer import assemble, propose, propose_without, rules_of
from tests.optimizer.book import account, book_of, mandate


def capped():
    terms = mandate(turnover_maximum=Decimal("0.15"), sector_band=Decimal(1))
    snapshot = book_of(account("A1", tax_status=TaxStatus.EXEMPT), seed=2)
    market, (problem,) = assemble(replace(snapshot, mandates=(terms,)))
    return market, problem


def test_without_its_turnover_cap_the_account_trades_more_and_tracks_better():
    market, problem = capped()

    stands, freed = propose(market, problem), propose_without(market, (problem,), "A1", "Turnover")

    assert stands.turnover <= Decimal("0.15") < freed.turnover
    assert freed.tracking_error_after < stands.tracking_error_after


def test_what_a_rule_is_said_to_cost_is_what_the_account_gains_without_it():
    """The gain counts risk at its aversion and every cost, a year; shares add a little."""
    market, problem = capped()
    stands, freed = propose(market, problem), propose_without(market, (problem,), "A1", "turnover")
    (rule,) = stands.binding

    def worth(proposal):
        variance = float(proposal.tracking_error_after) ** 2
        risk = problem.risk_aversion * variance * float(problem.nav)
        return -risk - float(proposal.expected_cost)

    assert rule.name == "turnover at most 15.0 %"
    assert float(rule.gain_without) == pytest.approx(worth(freed) - worth(stands), rel=0.05)
    assert float(rule.tracking_error_without) == pytest.approx(
        float(freed.tracking_error_after), abs=1e-4
    )
    assert rule.price > 0


def test_an_infeasible_account_is_freed_by_leaving_out_what_conflicts():
    market, problem = capped()
    stuck = replace(
        problem,
        rows=tuple(replace(r, limit=-0.2) if r.name == "turnover" else r for r in problem.rows),
    )

    assert propose(market, stuck).outcome is Outcome.INFEASIBLE
    assert propose_without(market, (stuck,), "A1", "turnover").outcome is Outcome.TRADE


def test_a_rule_that_the_account_does_not_have_is_named_with_those_that_it_has():
    market, problem = capped()

    with pytest.raises(UnknownNameError, match=r"no rule 'vegan'; it has: cash at least 1\.0 %; "):
        propose_without(market, (problem,), "A1", "vegan")
    assert "name maximum 20.0 %" in rules_of(problem)


def test_doing_nothing_is_proven_with_what_it_would_gain_and_cost():
    """At the optimum of a large position already: a second run has nothing worth doing."""
    market, problem = capped()
    on_model = replace(
        problem,
        w0=problem.b * 1.001,
        lots=tuple(
            tuple(replace(lot, shares=lot.shares * Decimal(str(b * 1.001 / w))) for lot in lots)
            for lots, b, w in zip(problem.lots, problem.b, problem.w0, strict=True)
        ),
        rows=tuple(row for row in problem.rows if row.name == "turnover"),
    )

    proposal = propose(market, on_model)

    weighing = proposal.weighing
    assert proposal.outcome is Outcome.NO_TRADE
    assert weighing.gain < weighing.cost
    assert Decimal(0) <= weighing.at_most < Decimal(1)
    assert f"gain ${weighing.gain:,.2f} and cost ${weighing.cost:,.2f}" in proposal.message
