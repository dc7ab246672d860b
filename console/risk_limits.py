"""The limits at the wire, out of the configuration."""

from datetime import timedelta

from console.config import Config
from console.tables import BASIS_POINTS
from oms.wire_risk import RiskLimits


def risk_limits(config: Config) -> RiskLimits:
    """The limits at the wire."""
    risk = config.risk
    return RiskLimits(
        maximum_quantity=risk.maximum_quantity,
        maximum_notional=risk.maximum_notional,
        price_collar=risk.price_collar_bps / BASIS_POINTS,
        stale_days=risk.stale_days,
        duplicate_window=timedelta(seconds=float(risk.duplicate_seconds)),
        orders_per_minute=risk.orders_per_minute,
        messages_per_minute=risk.messages_per_minute,
        daily_firm=risk.daily_firm,
        daily_strategy=risk.daily_strategy,
        daily_account=risk.daily_account,
    )
