"""From a mandate's wishes to the objective: each aim is a setting of one formula.

| aim              | t                | r     | d        | besides                        |
|------------------|------------------|-------|----------|--------------------------------|
| track            | F'b              | b     | market's |                                |
| follow           | phi = 0          | b     | 1        |                                |
| minimum variance | 0                | 0     | market's |                                |
| mean variance    | 0                | 0     | market's | alpha                          |
| risk budget      | 0                | 0     | market's | budget = 2 lam v beta          |
| liability        | F'h, h the hedge | h     | market's | G: the liability's exposures   |

Every aim may be combined with an expected return and with soft targets of measures,
which are columns of G. With v the variance of the budgeted portfolio b, the risk budget's
unconstrained optimum without costs is b itself.
"""

from dataclasses import dataclass, replace

import numpy as np

from domain.accounts import Mandate
from domain.goals import Aim, Group, Wishes
from optimizer.liabilities import liability_gauges, surplus_risk
from optimizer.measures import coefficients
from optimizer.risk_budgets import budgeted_weights, budgets_of
from optimizer.risks import risk_around, variance_of
from optimizer.values import FloatArray, Gauge, Goal, Market, Risk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aimed:
    """What an account wants: weights where it wants some, a goal where that is not tracking."""

    b: FloatArray  # (n,)
    goal: Goal | None
    surplus: Risk | None  # Of liability-driven accounts.
    gauges: tuple[Gauge, ...]


def aimed(market: Market, mandate: Mandate, model: FloatArray, nav: float) -> Aimed:
    """The goal of a mandate for an account of this model (n,) and net asset value."""
    wishes, lam = mandate.wishes, float(mandate.risk_aversion)
    b, budget = model, np.zeros_like(model)
    if wishes.aim is Aim.RISK_BUDGET:
        beta = budgets_of(market, wishes.risk_budget, model)
        b = budgeted_weights(market, beta, float(model.sum()))
        total = risk_around(market, np.zeros_like(model))
        budget = 2 * lam * variance_of(market, total, b) * beta
    surplus = None
    if wishes.liability is not None:
        surplus = surplus_risk(market, wishes, wishes.liability, nav)
    risk = _risk(market, wishes, b, surplus)
    alpha = np.zeros_like(model)
    if wishes.expected_return:
        alpha = coefficients(market, wishes, Group(), wishes.expected_return)
    goal = Goal(
        risk=_with_targets(market, wishes, risk, model, lam),
        alpha=alpha,
        budget=budget,
        of_model=wishes.aim in (Aim.TRACK, Aim.FOLLOW, Aim.RISK_BUDGET),
    )
    only_tracks = wishes.aim is Aim.TRACK and not wishes.expected_return and not wishes.targets
    return Aimed(
        b=b,
        goal=None if only_tracks else goal,
        surplus=surplus,
        gauges=_gauges(market, wishes, surplus, b, nav),
    )


def _risk(market: Market, wishes: Wishes, b: FloatArray, surplus: Risk | None) -> Risk:
    match wishes.aim:
        case Aim.TRACK:
            return risk_around(market, b)
        case Aim.FOLLOW:
            around = risk_around(market, b)
            return replace(around, phi=0.0, t=np.zeros_like(around.t), d=np.ones_like(b))
        case Aim.LIABILITY:
            assert surplus is not None, "ingest refuses a liability aim without a liability"
            return surplus
        case Aim.MINIMUM_VARIANCE | Aim.MEAN_VARIANCE | Aim.RISK_BUDGET:
            return risk_around(market, np.zeros_like(b))


def _with_targets(
    market: Market, wishes: Wishes, risk: Risk, model: FloatArray, lam: float
) -> Risk:
    """Soft targets as columns of G: lam times their squares is price times squared distance."""
    if not wishes.targets:
        return risk
    columns, levels = [risk.G], [risk.g]
    for target in wishes.targets:
        weights = coefficients(market, wishes, Group(), target.measure)
        level = float(target.value) + (float(weights @ model) if target.relative else 0.0)
        scale = np.sqrt(float(target.price) / lam)
        columns.append(scale * weights[:, None])
        levels.append(np.array([scale * level]))
    labels = tuple(f"target:{target.name}" for target in wishes.targets)
    return replace(
        risk, G=np.hstack(columns), g=np.concatenate(levels), labels=risk.labels + labels
    )


def _gauges(
    market: Market, wishes: Wishes, surplus: Risk | None, b: FloatArray, nav: float
) -> tuple[Gauge, ...]:
    """Figures to be read before and after, the one that the aim is about first."""
    volatility = Gauge(name="volatility", risk=risk_around(market, np.zeros_like(b)))
    found: list[Gauge] = []
    if wishes.liability is not None and surplus is not None:
        found += liability_gauges(market, wishes, wishes.liability, surplus, nav)
    total = wishes.aim in (Aim.MINIMUM_VARIANCE, Aim.MEAN_VARIANCE, Aim.RISK_BUDGET)
    if total or wishes.volatility_maximum is not None:
        found.append(volatility)
    if wishes.expected_return:
        weights = coefficients(market, wishes, Group(), wishes.expected_return)
        found.append(Gauge(name="expected return", coefficients=weights))
    for limit in wishes.limits:
        weights = coefficients(market, wishes, limit.group, limit.measure)
        inside = coefficients(market, wishes, limit.group, "") if limit.average else None
        found.append(Gauge(name=limit.name, coefficients=weights, per=inside))
    for target in wishes.targets:
        weights = coefficients(market, wishes, Group(), target.measure)
        found.append(Gauge(name=target.name, coefficients=weights))
    return tuple(found)
