"""What trading costs: half the spread, and the market's answer to our size.

The square-root law (Torre, "BARRA Market Impact Model Handbook", 1997; Boyd et al.,
"Multi-Period Trading via Convex Optimization", 2017, equation 2.3 with b = 1) says that
Q shares of a day's V move the price by sigma * sqrt(Q / V), sigma a day's volatility.
We use the line that meets it at 1 % of a day's volume, so that the cost is quadratic in
the trade: sigma * (Q / V) / sqrt(0.01). It is dearer above that size and cheaper below.
"""

import numpy as np

from optimizer.values import FloatArray, Market

REFERENCE_PARTICIPATION = 0.01


def impact_per_dollar(
    daily_volatility: FloatArray, price: FloatArray, average_daily_volume: FloatArray
) -> FloatArray:
    """Quadratic coefficients (n,): trading x dollars costs `impact * x**2` dollars."""
    dollars = np.maximum(price * average_daily_volume, price)
    coefficients: FloatArray = daily_volatility / (np.sqrt(REFERENCE_PARTICIPATION) * dollars)
    return coefficients


def expected_cost(market: Market, dollars: FloatArray) -> FloatArray:
    """Half spread and impact of trades of `dollars` (n,), any sign, in dollars."""
    size = np.abs(dollars)
    cost: FloatArray = market.half_spread * size + market.impact * size**2
    return cost
