"""The market of a venue: who trades beside the clients."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from simulator.market.settings import Flowing, Impacting, MarketSettings, Quoting
from simulator.running.tables import Table

_MOST_LEVELS = 50


def read_market(venue: Table, start: Callable[[str, int], int]) -> MarketSettings:
    """The provider's keys stand in the venue, those of [venue.impact] and [venue.flow] there."""
    return MarketSettings(
        quoting=Quoting(
            levels=venue.whole("levels", 5, 0, _MOST_LEVELS),
            level_share=venue.number("level_share", Decimal("0.00005"), Decimal(0), Decimal(1)),
            half_spread=venue.whole("half_spread", 1, 1, 1000),
            wander=venue.whole("wander", 2, 0, 1000),
            replenish_interval=venue.seconds("replenish_interval", "0.25", "0.01", "3600"),
        ),
        impacting=_impact(venue.inner("impact", start("impact", 0))),
        flowing=_flow(venue.inner("flow", start("flow", 0))),
    )


def _impact(table: Table) -> Impacting:
    bare = Impacting()
    found = Impacting(
        basis_points=table.number("basis_points", bare.basis_points, Decimal(0), Decimal(10_000)),
        half_life=_lasting(table, "half_life", bare.half_life),
        permanent=table.number("permanent", bare.permanent, Decimal(0), Decimal(1)),
    )
    table.refuse_leftovers()
    return found


def _flow(table: Table) -> Flowing:
    bare = Flowing()
    found = Flowing(
        orders_per_minute=table.number(
            "orders_per_minute", bare.orders_per_minute, Decimal(0), Decimal(100_000)
        ),
        taking=table.number("taking", bare.taking, Decimal(0), Decimal(1)),
        median_lots=table.whole("median_lots", bare.median_lots, 1, 1_000_000),
        size_spread=table.number("size_spread", bare.size_spread, Decimal(0), Decimal(5)),
        distance=table.whole("distance", bare.distance, 0, 1000),
        patience=_lasting(table, "patience", bare.patience),
    )
    table.refuse_leftovers()
    return found


def _lasting(table: Table, key: str, default: timedelta) -> timedelta:
    return table.seconds(key, str(default / timedelta(seconds=1)), "0.001", "86400")
