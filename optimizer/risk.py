"""The risk model: factors and specific variance, annualised, however they come about.

What was done that a reader would not expect (names with too few prices, a covariance that
had to be mended) is said in `notes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LinearRegression

from domain.errors import BadInputError
from domain.instruments import LEAST_HISTORY_DAYS
from domain.risk import RiskMethod, RiskSettings
from optimizer.definite import definite, root_of
from optimizer.returns import Returns, returns_of
from optimizer.risk_statistical import SPECIFIC_FLOOR, TRADING_DAYS, loadings_of
from optimizer.values import FloatArray

WHOLE = 0.999  # Of days: a name that has that many needs no filling in.


@dataclass(frozen=True, slots=True, eq=False)
class RiskModel:
    """Sigma = F F' + diag(d), annualised; `daily` is each name's daily volatility."""

    F: FloatArray  # (n, k)
    d: FloatArray  # (n,)
    daily: FloatArray  # (n,)
    notes: tuple[str, ...] = ()


def estimate(
    closes: FloatArray,
    settings: RiskSettings | None = None,
    *,
    names: Sequence[str] = (),
    peers: Sequence[str] = (),
) -> RiskModel:
    """Estimate from closing prices, (n, days): LEAST_HISTORY_DAYS at least, positive or NaN.

    `names` are what the notes and the settings' factors call the rows; `peers` say whose
    average stands in for a name with too few prices (rows of the same word).
    """
    assert closes.ndim == 2
    assert closes.shape[1] >= LEAST_HISTORY_DAYS
    assert np.all((closes > 0) | np.isnan(closes))
    how = settings or RiskSettings()
    half_life = None if how.half_life is None else float(how.half_life)
    found = returns_of(closes, half_life)
    called = tuple(names) or tuple(f"name {at}" for at in range(len(closes)))
    if how.method is RiskMethod.FACTORS:
        model = _by_regression(found, how, called)
    else:
        model = _statistical(found, float(how.least_coverage))
    return _with_peers(model, found, float(how.least_coverage), called, tuple(peers))


def supplied(settings: RiskSettings, security_ids: Sequence[str]) -> RiskModel:
    """The supplied model for these securities; each needs a specific variance.

    Raises `BadInputError` for a covariance that lacks a factor or is indefinite, and for
    a negative variance.
    """
    factors = sorted(settings.exposures)
    exposures = np.array(
        [[float(settings.exposures[f].get(i, 0)) for f in factors] for i in security_ids]
    ).reshape(len(security_ids), len(factors))
    covariance, notes = definite(_table(settings, factors), "the supplied factor covariance")
    d = np.array([float(settings.specific[i]) for i in security_ids])
    if negative := [i for i, x in zip(security_ids, d, strict=True) if x < 0]:
        raise BadInputError(f"specific variance of {negative[0]} is negative; correct it")
    F = exposures @ root_of(covariance)
    daily = np.sqrt(((F**2).sum(axis=1) + d) / TRADING_DAYS)
    return RiskModel(F, d, daily, notes)


def _table(settings: RiskSettings, factors: Sequence[str]) -> FloatArray:
    """The factor covariance (k, k); each pair is stated once or twice."""
    table = np.zeros((len(factors), len(factors)))
    for row, one in enumerate(factors):
        for column, other in enumerate(factors):
            stated = settings.covariance.get(one, {}).get(other)
            if stated is None:
                stated = settings.covariance.get(other, {}).get(one)
            if stated is None:
                raise BadInputError(
                    f"the supplied covariance lacks {one} with {other}; state it, 0 too"
                )
            table[row, column] = float(stated)
    return table


def _statistical(found: Returns, least: float) -> RiskModel:
    """Principal components of the names with all days; the others by regression on them.

    Where fewer than half have all days, all that have enough take part, a missing return
    as their average one.
    """
    mean, daily = found.moments()
    coverage = found.coverage
    moving = daily > 0
    whole = moving & (coverage >= WHOLE)
    if whole.sum() < moving.sum() / 2:
        whole = moving & (coverage >= least)
    names = len(daily)
    if not whole.any():
        return RiskModel(np.zeros((names, 1)), daily**2 * TRADING_DAYS, daily)
    standard = (found.daily - mean) / np.where(moving, daily, 1.0)
    filled = np.nan_to_num(standard[:, whole])
    loadings = loadings_of(filled, found.weights)
    F = np.zeros((names, loadings.shape[1]))
    F[whole] = loadings
    scores = filled @ np.linalg.pinv(loadings).T
    for name in np.flatnonzero(moving & ~whole & (coverage >= least)):
        F[name] = _exposures(scores, standard[:, name], found.weights)[0]
    return _scaled(F, daily)


def _scaled(F: FloatArray, daily: FloatArray, notes: tuple[str, ...] = ()) -> RiskModel:
    """Exposures of standardised returns as those of returns; every name keeps its own variance."""
    share = (F**2).sum(axis=1)
    bounded = F / np.sqrt(np.maximum(share / (1 - SPECIFIC_FLOOR), 1.0))[:, None]
    variance = daily**2 * TRADING_DAYS
    exposures = bounded * (daily * np.sqrt(TRADING_DAYS))[:, None]
    d = np.maximum(variance - (exposures**2).sum(axis=1), 0.0)
    return RiskModel(exposures, d, daily, notes)


def _exposures(
    factors: FloatArray, returns: FloatArray, weights: FloatArray
) -> tuple[FloatArray, float]:
    """Exposures (k,) of one name and its residual variance, over the days that it has."""
    known = ~np.isnan(returns) & ~np.isnan(factors).any(axis=1)
    X, y, w = factors[known], returns[known], weights[known]
    line = LinearRegression().fit(X, y, sample_weight=w)
    residual = y - line.predict(X)
    days = 1 / (w / w.sum() @ (w / w.sum()))
    freedom = max(days - X.shape[1] - 1, 1.0) / days
    return line.coef_, float(w @ residual**2 / w.sum() / freedom)


def _by_regression(found: Returns, how: RiskSettings, names: tuple[str, ...]) -> RiskModel:
    """Exposures to given price series; what they leave of a name is its own.

    The factors' covariance is shrunk (Ledoit and Wolf 2004).
    """
    index = {name: at for at, name in enumerate(names)}
    if missing := [name for name in how.factors.values() if name not in index]:
        raise BadInputError(f"risk factor {missing[0]} has no price history; ingest its prices")
    if not how.factors:
        raise BadInputError("risk by factors names none; write factors = { market = ... }")
    series = found.daily[:, [index[name] for name in how.factors.values()]]
    days = ~np.isnan(series).any(axis=1)
    weights = found.weights[days] / found.weights[days].sum()
    centred = series[days] - weights @ series[days]
    spread = np.sqrt(weights @ centred**2)
    if not np.all(spread > 0):
        still = list(how.factors)[int(np.argmin(spread))]
        raise BadInputError(f"risk factor {still} never moves; name another security")
    weighted = centred / spread * np.sqrt(weights * len(weights))[:, None]
    shrunk = LedoitWolf(assume_centered=True).fit(weighted).covariance_
    covariance, notes = definite(
        shrunk * np.outer(spread, spread) * TRADING_DAYS, "the factors' covariance"
    )
    _, daily = found.moments()
    F, d = np.zeros((len(names), series.shape[1])), np.zeros(len(names))
    for name in np.flatnonzero((daily > 0) & (found.coverage >= float(how.least_coverage))):
        F[name], residual = _exposures(series, found.daily[:, name], found.weights)
        d[name] = residual * TRADING_DAYS
    return RiskModel(F @ root_of(covariance), d, daily, notes)


def _with_peers(
    model: RiskModel, found: Returns, least: float, names: tuple[str, ...], peers: tuple[str, ...]
) -> RiskModel:
    """Names with too few prices get the average of their peers, and that is said."""
    coverage = found.coverage
    words = np.array(peers or ("",) * len(names))
    F, d, daily, notes = model.F.copy(), model.d.copy(), model.daily.copy(), list(model.notes)
    enough = coverage >= least
    for name in np.flatnonzero(~enough):
        alike = enough & (words == words[name])
        chosen = alike if alike.any() else enough
        if chosen.any():
            F[name], d[name] = model.F[chosen].mean(axis=0), model.d[chosen].mean()
            daily[name] = np.sqrt(((F[name] ** 2).sum() + d[name]) / TRADING_DAYS)
        whose = f"of {words[name]}" if alike.any() and words[name] else "of all names"
        notes.append(
            f"{names[name]} has returns on {coverage[name]:.0%} of days, {least:.0%} are needed: "
            f"its risk is the average {whose}"
        )
    notes += [
        f"{names[name]} has returns on {coverage[name]:.0%} of days: estimated on those"
        for name in np.flatnonzero(enough & (coverage < WHOLE))
    ]
    return RiskModel(F, d, daily, tuple(notes))
