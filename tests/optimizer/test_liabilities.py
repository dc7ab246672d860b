"""Liabilities: the surplus's variance and its rows, by the definition in dollars."""

from decimal import Decimal

import numpy as np
import pytest

from domain.goals import Liability, LiabilityExposure, Stress, Wishes
from optimizer.figures import reading
from optimizer.liabilities import liability_gauges, liability_rows, surplus_risk
from optimizer.risks import variance_of
from tests.optimizer.test_optimum import tiny_market

NAV, OWED = 2_000_000.0, 2_500_000.0
MEASURES = {  # Four bonds: what each is exposed to, a dollar of it.
    "key rate 2y": (1.9, 0.4, 0.0, 0.1),
    "key rate 10y": (0.0, 6.5, 2.0, 4.0),
    "key rate 30y": (0.0, 0.5, 17.0, 3.0),
    "inflation": (0.0, 0.0, 0.0, 8.5),
    "convexity": (5.0, 60.0, 400.0, 90.0),
}
OF_LIABILITY = {"key rate 2y": 0.6, "key rate 10y": 5.0, "key rate 30y": 9.0, "inflation": 4.0}
VOLATILITY = {
    "key rate 2y": 0.011,
    "key rate 10y": 0.009,
    "key rate 30y": 0.008,
    "inflation": 0.006,
}


@pytest.fixture(scope="module")
def case():
    market = tiny_market([[0.02], [0.03], [0.05], [0.01]], [1e-4, 2e-4, 4e-4, 1e-4])
    wishes = Wishes(
        measures={
            name: {i: Decimal(str(x)) for i, x in zip(market.security_ids, values, strict=True)}
            for name, values in MEASURES.items()
        }
    )
    liability = Liability(
        value=Decimal(str(OWED)),
        hedge={"ID2": Decimal("0.6")},
        exposures={
            name: LiabilityExposure(
                value=Decimal(str(value)),
                volatility=Decimal(str(VOLATILITY[name])),
                band=Decimal("0.25"),
            )
            for name, value in OF_LIABILITY.items()
        },
        correlation=Decimal("0.4"),
        stresses=(
            Stress(
                name="rates down",
                effects={
                    "key rate 2y": Decimal("0.012"),
                    "key rate 10y": Decimal("0.01"),
                    "key rate 30y": Decimal("0.008"),
                    "convexity": Decimal("0.00005"),
                },
                minimum=Decimal("0.7"),
            ),
        ),
    )
    return market, wishes, liability


W = np.array([0.1, 0.2, 0.4, 0.25])


def test_the_variance_of_the_surplus_is_that_of_assets_less_liability_in_dollars(case):
    market, wishes, liability = case
    gap = {name: NAV * (W @ MEASURES[name]) - OWED * x for name, x in OF_LIABILITY.items()}
    moves = np.array([gap[name] * VOLATILITY[name] for name in OF_LIABILITY])
    correlation = 0.4 + 0.6 * np.eye(4)
    held = NAV * W - OWED * np.array([0, 0, 0.6, 0])
    prices = held @ (market.F @ market.F.T + np.diag(market.d)) @ held

    risk = surplus_risk(market, wishes, liability, NAV)

    by_hand = moves @ correlation @ moves + prices
    assert variance_of(market, risk, W) * NAV**2 == pytest.approx(by_hand, rel=1e-12)


def test_bands_and_stresses_are_rows_that_hold_just_when_they_should(case):
    market, wishes, liability = case
    rows = {row.label: row for row in liability_rows(market, wishes, liability, W, NAV)}
    assert len(rows) == 2 * 4 + 1

    for name, x in OF_LIABILITY.items():
        off = float(W @ MEASURES[name]) - OWED / NAV * x
        above, below = (row for label, row in rows.items() if label.startswith(f"{name} at"))
        assert above.limit == pytest.approx(0.25 - off)
        assert below.limit == pytest.approx(0.25 + off)
    stress = rows["funded ratio at least 70.0 % after rates down"]
    assets = NAV * (1 + _stressed({n: W @ v for n, v in MEASURES.items()}))
    owed = OWED * (1 + _stressed(OF_LIABILITY))
    assert stress.limit * NAV == pytest.approx(assets - 0.7 * owed)


def _stressed(exposure) -> float:
    effects = {"key rate 2y": 0.012, "key rate 10y": 0.01, "key rate 30y": 0.008,
               "convexity": 0.00005}  # fmt: skip
    return sum(effect * exposure.get(name, 0.0) for name, effect in effects.items())


def test_the_gauges_read_the_funded_ratio_after_the_stress(case):
    market, wishes, liability = case
    risk = surplus_risk(market, wishes, liability, NAV)

    gauges = {g.name: g for g in liability_gauges(market, wishes, liability, risk, NAV)}

    assets = NAV * (1 + _stressed({n: W @ v for n, v in MEASURES.items()}))
    owed = OWED * (1 + _stressed(OF_LIABILITY))
    ratio = reading(market, gauges["funded ratio after rates down"], W)
    assert ratio == pytest.approx(assets / owed)
    gap = reading(market, gauges["inflation gap"], W)
    assert gap == pytest.approx(W @ MEASURES["inflation"] - 1.25 * 4)
