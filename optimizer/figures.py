"""The figures that a mandate speaks of, before and after the trades."""

from domain.proposals import Figure
from optimizer.explain import weight
from optimizer.risks import volatility_of
from optimizer.ticket import Shares
from optimizer.values import AccountProblem, FloatArray, Gauge, Market


def figures_of(market: Market, problem: AccountProblem, shares: Shares) -> tuple[Figure, ...]:
    """Every gauge of the account as it stands, and with the shares traded (n,)."""
    after = problem.w0 + shares * market.price / float(problem.nav)
    return tuple(
        Figure(
            name=gauge.name,
            before=weight(reading(market, gauge, problem.w0)),
            after=weight(reading(market, gauge, after)),
        )
        for gauge in problem.gauges
    )


def reading(market: Market, gauge: Gauge, w: FloatArray) -> float:
    """What a gauge shows for weights w (n,)."""
    if gauge.risk is not None:
        return volatility_of(market, gauge.risk, w)
    level = gauge.constant + float(gauge.coefficients @ w)
    return level if gauge.per is None else level / (float(gauge.per @ w) or 1.0)
