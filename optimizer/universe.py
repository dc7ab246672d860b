"""Which names an account may hold: exclusions, and substitutes for what may not be bought.

What the model wants of an excluded name goes to its substitutes, or else to the rest of
the model in proportion. What it wants and may not buy (the client's list, the firm's list, a
wash sale) goes to the substitutes that the mandate names, in equal parts, beyond what is held.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from domain.goals import Exclusion, Wishes
from domain.orders import Side
from optimizer.constraints import CLIENT_LOCK, LIMIT
from optimizer.limits import bound_row
from optimizer.measures import measured, members
from optimizer.values import FloatArray, Lock, Market, Row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Universe:
    """The model as the mandate allows it, and what follows for trading."""

    model: FloatArray  # (n,)
    locks: tuple[Lock, ...]  # On what is excluded.
    rows: tuple[Row, ...]  # Excluded names that must go.
    substitutes: frozenset[int]  # Names that may be bought although the model lacks them.


def universe_of(
    market: Market, wishes: Wishes, w0: FloatArray, model: FloatArray, barred: Collection[str]
) -> Universe:
    """The universe of an account whose model is `model`; `barred`: ids that may not be bought."""
    excluded = {
        int(name): exclusion.name
        for exclusion in reversed(wishes.exclusions)
        for name in np.flatnonzero(_excluded(market, wishes, exclusion))
    }
    substitutes = _substitutes(market, wishes.substitutes, excluded, barred)
    wanted = _without(model, excluded, substitutes)
    for name, instead in substitutes.items():
        if market.security_ids[name] in barred and instead:
            missing = max(wanted[name] - max(w0[name], 0.0), 0.0)
            wanted[name] -= missing
            wanted[list(instead)] += missing / len(instead)
    return Universe(
        model=wanted,
        locks=tuple(_lock(name, why) for name, why in sorted(excluded.items())),
        rows=tuple(_must_go(market, wishes, w0)),
        substitutes=frozenset(name for instead in substitutes.values() for name in instead),
    )


def _excluded(market: Market, wishes: Wishes, exclusion: Exclusion) -> FloatArray:
    """1 for each name that the exclusion means, (n,)."""
    found = np.zeros(len(market.security_ids))
    if exclusion.group is not None:
        found = members(market, exclusion.group)
    if exclusion.measure and exclusion.below is not None:
        low = measured(market, wishes, exclusion.measure) < float(exclusion.below)
        found = np.maximum(found, low.astype(float))
    return found


def _substitutes(
    market: Market,
    named: Mapping[str, tuple[str, ...]],
    excluded: Mapping[int, str],
    barred: Collection[str],
) -> dict[int, tuple[int, ...]]:
    """By name, the substitutes that may be bought themselves."""
    index = {security_id: at for at, security_id in enumerate(market.security_ids)}
    return {
        index[security_id]: tuple(
            index[i] for i in instead if i in index and i not in barred and index[i] not in excluded
        )
        for security_id, instead in named.items()
        if security_id in index
    }


def _without(
    model: FloatArray, excluded: Mapping[int, str], substitutes: Mapping[int, tuple[int, ...]]
) -> FloatArray:
    """The model with the weight of excluded names moved on."""
    wanted = model.copy()
    for name in excluded:
        weight, wanted[name] = wanted[name], 0.0
        instead = list(substitutes.get(name, ()))
        if instead:
            wanted[instead] += weight / len(instead)
    lost = model.sum() - wanted.sum()
    left = wanted.sum()
    found: FloatArray = wanted * (1 + lost / left) if left > 0 else wanted
    return found


def _lock(name: int, why: str) -> Lock:
    return Lock(
        label=f"excluded by {why}",
        name=name,
        side=Side.BUY,
        maximum=0.0,
        relaxation_price=CLIENT_LOCK,
    )


def _must_go(market: Market, wishes: Wishes, w0: FloatArray) -> list[Row]:
    rows = []
    for exclusion in wishes.exclusions:
        inside = _excluded(market, wishes, exclusion) if exclusion.sell else np.zeros_like(w0)
        if inside @ np.maximum(w0, 0) > 0:
            rows.append(
                bound_row(
                    inside,
                    w0,
                    0.0,
                    upper=True,
                    name=f"exclusion:{exclusion.name}",
                    label=f"nothing left of {exclusion.name}",
                    priority=LIMIT,
                )
            )
    return rows
