"""Why each trade: terms that add up, and that really are the derivatives they claim to be."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.accounts import TaxStatus
from domain.orders import Side
from domain.proposals import Outcome
from optimizer import assemble, propose_batch
from optimizer.objective import tracking_error, untaxed
from tests.optimizer.book import account, book_of, mandate


def proposal_of(seed: int, status=TaxStatus.TAXABLE):
    snapshot = book_of(account("A1", tax_status=status), seed=seed)
    market, problems = assemble(snapshot)
    (proposal,) = propose_batch(market, problems)
    return market, problems[0], proposal


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(1, 5_000), status=st.sampled_from(list(TaxStatus)))
def test_terms_add_up_to_zero_and_rounding_is_small(seed, status):
    """A trade below $500 that is dropped moves slopes by 2 x 10 x 0.1 x 0.0005: 10 bp each.

    Lambda is 10, variances are about 0.1, the account has a million dollars; a
    handful of dropped trades may meet in one name.
    """
    _, _, proposal = proposal_of(seed, status)

    for trade in proposal.trades:
        terms = {term.name: term.basis_points for term in trade.terms}
        assert sum(terms.values()) == 0
        assert abs(terms["rounding"]) < 50
        assert len(terms) == len(trade.terms), "each name once"


def trades_in_weights(market, problem, proposal) -> np.ndarray:
    z = np.zeros(len(problem.w0))
    for trade in proposal.trades:
        name = market.security_ids.index(trade.security_id)
        sign = 1 if trade.side is Side.BUY else -1
        z[name] = sign * float(trade.quantity * market.prices[name] / problem.nav)
    return z


def test_risk_and_cost_terms_are_the_slopes_of_the_objective():
    """Against a numerical derivative along each trade."""
    market, problem, proposal = proposal_of(2, TaxStatus.EXEMPT)
    z = trades_in_weights(market, problem, proposal)

    assert proposal.outcome is Outcome.TRADE
    for trade in proposal.trades:
        step = np.zeros_like(z)
        name = market.security_ids.index(trade.security_id)
        step[name] = 1e-6 * np.sign(z[name])
        slope = (untaxed(market, problem, z + step) - untaxed(market, problem, z - step)) / 2e-6
        stated = sum(
            term.basis_points
            for term in trade.terms
            if term.name in {"tracking_risk", "specific_risk", "spread", "impact"}
        )
        assert abs(float(stated) / 1e4 + slope) < 1e-6


def test_the_totals_are_the_sums_of_the_trades_and_the_tracking_error_is_that_of_the_shares():
    market, problem, proposal = proposal_of(3)
    z = trades_in_weights(market, problem, proposal)

    assert proposal.expected_cost == sum(trade.expected_cost for trade in proposal.trades)
    assert proposal.expected_tax == sum(trade.expected_tax for trade in proposal.trades)
    before = tracking_error(market, problem.w0 - problem.b)
    after = tracking_error(market, problem.w0 + z - problem.b)
    assert abs(float(proposal.tracking_error_before) - before) < 1e-9
    assert abs(float(proposal.tracking_error_after) - after) < 1e-9


def test_expected_tax_is_that_of_the_named_lots():
    snapshot = book_of(account("A1"), seed=3)
    market, problems = assemble(snapshot)
    (proposal,) = propose_batch(market, problems)
    lots = {lot.lot_id: lot for lot in snapshot.lots}
    price = {p.security_id: p.close for p in snapshot.prices}
    sales = [trade for trade in proposal.trades if trade.side is Side.SELL]

    assert sales
    for trade in sales:
        left, tax = trade.quantity, Decimal(0)
        for lot in (lots[lot_id] for lot_id in trade.lot_ids):
            part = min(left, lot.quantity)
            long_term = (snapshot.as_of - lot.acquired).days > 365
            rate = Decimal("0.238") if long_term else Decimal("0.408")
            tax += rate * part * (price[trade.security_id] - lot.basis / lot.quantity)
            left -= part
        assert left == 0
        assert abs(trade.expected_tax - tax) <= Decimal("0.01")


def test_the_message_names_the_rows_that_bind():
    """A turnover cap that is used up has a price, is named, and is a term of every trade."""
    snapshot = book_of(account("A1", tax_status=TaxStatus.EXEMPT), seed=2)
    capped = mandate(turnover_maximum=Decimal("0.15"), sector_band=Decimal(1))
    (proposal,) = propose_batch(*assemble(replace(snapshot, mandates=(capped,))))

    assert "Binding: turnover at most 15.0 %" in proposal.message
    assert all("turnover" in {t.name for t in trade.terms} for trade in proposal.trades)
    assert Decimal("0.14") < proposal.turnover <= Decimal("0.15")
