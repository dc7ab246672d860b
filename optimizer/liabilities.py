"""Liabilities: the variance of the surplus, bands on exposures, funded ratios under stress.

Everything is per dollar of assets: the liability is `size` of them. The surplus moves
with what hedges the liability (securities that behave like it: t = F'h, r = h in the
risk), and with every exposure x that has a volatility of its own, such as rates:
(x'w - size * x_L) * volatility. Drivers share one correlation.
"""

from decimal import Decimal

import numpy as np

from domain.goals import Group, Liability, Wishes
from optimizer.limits import bound_row
from optimizer.measures import coefficients
from optimizer.risks import risk_around
from optimizer.values import FloatArray, Gauge, Market, Risk, Row
from optimizer.words import percent, plain


def surplus_risk(market: Market, wishes: Wishes, liability: Liability, nav: float) -> Risk:
    """The variance of the surplus, a fraction of assets, annualised."""
    size = float(liability.value) / nav
    hedge = np.array([float(liability.hedge.get(i, 0)) for i in market.security_ids])
    around = risk_around(market, size * hedge)
    moved = {name: e for name, e in liability.exposures.items() if e.volatility > 0}
    if not moved:
        return around
    x = np.column_stack([coefficients(market, wishes, Group(), name) for name in moved])
    x_L = np.array([float(e.value) for e in moved.values()])
    deviations = np.array([float(e.volatility) for e in moved.values()])
    rho = float(liability.correlation)
    correlation = rho + (1 - rho) * np.eye(len(moved))
    root = np.linalg.cholesky(np.outer(deviations, deviations) * correlation)
    return Risk(
        t=around.t,
        d=around.d,
        r=around.r,
        G=x @ root,
        g=size * (x_L @ root),
        labels=("liability_exposures",) * len(moved),
    )


def liability_rows(
    market: Market, wishes: Wishes, liability: Liability, w0: FloatArray, nav: float
) -> list[Row]:
    """Bands around the liability's exposures, and floors of the funded ratio under stress."""
    size = float(liability.value) / nav
    rows = []
    for name, exposure in liability.exposures.items():
        if exposure.band is None:
            continue
        wanted, band = size * float(exposure.value), float(exposure.band)
        for bound, upper in ((wanted + band, True), (wanted - band, False)):
            rows.append(
                bound_row(
                    coefficients(market, wishes, Group(), name),
                    w0,
                    bound,
                    upper=upper,
                    name=f"liability:{name}",
                    label=(
                        f"{name} at {'most' if upper else 'least'} {plain(bound)} "
                        f"(liability {plain(wanted)})"
                    ),
                    unit=name,
                    force=exposure.force,
                )
            )
    return rows + [
        bound_row(
            _returns(market, wishes, stress.effects),
            w0,
            float(stress.minimum) * size * (1 + _liability_return(liability, stress.effects)) - 1,
            upper=False,
            name=f"stress:{stress.name}",
            label=f"funded ratio at least {percent(stress.minimum)} after {stress.name}",
            force=stress.force,
        )
        for stress in liability.stresses
    ]


def liability_gauges(
    market: Market, wishes: Wishes, liability: Liability, risk: Risk, nav: float
) -> tuple[Gauge, ...]:
    """Surplus volatility, exposures against the liability's, funded ratios under stress."""
    size = float(liability.value) / nav
    gauges = [Gauge(name="surplus volatility", risk=risk)]
    gauges += [
        Gauge(
            name=f"{name} gap",
            coefficients=coefficients(market, wishes, Group(), name),
            constant=-size * float(exposure.value),
        )
        for name, exposure in liability.exposures.items()
    ]
    for stress in liability.stresses:
        then = size * (1 + _liability_return(liability, stress.effects))
        gauges.append(
            Gauge(
                name=f"funded ratio after {stress.name}",
                coefficients=_returns(market, wishes, stress.effects) / then,
                constant=1 / then,
            )
        )
    return tuple(gauges)


def _returns(market: Market, wishes: Wishes, effects: dict[str, Decimal]) -> FloatArray:
    """What each name returns under the stress, (n,)."""
    total = np.zeros(len(market.security_ids))
    for name, effect in effects.items():
        total = total + float(effect) * coefficients(market, wishes, Group(), name)
    return total


def _liability_return(liability: Liability, effects: dict[str, Decimal]) -> float:
    return sum(
        float(effect) * float(liability.exposures[name].value)
        for name, effect in effects.items()
        if name in liability.exposures
    )
