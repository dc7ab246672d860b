"""The market of a symbol, from its settings."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from simulator.exchange.instruments import Instrument
from simulator.exchange.markets import Market
from simulator.market.flow import Flow
from simulator.market.impact import Impact
from simulator.market.numbers import Numbers
from simulator.market.provider import Provider
from simulator.market.recorded import Row
from simulator.market.replay import Replay
from simulator.market.settings import MarketSettings
from simulator.market.together import Together


def make_market(
    settings: MarketSettings,
    instrument: Instrument,
    *,
    seed: str,
    recorded: Sequence[Row],
    zone: ZoneInfo,
) -> Market | None:
    """Whoever trades in this symbol beside the clients; None when nobody does.

    A recorded day (not empty) takes the place of the provider; the flow may come to either.
    """
    numbers = Numbers()
    markets: list[Market] = []
    if recorded:
        markets.append(Replay(recorded, zone, numbers))
    elif settings.quoting.levels:
        impact = Impact(settings.impacting, instrument.reference, instrument.average_daily_volume)
        markets.append(Provider(settings.quoting, instrument, impact, numbers, f"{seed}/quotes"))
    if settings.flowing.orders_per_minute:
        markets.append(Flow(settings.flowing, instrument, numbers, f"{seed}/flow"))
    return Together(markets) if markets else None
