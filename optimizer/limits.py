"""A mandate's own limits: groups and measures as rows, gains as budgets, risk as caps.

A hard limit has the priority at which it is given up when not all can hold; a soft
one has its price. Rows in units of a measure are priced per unit of its largest
coefficient, so that loosening by one NAV of the dearest name costs the same everywhere.
"""

from dataclasses import replace
from math import inf

import numpy as np

from domain.accounts import Mandate
from domain.goals import Force, Limit, Wishes
from domain.lots import Term
from optimizer.measures import coefficients
from optimizer.risks import risk_around
from optimizer.values import FloatArray, GainKind, Market, Risk, RiskCap, Row
from optimizer.words import dollars, percent, plain

LIMIT, CAP, GAINS = 3.0, 2.0, 2.0


def bound_row(
    weights: FloatArray,
    w0: FloatArray,
    bound: float,
    *,
    upper: bool,
    name: str,
    label: str,
    unit: str = "",
    force: Force | None = None,
    priority: float = LIMIT,
) -> Row:
    """One row: weights'w at most `bound`, or at least."""
    way = 1.0 if upper else -1.0
    largest = float(np.abs(weights).max(initial=0.0)) or 1.0
    row = Row(
        name=name,
        label=label,
        buy=way * weights,
        sell=-way * weights,
        limit=way * (bound - float(weights @ w0)),
        relaxation_price=priority / largest,
        unit=unit,
    )
    return forced(row, force or Force(), largest)


def forced(row: Row, force: Force, largest: float = 1.0) -> Row:
    """The row as hard or soft as its client wants it."""
    if force.price is not None:
        row = replace(row, soft_price=float(force.price))
    if force.priority is not None:
        row = replace(row, relaxation_price=float(force.priority) / largest)
    return row


def limit_rows(market: Market, wishes: Wishes, w0: FloatArray, model: FloatArray) -> list[Row]:
    """The rows of every limit."""
    return [row for limit in wishes.limits for row in _rows(market, wishes, limit, w0, model)]


def _rows(
    market: Market, wishes: Wishes, limit: Limit, w0: FloatArray, model: FloatArray
) -> list[Row]:
    weights = coefficients(market, wishes, limit.group, limit.measure)
    inside = coefficients(market, wishes, limit.group, "")
    of_model = float(weights @ model)
    if limit.average:
        of_model /= float(inside @ model) or 1.0
    shown = plain if limit.measure else percent
    note = f" (model {shown(of_model)})" if limit.relative else ""
    rows = []
    for bound, upper in ((limit.maximum, True), (limit.minimum, False)):
        if bound is None:
            continue
        level = float(bound) + (of_model if limit.relative else 0.0)
        rows.append(
            bound_row(
                weights - level * inside if limit.average else weights,
                w0,
                0.0 if limit.average else level,
                upper=upper,
                name=f"limit:{limit.name}",
                label=f"{limit.name} at {'most' if upper else 'least'} {shown(level)}{note}",
                unit=limit.measure,
                force=limit.force,
            )
        )
    return rows


def gain_rows(mandate: Mandate, nav: float, names: int) -> list[Row]:
    """Budgets on realised gains, and what goes beyond losses carried forward."""
    wishes, nothing = mandate.wishes, np.zeros(names)
    rows = []
    for kind in GainKind:
        word = "short-term" if kind.term is Term.SHORT else "long-term"
        carried = kind in (GainKind.SHORT_GROSS, GainKind.LONG_GROSS)
        gains = wishes.carry_forward if carried else wishes.gain_budget
        amount = gains.short if kind.term is Term.SHORT else gains.long
        if amount is None:
            continue
        most = f"{word} gains at most {dollars(amount)}"
        row = Row(
            name=kind.value,
            label=f"{word} losses of {dollars(amount)} carried forward" if carried else most,
            buy=nothing,
            sell=nothing,
            limit=float(amount) / nav,
            relaxation_price=GAINS,
            gain=kind,
        )
        rate = mandate.short_term_rate if kind.term is Term.SHORT else mandate.long_term_rate
        beyond = Force(price=rate * (1 - mandate.loss_value))
        rows.append(forced(row, beyond if carried else wishes.forces.get(kind.value, Force())))
    return rows


def caps_of(
    market: Market, wishes: Wishes, target: FloatArray, surplus: Risk | None
) -> tuple[RiskCap, ...]:
    """Caps on tracking error against `target`, on volatility and on the surplus's."""
    total = np.zeros_like(target)
    found = [
        ("tracking_error", "tracking error", wishes.tracking_error_maximum, target),
        ("volatility", "volatility", wishes.volatility_maximum, total),
    ]
    risks = [(k, word, most, risk_around(market, around)) for k, word, most, around in found]
    if surplus is not None:
        most = wishes.surplus_volatility_maximum
        risks.append(("surplus_volatility", "surplus volatility", most, surplus))
    caps = []
    for key, word, maximum, risk in risks:
        if maximum is None:
            continue
        force = wishes.forces.get(key, Force())
        caps.append(
            RiskCap(
                name=key,
                label=f"{word} at most {percent(maximum)}",
                risk=risk,
                maximum=float(maximum),
                relaxation_price=CAP if force.priority is None else float(force.priority),
                soft_price=inf if force.price is None else float(force.price),
            )
        )
    return tuple(caps)
