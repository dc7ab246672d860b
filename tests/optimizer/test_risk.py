"""The risk model: what it must keep of the prices, and what it must not invent."""

import numpy as np
import pytest

from optimizer.risk import TRADING_DAYS, estimate


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
