"""Whole proposals on generated books: never a broken rule, always an account of itself."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.accounts import CashFlow, LotMethod, TaxStatus, WeightBand
from domain.errors import UnknownNameError
from domain.orders import Side
from domain.proposals import Outcome
from domain.snapshot import Finding, Restriction
from optimizer import assemble, propose, propose_batch
from tests.optimizer.book import AS_OF, SOURCE, account, book_of, mandate
from tests.optimizer.checker import faults_of

fractions = st.integers(0, 60).map(lambda n: Decimal(n) / 100)


@st.composite
def mandates(draw):
    """From generous to impossible."""
    low = draw(st.integers(0, 30)) / Decimal(1000)
    names = draw(st.sets(st.sampled_from(IDS), max_size=3))
    return mandate(
        lot_method=draw(st.sampled_from(list(LotMethod))),
        cash=WeightBand(name="cash", minimum=low, maximum=low + Decimal("0.02")),
        sector_band=draw(st.sampled_from([Decimal("0.01"), Decimal("0.03"), Decimal("0.2")])),
        name_maximum=draw(st.sampled_from([Decimal("0.09"), Decimal("0.15"), Decimal("0.4")])),
        turnover_maximum=draw(fractions) + Decimal("0.02"),
        risk_aversion=Decimal(draw(st.sampled_from([1, 10, 50]))),
        minimum_trade=Decimal(draw(st.sampled_from([0, 500, 5000, 20000]))),
        do_not_buy=tuple(sorted(names)),
        do_not_sell=tuple(sorted(draw(st.sets(st.sampled_from(IDS), max_size=2)))),
    )


IDS = [security.security_id for security in book_of(account("A1")).securities]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(1, 10_000),
    of_account=mandates(),
    status=st.sampled_from(list(TaxStatus)),
    restricted=st.sets(st.sampled_from(IDS), max_size=1),
    withdrawal=st.sampled_from([0, 0, 15_000, 90_000]),
)
def test_no_proposal_breaks_a_rule(seed, of_account, status, restricted, withdrawal):
    """Tight and impossible mandates included: an answer keeps every rule, or it is not given."""
    snapshot = replace(
        book_of(account("A1", tax_status=status), seed=seed),
        mandates=(of_account,),
        restrictions=tuple(
            Restriction(security_id=i, reason="x", effective_from=AS_OF, source=SOURCE)
            for i in sorted(restricted)
        ),
        flows=(
            CashFlow(
                account_id="A1",
                amount=Decimal(-withdrawal),
                due=AS_OF + timedelta(days=2),
                why="house",
                source=SOURCE,
            ),
        ),
    )

    (proposal,) = propose_batch(*assemble(snapshot))

    assert faults_of(snapshot, proposal) == []
    assert proposal.message
    if proposal.outcome is Outcome.INFEASIBLE:
        assert proposal.conflicts
        assert any(conflict.short_by > 0 for conflict in proposal.conflicts)
    else:
        assert proposal.outcome is not Outcome.FAILED
    if proposal.certificate:
        assert proposal.certificate.gap <= Decimal("1e-6")
        assert proposal.certificate.violation <= Decimal("1e-6")


def shuffled(snapshot, seed: int):
    """The same book with every tuple in another order."""
    order = random.Random(seed)
    history = list(zip(snapshot.history.security_ids, snapshot.history.closes, strict=True))
    order.shuffle(history)
    return replace(
        snapshot,
        history=replace(
            snapshot.history,
            security_ids=tuple(i for i, _ in history),
            closes=tuple(row for _, row in history),
        ),
        **{
            name: tuple(order.sample(getattr(snapshot, name), len(getattr(snapshot, name))))
            for name in ("securities", "prices", "accounts", "lots", "cash")
        },
    )


@pytest.mark.parametrize("seed", [3, 4])
def test_the_order_of_the_input_does_not_matter(seed):
    snapshot = book_of(account("A1"), account("A2"), account("B1", "H2"), seed=seed)

    assert propose_batch(*assemble(shuffled(snapshot, 1))) == propose_batch(*assemble(snapshot))


def test_an_account_is_answered_the_same_alone_and_in_a_batch():
    snapshot = book_of(account("A1", "H1"), account("B1", "H2"), account("C1", "H3"))
    market, problems = assemble(snapshot)

    assert tuple(propose(market, problem) for problem in problems) == propose_batch(
        market, problems
    )


def test_one_failing_account_hurts_no_neighbour():
    """One has no prices for its holding, one has numbers that no solver takes."""
    snapshot = book_of(account("A1", "H1"), account("B1", "H2"), account("C1", "H3"))
    market, problems = assemble(snapshot)
    nan = replace(problems[1], w0=np.full_like(problems[1].w0, np.nan))

    alone = propose_batch(market, problems)
    answers = propose_batch(market, (problems[0], nan, problems[2]))

    assert answers[1].outcome is Outcome.FAILED
    assert "B1" in answers[1].message
    assert (answers[0], answers[2]) == (alone[0], alone[2])


def test_an_account_with_an_unpriced_holding_fails_with_the_name():
    snapshot = book_of(account("A1", "H1"))
    market, problems = assemble(replace(snapshot, prices=snapshot.prices[1:]))

    (answer,) = propose_batch(market, problems)

    assert answer.outcome is Outcome.FAILED
    assert "account A1: S01 has no price or no price history" in answer.message


@pytest.mark.parametrize("days", [0, 2])
def test_a_history_too_short_to_estimate_risk_is_a_fault_of_every_account(days):
    snapshot = book_of(account("A1"), account("A2"))
    history = snapshot.history
    short = replace(
        history, days=history.days[:days], closes=tuple(row[:days] for row in history.closes)
    )

    market, problems = assemble(replace(snapshot, history=short))

    assert market.security_ids == ()
    assert len(problems) == len(snapshot.accounts)
    assert all("no price history" in problem.fault for problem in problems)


def test_a_mandate_without_risk_aversion_is_a_fault_that_names_it():
    snapshot = replace(book_of(account("A1")), mandates=(mandate(risk_aversion=Decimal(0)),))

    (answer,) = propose_batch(*assemble(snapshot))

    assert answer.outcome is Outcome.FAILED
    assert "risk_aversion of mandate growth is 0; it must be positive" in answer.message


def test_quarantined_accounts_are_left_out_and_unknown_ones_refused():
    finding = Finding(check="doubled_account", account_id="A1", message="twice", source=None)
    snapshot = replace(book_of(account("A1"), account("A2")), findings=(finding,))

    _, problems = assemble(snapshot)

    assert [problem.account_id for problem in problems] == ["A2"]
    with pytest.raises(UnknownNameError, match="account X9"):
        assemble(snapshot, ["X9"])


def test_cash_is_raised_for_a_withdrawal_larger_than_the_cash():
    flow = CashFlow(
        account_id="A1", amount=Decimal(-80_000), due=date(2022, 12, 2), why="house", source=SOURCE
    )
    snapshot = replace(book_of(account("A1")), flows=(flow,))

    (proposal,) = propose_batch(*assemble(snapshot))

    assert proposal.cash_before < 80_000
    assert proposal.cash_after >= 80_000 + proposal.net_asset_value * Decimal("0.01")
    sales = [trade for trade in proposal.trades if trade.side is Side.SELL]
    assert any("after paying $80,000" in trade.reason for trade in sales)


def test_an_account_on_its_model_does_not_trade():
    """Weights equal to the model's but for whole shares: nothing pays for a ticket."""
    snapshot = book_of(account("A1", tax_status=TaxStatus.EXEMPT))
    prices = {price.security_id: price.close for price in snapshot.prices}
    lots = tuple(
        replace(
            snapshot.lots[0],
            lot_id=i,
            security_id=i,
            quantity=Decimal(int(weight * 1_000_000 / prices[i])),
        )
        for i, weight in snapshot.models[0].weights.items()
    )
    value = sum(lot.quantity * prices[lot.security_id] for lot in lots)
    cash = replace(snapshot.cash[0], amount=1_000_000 - value)

    (proposal,) = propose_batch(*assemble(replace(snapshot, lots=lots, cash=(cash,))))

    assert proposal.outcome is Outcome.NO_TRADE
    assert proposal.trades == ()
    assert "no trade gains more than it costs" in proposal.message


def test_tracking_falls_and_the_message_counts():
    snapshot = book_of(account("A1", tax_status=TaxStatus.DEFERRED))

    (proposal,) = propose_batch(*assemble(snapshot))

    assert proposal.tracking_error_after < proposal.tracking_error_before / 2
    assert proposal.message.startswith(f"{len(proposal.trades)} trades, turnover")
    assert proposal.expected_tax == 0


def test_a_smallest_trade_that_is_too_large_is_named_as_the_conflict():
    """Cash has to come down by 1 %, but no trade below half of NAV is worth a ticket."""
    narrow = WeightBand(name="cash", minimum=Decimal(0), maximum=Decimal("0.01"))
    dear = mandate(cash=narrow, minimum_trade=Decimal(500_000), sector_band=Decimal(1))
    snapshot = replace(book_of(account("A1")), mandates=(dear,))

    (proposal,) = propose_batch(*assemble(snapshot))

    assert proposal.outcome is Outcome.INFEASIBLE
    row, smallest = proposal.conflicts
    assert (row.name, smallest.name) == (
        "cash at most 1.0 %",
        "whole shares in trades of at least $500,000",
    )
    assert row.short_by > 0


def test_a_name_that_the_model_does_not_have_is_never_bought():
    """It would hedge what may not be sold, and the client would ask what it is doing there."""
    fixed = book_of(account("A1", tax_status=TaxStatus.EXEMPT))
    model = fixed.models[0]
    dropped, kept = IDS[:4], IDS[4:6]  # Of four sectors; what may not be sold is hedged.
    weights = {i: weight for i, weight in model.weights.items() if i not in dropped}
    terms = mandate(do_not_sell=tuple(kept), sector_band=Decimal(1))
    lots = tuple(lot for lot in fixed.lots if lot.security_id not in dropped[:2])
    models = (replace(model, weights=weights),)

    (proposal,) = propose_batch(
        *assemble(replace(fixed, models=models, lots=lots, mandates=(terms,)))
    )

    assert proposal.outcome is Outcome.TRADE
    sides = {t.security_id: t.side for t in proposal.trades if t.security_id in dropped}
    assert Side.BUY not in sides.values()
    assert sides[dropped[2]] is sides[dropped[3]] is Side.SELL


def test_a_trade_that_makes_room_for_others_says_so():
    """The model has no cash and the mandate wants some: sales pay for purchases."""
    low = WeightBand(name="cash", minimum=Decimal("0.019"), maximum=Decimal("0.1"))
    snapshot = book_of(account("A1", tax_status=TaxStatus.EXEMPT))
    model = snapshot.models[0]
    more = {i: weight + Decimal("0.0024") for i, weight in model.weights.items()}
    models, mandates = (replace(model, weights=more),), (mandate(cash=low),)

    (proposal,) = propose_batch(*assemble(replace(snapshot, models=models, mandates=mandates)))

    for trade in proposal.trades:
        helps = {t.name: t.basis_points for t in trade.terms}.get("cash", Decimal(0)) > 1
        assert ("makes room for other trades under cash" in trade.reason) == helps
    sales = [trade for trade in proposal.trades if trade.side is Side.SELL]
    assert any("cash at least 1.9 %" in trade.reason for trade in sales)


def test_reasons_carry_the_numbers_of_the_trade():
    (proposal,) = propose_batch(*assemble(book_of(account("A1"))))
    market, _ = assemble(book_of(account("A1")))
    symbols = dict(zip(market.security_ids, market.symbols, strict=True))

    for trade in proposal.trades:
        word = "Buy" if trade.side is Side.BUY else "Sell"
        start = f"{word} {trade.quantity:,} {symbols[trade.security_id]}: "
        assert trade.reason.startswith(start + f"{trade.weight_before * 100:.1f} % held")
        assert f"target of {trade.weight_target * 100:.1f} %" in trade.reason
        assert "tracking error" in trade.reason
