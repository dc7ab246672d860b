"""The risk model: what it must keep of the prices, and what it must not invent."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadInputError
from domain.proposals import Outcome
from domain.risk import RiskMethod, RiskSettings
from optimizer import assemble, propose_batch
from optimizer.definite import IndefiniteRiskError
from optimizer.risk import TRADING_DAYS, estimate, supplied
from tests.optimizer.book import account, book_of, mandate


def closes(returns) -> np.ndarray:
    """Prices (n, days + 1) of returns (n, days)."""
    start = np.zeros((len(returns), 1))
    return 100 * np.exp(np.cumsum(np.hstack([start, returns]), axis=1))


def market(names=10, days=700, seed=1, noise=0.01):
    random = np.random.default_rng(seed)
    common = random.normal(0, 0.01, days)
    beta = random.uniform(0.5, 1.5, names)
    return beta, beta[:, None] * common + random.normal(0, noise, (names, days))


def test_every_name_keeps_its_own_volatility():
    _, returns = market()

    risk = estimate(closes(returns))

    total = (risk.F**2).sum(axis=1) + risk.d
    assert np.allclose(total, returns.var(axis=1, ddof=1) * TRADING_DAYS)
    assert np.all(risk.d > 0)


def test_one_common_driver_is_found_as_one_factor_in_proportion_to_beta():
    beta, returns = market(noise=0.003)

    risk = estimate(closes(returns))

    assert risk.F.shape == (10, 1)
    assert np.corrcoef(risk.F[:, 0], beta)[0, 1] > 0.99


def test_independent_names_are_left_nearly_uncorrelated():
    """Shrinkage and the edge of noise keep one weak factor at most."""
    returns = np.random.default_rng(3).normal(0, 0.01, (10, 700))

    risk = estimate(closes(returns))

    covariance = risk.F @ risk.F.T
    off = covariance - np.diag(np.diag(covariance))
    assert risk.F.shape[1] == 1
    assert np.abs(off).max() < 0.2 * risk.daily.min() ** 2 * TRADING_DAYS


def test_more_names_than_days_still_give_a_positive_definite_model():
    _, returns = market(names=30, days=20)

    risk = estimate(closes(returns))

    assert np.linalg.eigvalsh(risk.F @ risk.F.T + np.diag(risk.d)).min() > 0


def test_a_price_that_never_moves_has_no_risk_and_spoils_nothing():
    _, returns = market(names=4)
    still = np.vstack([returns, np.zeros((1, returns.shape[1]))])

    with_it, without = estimate(closes(still)), estimate(closes(returns))

    assert np.all(with_it.F[4] == 0)
    assert with_it.d[4] == 0
    assert np.allclose(with_it.F[:4], without.F)


def test_the_model_does_not_depend_on_the_order_of_the_names():
    _, returns = market()
    order = np.random.default_rng(0).permutation(len(returns))

    straight, mixed = estimate(closes(returns)), estimate(closes(returns[order]))

    assert np.allclose((straight.F @ straight.F.T)[np.ix_(order, order)], mixed.F @ mixed.F.T)


@pytest.mark.parametrize("bad", [np.array([[1.0, 0.0, 2.0]]), np.ones((2, 2))])
def test_our_own_promises_about_prices_are_asserted(bad):
    with pytest.raises(AssertionError):
        estimate(bad)


def test_old_returns_count_less_with_a_half_life():
    """Volatility that doubled a half-life ago is seen nearer to what it is now."""
    random = np.random.default_rng(5)
    calm, wild = random.normal(0, 0.01, (6, 400)), random.normal(0, 0.03, (6, 100))
    prices = closes(np.hstack([calm, wild]))

    flat, recent = estimate(prices), estimate(prices, RiskSettings(half_life=Decimal(50)))

    assert np.all(recent.daily > flat.daily * 1.3)
    assert np.all(recent.daily < 0.035)


def test_a_name_with_some_days_is_estimated_on_those_and_the_model_says_so():
    beta, returns = market(noise=0.003)
    prices = closes(returns)
    prices[0, :250] = np.nan

    risk = estimate(prices, names=[f"N{n}" for n in range(10)])

    assert risk.notes == ("N0 has returns on 64% of days: estimated on those",)
    ratio = risk.F[0, 0] / risk.F[1:, 0].mean()
    assert ratio == pytest.approx(beta[0] / beta[1:].mean(), rel=0.1)


def test_a_name_with_few_days_takes_the_average_of_its_peers():
    _, returns = market()
    prices = closes(returns)
    prices[0, :600] = np.nan
    peers = ["oil", "oil", "oil", *["other"] * 7]

    risk = estimate(prices, names=[f"N{n}" for n in range(10)], peers=peers)

    assert np.allclose(risk.F[0], risk.F[1:3].mean(axis=0))
    assert risk.d[0] == pytest.approx(risk.d[1:3].mean())
    assert risk.notes == (
        "N0 has returns on 14% of days, 50% are needed: its risk is the average of oil",
    )


def test_exposures_to_known_factors_come_back_by_regression():
    random = np.random.default_rng(7)
    drivers = random.normal(0, 0.01, (2, 1500))
    exposures = random.uniform(-1, 2, (8, 2))
    own = random.uniform(0.002, 0.01, 8)
    returns = exposures @ drivers + random.normal(0, 1, (8, 1500)) * own[:, None]
    names = [f"N{n}" for n in range(8)] + ["IDX1", "IDX2"]
    how = RiskSettings(method=RiskMethod.FACTORS, factors={"growth": "IDX1", "rates": "IDX2"})

    risk = estimate(closes(np.vstack([returns, drivers])), how, names=names)

    true = exposures @ np.cov(drivers) @ exposures.T * TRADING_DAYS
    assert np.allclose((risk.F @ risk.F.T)[:8, :8], true, atol=0.1 * true.max())
    assert np.allclose(risk.d[:8], own**2 * TRADING_DAYS, rtol=0.1)
    assert np.allclose(risk.d[8:], 0, atol=1e-9)


def test_a_factor_without_prices_is_named():
    how = RiskSettings(method=RiskMethod.FACTORS, factors={"market": "SPY"})

    with pytest.raises(BadInputError, match="risk factor SPY has no price history"):
        estimate(closes(market()[1]), how, names=[f"N{n}" for n in range(10)])


def supplied_settings(correlation: str) -> RiskSettings:
    rows = {
        one: {
            other: Decimal("0.04") * (Decimal(1) if one == other else Decimal(correlation))
            for other in "abc"
        }
        for one in "abc"
    }
    return RiskSettings(
        method=RiskMethod.SUPPLIED,
        exposures={name: {"X": Decimal(n + 1), "Y": Decimal(1)} for n, name in enumerate("abc")},
        covariance=rows,
        specific={"X": Decimal("0.01"), "Y": Decimal("0.02")},
    )


def test_a_supplied_model_is_taken_as_it_is():
    risk = supplied(supplied_settings("0.3"), ["X", "Y"])

    exposures = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])
    covariance = 0.04 * (0.3 + 0.7 * np.eye(3))
    assert np.allclose(risk.F @ risk.F.T, exposures @ covariance @ exposures.T)
    assert risk.d.tolist() == [0.01, 0.02]
    assert risk.notes == ()


def test_a_covariance_a_little_indefinite_is_mended_and_it_is_said():
    """Three equal correlations below -1/2 cannot be; -0.51 is a rounding away from -0.5."""
    risk = supplied(supplied_settings("-0.51"), ["X", "Y"])

    (note,) = risk.notes
    assert note.startswith(
        "the supplied factor covariance had an eigenvalue of -0.0008: it was set to 0"
    )
    assert np.linalg.eigvalsh(risk.F @ risk.F.T).min() > -1e-12


def test_a_covariance_far_from_definite_is_refused_with_its_eigenvalues():
    with pytest.raises(IndefiniteRiskError, match=r"eigenvalue of -0\.032 beside 0\.076"):
        supplied(supplied_settings("-0.9"), ["X", "Y"])


def test_an_indefinite_model_is_a_fault_of_every_account_and_no_crash():
    snapshot = book_of(account("A1"), account("A2"))
    bad = supplied_settings("-0.9")
    everything = {s.security_id: Decimal("0.02") for s in snapshot.securities}
    terms = mandate(risk=replace(bad, specific=everything))

    proposals = propose_batch(*assemble(replace(snapshot, mandates=(terms,))))

    assert [p.outcome for p in proposals] == [Outcome.FAILED] * 2
    assert proposals[0].message.startswith("account A1: risk model: the supplied factor covariance")


def test_a_name_that_a_supplied_model_lacks_is_a_fault_that_says_where_to_add_it():
    snapshot = book_of(account("A1"))
    first, *others = (s.security_id for s in snapshot.securities)
    specific = dict.fromkeys(others, Decimal("0.02"))
    terms = mandate(risk=replace(supplied_settings("0.3"), specific=specific))

    (proposal,) = propose_batch(*assemble(replace(snapshot, mandates=(terms,))))

    assert first == snapshot.securities[0].security_id
    assert proposal.message == (
        "account A1: S01 has no price, or no specific variance in [risk]; add it to mandates.toml"
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), gaps=st.floats(0, 0.6), days=st.integers(5, 80))
def test_whatever_is_missing_the_model_is_positive_semidefinite_and_finite(seed, gaps, days):
    random = np.random.default_rng(seed)
    prices = closes(random.normal(0, 0.02, (7, days)))
    prices[random.uniform(size=prices.shape) < gaps] = np.nan

    risk = estimate(prices, RiskSettings(half_life=Decimal(20)))

    assert np.isfinite(risk.F).all()
    assert np.isfinite(risk.d).all()
    assert risk.d.min() >= 0
    assert np.linalg.eigvalsh(risk.F @ risk.F.T + np.diag(risk.d)).min() >= -1e-12
