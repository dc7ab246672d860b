"""Measures and groups as coefficients: which names count in a limit, and for how much."""

import numpy as np

from domain.goals import Group, Wishes
from optimizer.values import FloatArray, Market


def members(market: Market, group: Group) -> FloatArray:
    """1 for each name of the group, else 0, (n,); a group that names nothing is every name."""
    chosen = (group.sectors, group.industries, group.countries, group.issuers, group.securities)
    if not any(chosen):
        return np.ones(len(market.security_ids))
    facts = (
        market.sectors,
        market.industries,
        market.countries,
        market.issuers,
        market.security_ids,
    )
    inside = np.zeros(len(market.security_ids), dtype=bool)
    for words, of_name in zip(chosen, facts, strict=True):
        if words:
            inside |= np.isin(np.array(of_name), words)
    return inside.astype(float)


def measured(market: Market, wishes: Wishes, name: str) -> FloatArray:
    """The measure of each name, (n,); NaN where the mandate has no value for it."""
    values = wishes.measures.get(name, {})
    return np.array([float(values.get(i, "nan")) for i in market.security_ids])


def coefficients(market: Market, wishes: Wishes, group: Group, measure: str) -> FloatArray:
    """Weights of a sum over a group, (n,): ones, or the measure (0 for names it does not know)."""
    inside = members(market, group)
    if not measure:
        return inside
    return inside * np.nan_to_num(measured(market, wishes, measure))


def used_measures(wishes: Wishes) -> tuple[str, ...]:
    """Every measure that a goal, limit or stress reads; an exclusion spares what it cannot see."""
    used = {wishes.expected_return}
    used |= {limit.measure for limit in wishes.limits}
    used |= {target.measure for target in wishes.targets}
    if wishes.liability:
        used |= set(wishes.liability.exposures)
        used |= {name for stress in wishes.liability.stresses for name in stress.effects}
    return tuple(sorted(used - {""}))


def unmeasured(market: Market, wishes: Wishes, relevant: FloatArray) -> str:
    """A sentence on the first measure that lacks a value for a `relevant` name; "" if none does."""
    for name in used_measures(wishes):
        missing = np.isnan(measured(market, wishes, name)) & (relevant > 0)
        if missing.any():
            symbols = ", ".join(market.symbols[at] for at in np.flatnonzero(missing))
            return f"measure {name!r} has no value for {symbols}; add it to mandates.toml"
    return ""
