"""The reference workload: one market and any number of accounts, the same for every method.

Synthetic and seeded by account, so that account 7 of a thousand is account 7 of ten. An account
holds 20 to 60 of the names in one to three lots each, some at a loss; it tracks a benchmark within
bands of 11 sectors, with 1 to 2 % of cash after costs, a turnover limit and names it may not buy.
Names with a loss worth taking are sold, not bought (wash sales).
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from optimizer.fast.accounts import Accounts
from optimizer.values import Market

SECTORS = 11
FACTORS = {30: 20, 100: 40}  # Otherwise 60.


def market_of(names: int, factors: int = 0) -> Market:
    """A market of so many names: a common factor, one a sector, and styles."""
    factors = factors or FACTORS.get(names, 60)
    random = np.random.default_rng([0, names, factors])
    sector = np.arange(names) % SECTORS
    exposure = random.standard_normal((names, factors))
    exposure[:, 0] = 1 + 0.25 * exposure[:, 0]
    of_sectors = min(SECTORS, factors - 1)
    exposure[:, 1 : 1 + of_sectors] = np.eye(SECTORS)[sector][:, :of_sectors]
    styles = factors - 1 - of_sectors
    volatility = np.r_[
        0.16, random.uniform(0.05, 0.10, of_sectors), random.uniform(0.01, 0.04, styles)
    ]
    mixed = np.eye(factors) + 0.05 * random.standard_normal((factors, factors))
    return Market(
        security_ids=tuple(f"ID{at}" for at in range(names)),
        symbols=tuple(f"S{at}" for at in range(names)),
        sectors=tuple(f"Sector {at}" for at in sector),
        prices=tuple(Decimal(f"{p:.2f}") for p in np.exp(random.normal(4.3, 0.7, names))),
        lot_sizes=(1,) * names,
        F=np.ascontiguousarray(exposure * volatility @ mixed),
        d=random.uniform(0.12, 0.35, names) ** 2,
        half_spread=random.uniform(2e-4, 12e-4, names),
        impact=random.uniform(0.02, 0.12, names) / 1e6,  # A million's quadratic cost, per NAV.
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """One account before it is packed."""

    w0: np.ndarray
    most: np.ndarray
    limit: np.ndarray
    risk_aversion: float
    lot_name: np.ndarray
    lot_weight: np.ndarray
    lot_tax: np.ndarray


def accounts_of(market: Market, first: int, count: int, most_lots: int = 3) -> Accounts:
    """Accounts `first`, `first + 1`, ... packed as arrays; one to `most_lots` lots a name held."""
    names = len(market.d)
    benchmark = _benchmark(names)
    ones, member = np.ones(names), _members(market)
    made = [
        _account(market, benchmark, member, at, most_lots) for at in range(first, first + count)
    ]
    return Accounts(
        buy=np.vstack([ones + market.half_spread, -ones, member, -member, ones]),
        sell=np.vstack([market.half_spread - ones, ones, -member, member, ones]),
        w0=np.array([one.w0 for one in made]),
        b=np.broadcast_to(benchmark, (count, names)),
        nav=np.full(count, 1e6),
        risk_aversion=np.array([one.risk_aversion for one in made]),
        most=np.array([one.most for one in made]),
        limit=np.array([one.limit for one in made]),
        lot_start=np.r_[0, np.cumsum([len(one.lot_name) for one in made])],
        lot_name=np.concatenate([one.lot_name for one in made]),
        lot_weight=np.concatenate([one.lot_weight for one in made]),
        lot_tax=np.concatenate([one.lot_tax for one in made]),
    )


def _benchmark(names: int) -> np.ndarray:
    size = np.exp(np.random.default_rng([1, names]).normal(0, 1.1, names))
    weights: np.ndarray = 0.985 * size / size.sum()
    return weights


def _members(market: Market) -> np.ndarray:
    sectors = sorted(set(market.sectors))
    return np.array([[float(of == sector) for of in market.sectors] for sector in sectors])


def _account(
    market: Market, benchmark: np.ndarray, member: np.ndarray, at: int, most_lots: int
) -> _One:
    names = len(benchmark)
    random = np.random.default_rng([2, names, at])
    count = min(int(random.integers(20, 61)), names)
    likely = (benchmark + 1e-3) / (benchmark + 1e-3).sum()
    held = np.sort(random.choice(names, count, replace=False, p=likely))
    cash = random.uniform(0, 0.05)
    raw = (benchmark[held] + 0.3 / count) * np.exp(random.normal(0, 0.4, count))
    w0 = np.zeros(names)
    w0[held] = raw / raw.sum() * (1 - cash)

    lots = random.integers(1, most_lots + 1, count)
    name = np.repeat(held, lots)
    part = random.gamma(2.0, size=len(name))
    weight = part / np.bincount(name, part, minlength=names)[name] * w0[name]
    basis = np.exp(random.normal(-0.15, 0.35, len(name)))
    rate = np.where(random.random(len(name)) < 0.8, 0.238, 0.408) * random.choice([0.3, 0.6, 1.0])
    tax = rate * (1 - basis)
    order = np.lexsort((tax, name))

    room = np.maximum(w0, np.maximum(benchmark + 0.03, 0.05)) - w0
    room[random.random(names) < 0.03] = 0.0
    worth_taking = tax < -2 * market.half_spread[name]
    room[name[worth_taking]] = 0.0
    return _One(
        w0=w0,
        most=room,
        limit=_limits(member, w0, benchmark, cash, random),
        risk_aversion=float(random.choice([5.0, 10.0, 20.0])),
        lot_name=name[order],
        lot_weight=weight[order],
        lot_tax=tax[order],
    )


def _limits(
    member: np.ndarray,
    w0: np.ndarray,
    benchmark: np.ndarray,
    cash: float,
    random: np.random.Generator,
) -> np.ndarray:
    """Cash from 1 to 2 %, sectors within 5 % of the benchmark or nearer than now, turnover."""
    away = member @ (w0 - benchmark)
    above = np.maximum(away + 0.02, 0.05) - away
    below = away - np.minimum(away - 0.02, -0.05)
    return np.r_[cash - 0.01, 0.02 - cash, above, below, random.uniform(0.15, 0.6)]
