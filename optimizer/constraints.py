"""A mandate's constraints as named rows and locks.

Names that may not be traded stay at what is held: the largest weight is not
asked of a name that may not be sold, as nothing could cure it. Bands on sectors
and cash count them as they are, and an account that cannot meet a band is
infeasible. The price of relaxation is the client's priority, lowest first:
sector bands and turnover, then absolute limits, then cash, then locks.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from domain.accounts import Mandate
from domain.goals import Force
from domain.orders import Side
from optimizer.limits import forced
from optimizer.values import FloatArray, Lock, Market, Row
from optimizer.words import dollars, percent

PREFERENCE, LIMIT, CASH, CLIENT_LOCK, FIRM_LOCK = 1.0, 3.0, 10.0, 30.0, 100.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Position:
    """Where an account stands: weights held and wanted, cash, and what is due out of it."""

    nav: Decimal
    cash: Decimal
    withdrawals: Decimal  # Dollars due, positive.
    w0: FloatArray
    b: FloatArray


def rows_of(
    market: Market, mandate: Mandate, position: Position, restricted: dict[str, str]
) -> tuple[Row, ...]:
    """Cash, sector, turnover and largest-weight rows (the last only where it is exceeded)."""
    fixed = {*mandate.do_not_sell, *restricted}
    by_key = {
        "cash": _cash_rows(market, mandate, position),
        "sector": _sector_rows(market, mandate, position),
        "turnover": (_turnover_row(mandate, len(position.w0)),),
        "name_maximum": _excess_rows(market, mandate, position, fixed),
    }
    return tuple(
        forced(row, _force_of(mandate, row, key)) for key, rows in by_key.items() for row in rows
    )


def _force_of(mandate: Mandate, row: Row, key: str) -> Force:
    """How hard the client wants this kind of constraint."""
    if key == "sector":
        key = "sector_limits" if row.name.startswith("limit:") else "sector_band"
    return mandate.wishes.forces.get(key, Force())


def _weight_row(
    coefficients: FloatArray, limit: float, *, name: str, label: str, price: float
) -> Row:
    """coefficients'(w - w0) <= limit."""
    return Row(
        name=name,
        label=label,
        buy=coefficients,
        sell=-coefficients,
        limit=limit,
        relaxation_price=price,
    )


def _cash_rows(market: Market, mandate: Mandate, position: Position) -> tuple[Row, Row]:
    """The band holds after withdrawals due are paid; the floor pays the spread, too."""
    cash = float(position.cash / position.nav)
    due = float(position.withdrawals / position.nav)
    low, high = float(mandate.cash.minimum), float(mandate.cash.maximum)
    after = f" after paying {dollars(position.withdrawals)}" if position.withdrawals else ""
    ones = np.ones(len(position.w0))
    floor = Row(
        name="cash",
        label=f"cash at least {percent(low)}{after}",
        buy=ones + market.half_spread,
        sell=market.half_spread - ones,
        limit=cash - low - due,
        relaxation_price=CASH,
    )
    label = f"cash at most {percent(high)}{after}"
    ceiling = _weight_row(-ones, high + due - cash, name="cash", label=label, price=CASH)
    return floor, ceiling


def _sector_rows(market: Market, mandate: Mandate, position: Position) -> list[Row]:
    rows = []
    sectors = np.array(market.sectors)
    band = float(mandate.sector_band)
    for sector in sorted({*market.sectors, *mandate.sector_limits}):
        member = (sectors == sector).astype(float)
        held, wanted = float(member @ position.w0), float(member @ position.b)
        bounds = [(sector, "sector", wanted - band, wanted + band, PREFERENCE)]
        if limit := mandate.sector_limits.get(sector):
            low, high = float(limit.minimum), float(limit.maximum)
            bounds.append((limit.name, "limit", low, high, LIMIT))
        for name, kind, low, high, price in bounds:
            key = f"{kind}:{name}"
            of_model = f" (model {percent(wanted)})" if kind == "sector" else ""
            if high < 1:
                label = f"{name} at most {percent(high)}{of_model}"
                rows.append(_weight_row(member, high - held, name=key, label=label, price=price))
            if low > 0:
                label = f"{name} at least {percent(low)}{of_model}"
                rows.append(_weight_row(-member, held - low, name=key, label=label, price=price))
    return rows


def _turnover_row(mandate: Mandate, names: int) -> Row:
    return Row(
        name="turnover",
        label=f"turnover at most {percent(mandate.turnover_maximum)}",
        buy=np.ones(names),
        sell=np.ones(names),
        limit=float(mandate.turnover_maximum),
        relaxation_price=PREFERENCE,
    )


def _excess_rows(
    market: Market, mandate: Mandate, position: Position, fixed: set[str]
) -> list[Row]:
    maximum = float(mandate.name_maximum)
    rows = []
    at_risk = position.b > 0 if _is_soft(mandate) else np.zeros(len(position.w0), dtype=bool)
    for name in np.flatnonzero(at_risk | (position.w0 > maximum)):
        if market.security_ids[name] not in fixed:
            unit = np.zeros(len(position.w0))
            unit[name] = 1.0
            symbol = market.symbols[name]
            key, label = f"maximum:{symbol}", f"{symbol} at most {percent(maximum)}"
            limit = maximum - position.w0[name]
            rows.append(_weight_row(unit, limit, name=key, label=label, price=LIMIT))
    return rows


def _is_soft(mandate: Mandate) -> bool:
    """Whether the largest weight of one name has a price: then it is a row for each name."""
    return mandate.wishes.forces.get("name_maximum", Force()).price is not None


def locks_of(
    market: Market,
    mandate: Mandate,
    position: Position,
    restricted: dict[str, str],
    substitutes: Collection[int] = (),
) -> tuple[Lock, ...]:
    """What may not be bought or sold, or only up to the largest weight of one name.

    `restricted`: reason by security id, the firm's own list; neither side trades. A name
    that the model does not have may be sold, and is never bought, not even as a hedge,
    unless it is a substitute.
    """
    locks = []
    maximum = 1.0 if _is_soft(mandate) else float(mandate.name_maximum)
    force = mandate.wishes.forces.get("name_maximum", Force())
    priority = LIMIT if force.priority is None else float(force.priority)
    for name, security_id in enumerate(market.security_ids):
        room = max(maximum - float(position.w0[name]), 0.0)
        found = [(f"name maximum {percent(maximum)}", Side.BUY, room, priority)]
        if security_id in mandate.do_not_buy:
            found.append(("do-not-buy", Side.BUY, 0.0, CLIENT_LOCK))
        elif security_id not in restricted and position.b[name] <= 0 and name not in substitutes:
            found.append(("not in the model", Side.BUY, 0.0, CLIENT_LOCK))
        if security_id in mandate.do_not_sell:
            found.append(("do-not-sell", Side.SELL, 0.0, CLIENT_LOCK))
        if security_id in restricted:
            found += [("restricted", side, 0.0, FIRM_LOCK) for side in (Side.BUY, Side.SELL)]
        locks += [
            Lock(label=label, name=name, side=side, maximum=most, relaxation_price=price)
            for label, side, most, price in found
        ]
    return tuple(locks)
