"""What others published, with their numbers: the same problem, put to our model.

MOSEK, "Portfolio Optimization Cookbook" (docs.mosek.com/portfolio-cookbook), and MOSEK's
documented portfolio examples (case-portfolio: 1 basic, 2 frontier, 6 factor); Boyd,
Busseti, Diamond, Kahn, Koh, Nystrup and Speth, "Multi-Period Trading via Convex
Optimization" (2017); Moehle, Kochenderfer, Boyd and Ang, "Tax-Aware Portfolio Construction
via Convex Optimization" (2021).
"""

from dataclasses import replace
from decimal import Decimal
from itertools import chain, combinations

import numpy as np
import pytest

from domain.accounts import TaxStatus
from optimizer import assemble
from optimizer.box import box_of, loss_choices
from optimizer.costs import impact_per_dollar
from optimizer.model import Programs
from optimizer.risk_budgets import budgeted_weights
from optimizer.risks import risk_around, volatility_of
from optimizer.search import flipped, one_by_one
from optimizer.solve import Solution, solve
from optimizer.values import Goal, Market, RiskCap, Row
from tests.optimizer.book import account, book_of, mandate
from tests.optimizer.test_optimum import tiny_market, tiny_problem

MU = np.array([0.0720, 0.1552, 0.1754, 0.0898, 0.4290, 0.3929, 0.3217, 0.1838])
SIGMA = np.array(  # Cookbook, section 2.4: eight stocks.
    [
        [0.0946, 0.0374, 0.0349, 0.0348, 0.0542, 0.0368, 0.0321, 0.0327],
        [0.0374, 0.0775, 0.0387, 0.0367, 0.0382, 0.0363, 0.0356, 0.0342],
        [0.0349, 0.0387, 0.0624, 0.0336, 0.0395, 0.0369, 0.0338, 0.0243],
        [0.0348, 0.0367, 0.0336, 0.0682, 0.0402, 0.0335, 0.0436, 0.0371],
        [0.0542, 0.0382, 0.0395, 0.0402, 0.1724, 0.0789, 0.0700, 0.0501],
        [0.0368, 0.0363, 0.0369, 0.0335, 0.0789, 0.0909, 0.0536, 0.0449],
        [0.0321, 0.0356, 0.0338, 0.0436, 0.0700, 0.0536, 0.0965, 0.0442],
        [0.0327, 0.0342, 0.0243, 0.0371, 0.0501, 0.0449, 0.0442, 0.0816],
    ]
)
MU_5 = np.array([0.07197, 0.15518, 0.17535, 0.08981, 0.42896, 0.39292, 0.32171, 0.18379])
G_T = np.array(  # case-portfolio: Sigma = G G', G' as it is printed there.
    [
        [0.30758, 0.12146, 0.11341, 0.11327, 0.17625, 0.11973, 0.10435, 0.10638],
        [0.0, 0.25042, 0.09946, 0.09164, 0.06692, 0.08706, 0.09173, 0.08506],
        [0.0, 0.0, 0.19914, 0.05867, 0.06453, 0.07367, 0.06468, 0.01914],
        [0.0, 0.0, 0.0, 0.20876, 0.04933, 0.03651, 0.09381, 0.07742],
        [0.0, 0.0, 0.0, 0.0, 0.36096, 0.12574, 0.10157, 0.0571],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.21552, 0.05663, 0.06187],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.22514, 0.03327],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2202],
    ]
)


def invested(names: int) -> tuple[Row, Row]:
    """1'w = 1 of an account that holds nothing yet."""
    ones = np.ones(names)
    return tuple(
        Row(name="cash", label="", buy=w * ones, sell=-w * ones, limit=w, relaxation_price=1.0)
        for w in (1.0, -1.0)
    )


def answered(market: Market, *, mu, lam=1e-6, cap=None) -> np.ndarray:
    """Most return less lam times the variance, fully invested, long only."""
    nothing = np.zeros(len(mu))
    total = risk_around(market, nothing)
    caps = ()
    if cap is not None:
        caps = (RiskCap(name="", label="", risk=total, maximum=cap, relaxation_price=1.0),)
    problem = replace(
        tiny_problem(nothing, nothing, lam=lam, rows=invested(len(mu))),
        goal=Goal(risk=total, alpha=mu, budget=nothing),
        caps=caps,
    )
    found = solve(Programs(market), problem, box_of(market, problem))
    assert isinstance(found, Solution), found
    return found.z


def test_mosek_cookbook_the_most_return_at_a_variance_of_five_percent():
    """Section 2.4.1: mu'x = 0.2767, x = (0, 0.0913, 0.2691, 0, 0.0253, 0.3216, 0.1765, 0.1162)."""
    market = tiny_market(np.linalg.cholesky(SIGMA), np.zeros(8))

    x = answered(market, mu=MU, cap=np.sqrt(0.05), lam=1e-3)

    assert MU @ x == pytest.approx(0.2767, abs=2e-4), "their inputs are printed to four digits"
    published = [0, 0.0913, 0.2691, 0, 0.0253, 0.3216, 0.1765, 0.1162]
    assert np.allclose(x, published, atol=3e-3)


@pytest.mark.parametrize(
    ("alpha", "expected_return", "deviation"),
    [
        (0.25, 0.4216, 0.3725),
        (0.50, 0.4093, 0.3191),
        (0.75, 0.4052, 0.3083),
        (1.0, 0.4032, 0.3044),
        (1.5, 0.3932, 0.2915),
        (2.0, 0.3847, 0.2828),
        (3.0, 0.3567, 0.2632),
        (10.0, 0.2379, 0.2123),
    ],
)
def test_mosek_the_efficient_frontier(alpha, expected_return, deviation):
    """portfolio_2_frontier: max mu'x - alpha x'Sigma x, 1'x = 1, x >= 0; return and deviation."""
    market = tiny_market(G_T.T, np.zeros(8))

    x = answered(market, mu=MU_5, lam=alpha)

    assert MU_5 @ x == pytest.approx(expected_return, abs=1e-4)
    assert volatility_of(market, risk_around(market, np.zeros(8)), x) == pytest.approx(
        deviation, abs=1e-4
    )


@pytest.mark.parametrize(
    ("gamma", "expected_return"),
    [(0.24, 0.3162054), (0.28, 0.3776816), (0.32, 0.4081833), (0.36, 0.4186580), (0.40, 0.4264498)],
)
def test_mosek_a_factor_model_with_a_cap_on_the_deviation(gamma, expected_return):
    """portfolio_6_factor: Sigma = B S_F B' + diag(theta), just as our F F' + diag(d)."""
    exposures = np.array(
        [
            [0.4256, 0.1869],
            [0.2413, 0.3877],
            [0.2235, 0.3697],
            [0.1503, 0.4612],
            [1.5325, -0.2633],
            [1.2741, -0.2613],
            [0.6939, 0.2372],
            [0.5425, 0.2116],
        ]
    )
    covariance = np.array([[0.0620, 0.0577], [0.0577, 0.0908]])
    theta = [0.0720, 0.0508, 0.0377, 0.0394, 0.0663, 0.0224, 0.0417, 0.0459]
    market = tiny_market(exposures @ np.linalg.cholesky(covariance), theta)

    x = answered(market, mu=MU_5, cap=gamma, lam=1e-3)

    assert MU_5 @ x == pytest.approx(expected_return, abs=2e-6)


def test_mosek_the_basic_model_in_dollars():
    """portfolio_1_basic: 41 held and 59 in cash, gamma = 36 of 100: return 41.92247."""
    mu = [0.07197349, 0.15518171, 0.17535435, 0.0898094, 0.42895777, 0.39291844, 0.32170722,
          0.18378628]  # fmt: skip
    x = answered(tiny_market(G_T.T, np.zeros(8)), mu=np.array(mu), cap=0.36, lam=1e-3)

    assert 100 * (mu @ x) == pytest.approx(41.92247, abs=1e-3)


def test_risk_parity_of_two_names_is_by_inverse_volatility_whatever_their_correlation():
    """Maillard, Roncalli and Teiletche (2010), equation 5: w1 = s2 / (s1 + s2)."""
    for rho in (-0.5, 0.0, 0.7):
        covariance = np.array([[0.04, rho * 0.02], [rho * 0.02, 0.01]])
        market = tiny_market(np.linalg.cholesky(covariance), np.zeros(2))

        w = budgeted_weights(market, np.array([0.5, 0.5]), 1.0)

        assert w == pytest.approx([1 / 3, 2 / 3], abs=1e-10)


def test_risk_parity_of_four_names_with_equal_budgets():
    """Maillard, Roncalli and Teiletche (2010), section 4.1: volatilities 10, 20, 30 and 40 %.

    Correlations are 0.8 within the first and the last two, else 0 and -0.5: they print
    weights of 38.4, 19.2, 24.3 and 18.2 % and a volatility of 10.3 %.
    """
    deviations = np.array([0.1, 0.2, 0.3, 0.4])
    correlation = np.array(
        [[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, -0.5], [0, 0, -0.5, 1]], dtype=float
    )
    covariance = correlation * np.outer(deviations, deviations)
    market = tiny_market(np.linalg.cholesky(covariance), np.zeros(4))

    w = budgeted_weights(market, np.full(4, 0.25), 1.0)

    assert np.allclose(w, [0.384, 0.192, 0.243, 0.182], atol=6e-4)
    assert np.sqrt(w @ covariance @ w) == pytest.approx(0.103, abs=5e-4)


def test_minimum_variance_is_the_inverse_covariance_times_ones():
    """Markowitz: Sigma^-1 1 / 1'Sigma^-1 1, where nothing is short."""
    calm = np.delete(np.delete(SIGMA, 4, axis=0), 4, axis=1)
    market = tiny_market(np.linalg.cholesky(calm), np.zeros(7))
    closed = np.linalg.solve(calm, np.ones(7))
    closed /= closed.sum()
    assert closed.min() > 0

    x = answered(market, mu=np.zeros(7), lam=1.0)

    assert np.allclose(x, closed, atol=1e-6)


def test_the_impact_of_a_hundredth_of_a_days_volume_is_a_tenth_of_a_days_volatility():
    """Boyd et al. (2017), equation 2.3 with b = 1: sigma |x|^(3/2) / V^(1/2)."""
    sigma, dollars_a_day = 0.02, 50_000_000.0
    coefficient = impact_per_dollar(np.array([sigma]), np.array([50.0]), np.array([1_000_000.0]))
    x = 0.01 * dollars_a_day

    assert coefficient[0] * x**2 == pytest.approx(sigma * x**1.5 / dollars_a_day**0.5)
    assert coefficient[0] * x == pytest.approx(0.1 * sigma)


def test_choosing_buy_or_sell_twice_is_nearly_as_good_as_trying_every_choice():
    """Moehle et al. (2021): two convex problems almost always solve the nonconvex one.

    Each name with a loss may be sold or bought, not both; all 2^k choices are tried. We
    solve a few more.
    """
    gaps = []
    for seed in range(1, 9):
        snapshot = book_of(account("A1", tax_status=TaxStatus.TAXABLE), seed=seed, names=8)
        loose = mandate(name_maximum=Decimal(1), sector_band=Decimal(1))
        snapshot = replace(snapshot, mandates=(loose,))
        market, (problem,) = assemble(snapshot)
        programs = Programs(market)
        names = sorted(loss_choices(problem))
        subsets = chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
        boxes = (box_of(market, problem, kept=frozenset(kept)) for kept in subsets)
        tried = (solve(programs, problem, box) for box in boxes)
        best = min(found.objective for found in tried if isinstance(found, Solution))
        first = solve(programs, problem, box_of(market, problem))
        assert isinstance(first, Solution)
        kept, ours = flipped(programs, problem, frozenset(), first)
        _, ours = one_by_one(programs, problem, kept, ours)
        gaps.append(ours.objective - best)

    assert min(gaps) > -1e-6
    assert np.median(gaps) < 1e-6
    assert max(gaps) < 1e-4
