"""The box: how much of each name may be bought and sold, and at what tax.

A name with a loss lot is either harvested (it may be sold, never bought) or kept
(it may be bought, its losses are not sold): selling and buying the same name
would pay on paper, and be a wash sale. Which of the two is the caller's choice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from domain.orders import Side
from optimizer.constraints import CLIENT_LOCK
from optimizer.taxes import convex_envelope, gain_schedule, without_losses
from optimizer.values import AccountProblem, FloatArray, GainKind, Lock, Market, ReliefLot
from optimizer.washsales import LABEL


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Box:
    """Bounds of u and s; a sale runs through its segments in order, each at its own tax."""

    buy: FloatArray  # (n,) largest purchase, of NAV.
    segments: FloatArray  # (n, m) largest sale in each segment, of NAV; 0 where there is none.
    tax: FloatArray  # (n, m) tax per dollar sold, increasing along the segments.
    lots: tuple[tuple[ReliefLot, ...], ...]  # By name: what may be sold, in order of relief.
    locks: tuple[Lock, ...]  # The problem's, and those on losses bought lately.
    own_locks: tuple[Lock, ...]  # Those of our choice between harvest and keep.
    gains: dict[GainKind, FloatArray] = field(default_factory=dict)  # (n, m) per dollar sold.


def loss_choices(problem: AccountProblem) -> frozenset[int]:
    """Names for which harvest or keep is a choice: a loss may be sold, and buying is open."""
    sell_locked = {lock.name for lock in problem.locks if lock.side is Side.SELL}
    return frozenset(
        name
        for name, lots in enumerate(problem.lots)
        if any(lot.is_loss for lot in lots)
        and name not in problem.loss_locked
        and name not in sell_locked
    )


def box_of(
    market: Market,
    problem: AccountProblem,
    *,
    kept: frozenset[int] = frozenset(),
    frozen: frozenset[int] = frozenset(),
) -> Box:
    """The box when the names `kept` keep their losses and the names `frozen` do not trade."""
    kept = kept & loss_choices(problem)
    lots = list(problem.lots)
    locks = list(problem.locks)
    own_locks = [_wash_lock(name, Side.BUY, 0.0) for name in sorted(loss_choices(problem) - kept)]
    for name in sorted(problem.loss_locked | kept):
        lots[name] = without_losses(lots[name], problem.lot_method)
        if lots[name] != problem.lots[name]:
            value = sum(float(lot.shares) for lot in lots[name]) * float(market.prices[name])
            lock = _wash_lock(name, Side.SELL, value / float(problem.nav))
            (own_locks if name in kept else locks).append(lock)
    shut = {lock.name for lock in locks if lock.side is Side.SELL and lock.maximum == 0}
    for name in shut | frozen:
        lots[name] = ()
    segments, tax = segments_of(market, problem, lots)
    return Box(
        buy=_largest_purchases(problem, [*locks, *own_locks], frozen),
        segments=segments,
        tax=tax,
        lots=tuple(lots),
        locks=tuple(locks),
        own_locks=tuple(own_locks),
        gains=_gains(market, problem, lots, segments),
    )


def _wash_lock(name: int, side: Side, maximum: float) -> Lock:
    return Lock(label=LABEL, name=name, side=side, maximum=maximum, relaxation_price=CLIENT_LOCK)


def _largest_purchases(
    problem: AccountProblem, locks: list[Lock], frozen: frozenset[int]
) -> FloatArray:
    """No name is bought beyond the whole of NAV: cash would forbid it anyway."""
    buy = np.ones(len(problem.w0))
    for lock in locks:
        if lock.side is Side.BUY:
            buy[lock.name] = min(buy[lock.name], lock.maximum)
    buy[list(frozen)] = 0.0
    return buy


def segments_of(
    market: Market, problem: AccountProblem, lots: list[tuple[ReliefLot, ...]]
) -> tuple[FloatArray, FloatArray]:
    """Convex tax segments; an even number a name, so that few model shapes are compiled."""
    names = len(lots)
    widest = max((len(of_name) for of_name in lots), default=0)
    width = max(2, widest + widest % 2)
    segments, tax = np.zeros((names, width)), np.zeros((names, width))
    nav = float(problem.nav)
    for name, of_name in enumerate(lots):
        if of_name:
            price = float(market.prices[name])
            weights = np.array([float(lot.shares) * price / nav for lot in of_name])
            slopes = np.array([float(lot.weighed_per_share) / price for lot in of_name])
            weights, slopes = convex_envelope(weights, slopes)
            segments[name, : len(weights)] = weights
            tax[name, : len(slopes)] = slopes
    return segments, tax


def _gains(
    market: Market,
    problem: AccountProblem,
    lots: Iterable[tuple[ReliefLot, ...]],
    segments: FloatArray,
) -> dict[GainKind, FloatArray]:
    """Gain per dollar in each segment, of every kind that a row counts: its lots' on average."""
    kinds = {row.gain for row in problem.rows if row.gain is not None}
    found = {kind: np.zeros_like(segments) for kind in kinds}
    for name, of_name in enumerate(lots if kinds else ()):
        ends = np.cumsum(segments[name]) * float(problem.nav) / float(market.prices[name])
        for kind, gains in found.items():
            shares, dollars = gain_schedule(of_name, kind)
            within = np.diff(np.interp(np.r_[0.0, ends], shares, dollars)) / float(problem.nav)
            np.divide(within, segments[name], out=gains[name], where=segments[name] > 0)
    return found
