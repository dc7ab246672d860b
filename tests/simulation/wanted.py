"""What the people of a history want: orders of every kind, for one to three accounts each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from domain.day_roll import DayRoll
from domain.orders import Algo, OrderIntent, OrdType, Peg, PegTo, Side, Strategy, TimeInForce
from oms.wire_risk import PriceFacts, RiskLimits, price_facts
from tests.oms_orders.desk import AAPL, KO, PRICES, XOM, intent, lot, snapshot
from tests.simulation.venue import BROKER

STRATEGIES = {"A1": "core", "A2": "core", "A3": "growth"}
ACCOUNTS = tuple(STRATEGIES)
TRADED = {"XSIM": (AAPL, KO), "YSIM": (XOM,), BROKER: (AAPL,)}
SHARES = 5_000  # Of each security that an account may sell, at the beginning.
BOOK = snapshot(
    tuple(
        lot(account, security, SHARES, "450000") for account in ACCOUNTS for security in (AAPL, XOM)
    ),
    dict.fromkeys(ACCOUNTS, "5000000"),
)
LIMITS = RiskLimits(
    maximum_quantity=Decimal(2_000),
    maximum_notional=Decimal(400_000),
    price_collar=Decimal("0.5"),
    stale_days=4,
    duplicate_window=timedelta(seconds=1),
    orders_per_minute=30,
    messages_per_minute=1_000_000,
    daily_firm=Decimal(3_000_000),
    daily_strategy=Decimal(3_000_000),
    daily_account=Decimal(1_500_000),
)
FACTS = PriceFacts(price_days=price_facts(BOOK).price_days, strategies=STRATEGIES)

_SIZES = (10, 30, 60, 100)
_MANY = 4_000  # More than an order may have.
_AWAY = tuple(Decimal(cents) for cents in ("0", "0.01", "0.50", "2"))
_KINDS = {
    OrdType.LIMIT: (
        9,
        (TimeInForce.DAY,) * 4
        + (TimeInForce.GTC,) * 2
        + (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG, TimeInForce.CLS),
    ),
    OrdType.MARKET: (
        2,
        (TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG, TimeInForce.CLS),
    ),
    OrdType.STOP: (1, (TimeInForce.DAY, TimeInForce.GTC)),
    OrdType.STOP_LIMIT: (1, (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)),
    OrdType.PEGGED: (1, (TimeInForce.DAY, TimeInForce.GTC)),
}
_PEGS = (
    Peg(to=PegTo.MIDPOINT),
    Peg(to=PegTo.PRIMARY),
    Peg(to=PegTo.PRIMARY, offset=Decimal("0.01")),
)


def draw(
    name: str, venues: Sequence[str], random: Random, roll: DayRoll, now: datetime
) -> OrderIntent:
    """One order as it is wanted, before limits and kill switches."""
    venue = random.choice(venues)
    security = random.choice(TRADED[venue])
    side = Side.SELL if security != KO and random.random() < 0.4 else Side.BUY
    parts = {
        account: random.choice(_SIZES)
        for account in random.sample(ACCOUNTS, random.randint(1, len(ACCOUNTS)))
    }
    if random.random() < 0.03:
        parts = {ACCOUNTS[0]: _MANY}
    plain = intent(name, side, security, parts)
    day = roll.day_of(now)
    return replace(
        plain,
        venue=venue,
        allocations=tuple(
            replace(one, strategy=STRATEGIES[one.account_id]) for one in plain.allocations
        ),
        trade_date=day,
        decided_at=now,
        arrived_at=now,
        **(
            _worked(PRICES[security], side, random, now)
            if venue == BROKER
            else _terms(PRICES[security], side, random, day)
        ),
    )


def _worked(price: Decimal, side: Side, random: Random, now: datetime) -> dict[str, Any]:
    """At a limit or the market, by one of a broker's algorithms, from now or a little later."""
    kind = random.choice((OrdType.LIMIT, OrdType.MARKET))
    away = random.choice(_AWAY) * (1 if side is Side.BUY else -1)
    strategy = random.choice(list(Strategy))
    start = random.choice((None, None, now + timedelta(seconds=5)))
    end = random.choice((None, now + timedelta(seconds=random.choice((20, 60, 120)))))
    part = random.choice((Decimal("0.1"), Decimal("0.25"))) if strategy is Strategy.POV else None
    return {
        "ord_type": kind,
        "time_in_force": TimeInForce.DAY,
        "limit_price": price + away if kind is OrdType.LIMIT else None,
        "algo": Algo(strategy=strategy, start=start, end=end, participation=part),
    }


def _terms(price: Decimal, side: Side, random: Random, day: object) -> dict[str, Any]:
    """Kind, prices and time in force that go together."""
    kinds = list(_KINDS)
    kind = random.choices(kinds, [_KINDS[one][0] for one in kinds])[0]
    time_in_force = random.choice(_KINDS[kind][1])
    away = random.choice(_AWAY) * (1 if side is Side.BUY else -1)
    has_stop = kind in (OrdType.STOP, OrdType.STOP_LIMIT)
    has_limit = kind in (OrdType.LIMIT, OrdType.STOP_LIMIT, OrdType.PEGGED)
    return {
        "ord_type": kind,
        "time_in_force": time_in_force,
        "limit_price": price + away if has_limit else None,
        "stop_price": price + away / 2 if has_stop else None,
        "peg": random.choice(_PEGS) if kind is OrdType.PEGGED else None,
        "expires": day if time_in_force is TimeInForce.GTD else None,
    }
