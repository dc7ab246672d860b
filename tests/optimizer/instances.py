"""Problems drawn at random in the optimizer's own symbols: tight, slack and impossible ones.

Limits are set around what a random trade inside the box uses, so that a row is met exactly,
with room, or not at all, as the caller wishes.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import inf

import numpy as np

from domain.accounts import LotMethod
from optimizer.box import Box
from optimizer.values import AccountProblem, Goal, Market, Risk, Row


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """How hard a drawn problem is."""

    names: int = 12
    factors: int = 3
    segments: int = 2
    groups: int = 3
    slack: float = 0.01  # Of NAV, left in every row by some trade; negative: maybe impossible.
    risk_aversion: float = 10.0
    free_trades: bool = False  # No spread, no impact, no tax.
    goal: bool = False  # Another goal than tracking: targets, expected returns, own exposures.
    soft: bool = False  # Some rows may be broken at a price.


def instance(seed: int, knobs: Knobs) -> tuple[Market, AccountProblem, Box]:
    """A market, an account and its box."""
    random = np.random.default_rng(seed)
    market = _market(random, knobs)
    w0 = np.where(random.random(knobs.names) < 0.6, random.dirichlet(np.ones(knobs.names)), 0.0)
    b = random.dirichlet(np.ones(knobs.names)) * random.uniform(0.9, 1)
    box = _box(random, knobs, market, w0)
    problem = AccountProblem(
        account_id="A1",
        household_id="H1",
        nav=Decimal(1_000_000),
        cash=Decimal(10_000),
        w0=w0,
        b=b,
        lots=((),) * knobs.names,
        lot_method=LotMethod.HIFO,
        rows=_rows(random, knobs, market, box),
        locks=(),
        loss_locked=frozenset(),
        risk_aversion=knobs.risk_aversion,
        minimum_trade=0.0,
        goal=_goal(random, market, b) if knobs.goal else None,
    )
    return market, problem, box


def _market(random: np.random.Generator, knobs: Knobs) -> Market:
    n = knobs.names
    cost = 0.0 if knobs.free_trades else 1.0
    return Market(
        security_ids=tuple(f"ID{at}" for at in range(n)),
        symbols=tuple(f"S{at}" for at in range(n)),
        sectors=tuple(f"G{at % knobs.groups}" for at in range(n)),
        prices=(Decimal(100),) * n,
        lot_sizes=(1,) * n,
        F=random.normal(0, 0.1, (n, knobs.factors)),
        d=random.uniform(0.01, 0.1, n),
        half_spread=cost * random.uniform(0, 0.002, n),
        impact=cost * random.uniform(0, 1e-7, n),
    )


def _box(random: np.random.Generator, knobs: Knobs, market: Market, w0: np.ndarray) -> Box:
    shares = random.dirichlet(np.ones(knobs.segments), knobs.names)
    shares[random.random(shares.shape) < 0.2] = 0.0
    segments = shares * w0[:, None]
    tax = np.sort(random.uniform(0, 0.1, segments.shape), axis=1)
    losses = random.random(knobs.names) < 0.2
    buy = np.where(random.random(knobs.names) < 0.15, 0.0, random.uniform(0, 0.3, knobs.names))
    tax[losses, 0] = random.uniform(-0.1, 0, losses.sum())
    buy[losses] = 0.0  # Sold at a saving and bought back would be a wash sale.
    if knobs.free_trades:
        tax[:] = 0.0
    return Box(buy=buy, segments=segments, tax=tax, lots=(), locks=(), own_locks=())


def _goal(random: np.random.Generator, market: Market, b: np.ndarray) -> Goal:
    n, k = market.F.shape
    around = Risk(
        t=market.F.T @ b + random.normal(0, 0.02, k),
        d=market.d * random.uniform(0.5, 1, n),
        r=b * random.choice([0.0, 1.0]),
        G=random.normal(0, 0.1, (n, 2)),
        g=random.normal(0, 0.05, 2),
        phi=float(random.choice([0.0, 1.0])),
        labels=("duration", "key rate"),
    )
    alpha = random.normal(0, 0.02, n) * random.choice([0.0, 1.0])
    return Goal(risk=around, alpha=alpha, budget=np.zeros(n))


def _rows(random: np.random.Generator, knobs: Knobs, market: Market, box: Box) -> tuple[Row, ...]:
    ones = np.ones(knobs.names)
    pairs = [("floor", ones + market.half_spread, market.half_spread - ones), ("cap", -ones, ones)]
    for group in sorted(set(market.sectors)):
        member = np.array([sector == group for sector in market.sectors], dtype=float)
        pairs += [(f"{group} most", member, -member), (f"{group} least", -member, member)]
    pairs.append(("turnover", ones, ones))
    u = box.buy * random.random(knobs.names) * (random.random(knobs.names) < 0.4)
    s = box.segments.sum(axis=1) * random.random(knobs.names) * (u == 0)
    return tuple(
        Row(
            name=name,
            label=name,
            buy=buy,
            sell=sell,
            limit=float(buy @ u + sell @ s) + knobs.slack * random.choice([0.0, 1.0, 3.0]),
            relaxation_price=1.0,
            soft_price=_soft_price(random, knobs),
        )
        for name, buy, sell in pairs
    )


def _soft_price(random: np.random.Generator, knobs: Knobs) -> float:
    return float(random.choice([1e-3, 0.02, inf])) if knobs.soft else inf
