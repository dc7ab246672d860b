"""What a whole number of shares does to the objective, to the rows and to the caps on risk.

Taxes and gains here go lot by lot in the method's order; they are not the convex ones of
the model.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from optimizer.box import Box
from optimizer.objective import EPSILON, impact_of, untaxed
from optimizer.risks import curvature_of, goal_of, gradient_of, variance_of
from optimizer.schedules import Schedules
from optimizer.taxes import gain_schedule, schedule
from optimizer.values import AccountProblem, FloatArray, Market, RiskCap, Row

Shares = NDArray[np.int64]
Names = NDArray[np.intp]
WHOLE = 1e-9  # Of a share: forgives what division did to a whole number.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ticket:
    """The whole-share side of one account's problem: (n,) arrays in shares."""

    market: Market
    problem: AccountProblem
    share: FloatArray  # Weight of one share.
    step: Shares  # Shares in a lot.
    most: Shares  # Largest purchase.
    least: Shares  # Largest sale, negative.
    smallest: Shares  # Smallest trade worth a ticket.
    tax: Schedules
    buy_rows: FloatArray  # (rows, n)
    sell_rows: FloatArray
    limits: FloatArray  # Of the rows, then the largest volatilities of the caps.
    soft: FloatArray  # What breaking each row and cap costs; infinite where it must hold.
    gains: dict[int, Schedules]  # By the row that counts them.
    curvature: FloatArray  # Half the second derivative of the risk.
    budget: FloatArray  # Weights of the logarithm.
    impact: FloatArray  # kappa

    @classmethod
    def of(cls, market: Market, problem: AccountProblem, box: Box) -> "Ticket":
        step = np.array(market.lot_sizes, dtype=np.int64)
        price = market.price
        share = price / float(problem.nav)
        sellable = np.array([float(sum(lot.shares for lot in lots)) for lots in box.lots])
        goal = goal_of(market, problem)
        limited: tuple[Row | RiskCap, ...] = (*problem.rows, *problem.caps)
        smallest = np.ceil(problem.minimum_trade / (price * step) - WHOLE).astype(np.int64)
        return cls(
            market=market,
            problem=problem,
            share=share,
            step=step,
            most=np.floor(box.buy / (share * step) + WHOLE).astype(np.int64) * step,
            least=-np.floor(sellable / step).astype(np.int64) * step,
            smallest=np.maximum(smallest, 1) * step,
            tax=Schedules.of([schedule(lots) for lots in box.lots]),
            buy_rows=np.array([row.buy for row in problem.rows]),
            sell_rows=np.array([row.sell for row in problem.rows]),
            limits=np.array([r.limit for r in problem.rows] + [c.maximum for c in problem.caps]),
            soft=np.array([one.soft_price for one in limited]),
            gains={
                at: Schedules.of([gain_schedule(lots, row.gain) for lots in box.lots])
                for at, row in enumerate(problem.rows)
                if row.gain is not None
            },
            curvature=problem.risk_aversion * curvature_of(market, goal.risk),
            budget=goal.budget,
            impact=impact_of(market, problem),
        )

    def admits(self, names: Names, shares: Shares) -> NDArray[np.bool_]:
        """Whether so many shares of each of `names` are within bounds and worth a ticket."""
        inside = (shares >= self.least[names]) & (shares <= self.most[names])
        admitted: NDArray[np.bool_] = inside & (
            (shares == 0) | (np.abs(shares) >= self.smallest[names])
        )
        return admitted

    def taxes(self, names: Names, shares: Shares) -> FloatArray:
        """Tax in NAV of trading so many shares of each of `names`; nothing on a purchase."""
        return self.tax.at(names, np.maximum(-shares, 0.0)) / float(self.problem.nav)

    def objective(self, shares: Shares) -> float:
        """The objective with taxes by the lot, and what broken soft rows and caps cost."""
        traded = np.flatnonzero(shares)
        taxes = self.taxes(traded, shares[traded]).sum()
        over = np.maximum(-self._slack(shares), 0)
        softness = float(self._priced(over))
        z = shares * self.share
        return untaxed(self.market, self.problem, z) + float(taxes) + softness

    def shortfall(self, shares: Shares) -> float:
        """By how much all hard rows and caps together are broken; 0 when none is."""
        return float(self._broken(np.maximum(-self._slack(shares), 0)))

    def excesses(self, shares: Shares) -> FloatArray:
        """By how much each row, then each cap, is broken; 0 where it is not."""
        over: FloatArray = np.maximum(-self._slack(shares), 0)
        return over

    def breaks_rows(self, shares: Shares) -> bool:
        """Whether a hard row without gains is broken: what the exact program can mend."""
        mendable = [row.soft_price == inf and row.gain is None for row in self.problem.rows] + [
            False
        ] * len(self.problem.caps)
        return bool((self.excesses(shares)[mendable] > WHOLE).any())

    def broken_rows(self, shares: Shares) -> tuple[tuple[str, float], ...]:
        """Labels of the hard rows and caps that the trades break, with how far."""
        over = np.where(np.isfinite(self.soft), 0.0, -self._slack(shares))
        limited: tuple[Row | RiskCap, ...] = (*self.problem.rows, *self.problem.caps)
        pairs = zip(limited, over, strict=True)
        return tuple((one.label, float(short)) for one, short in pairs if short > 0)

    def standing(self, shares: Shares) -> "Standing":
        """What the effect of one change needs to know of where the trades stand."""
        z = shares * self.share
        w = self.problem.w0 + z
        slack = self._slack(shares)
        over = np.maximum(-slack, 0)
        risks = [cap.risk for cap in self.problem.caps]
        goal = goal_of(self.market, self.problem)
        return Standing(
            shares=shares,
            z=z,
            gradient=self.problem.risk_aversion * gradient_of(self.market, goal.risk, w)
            - goal.alpha,
            slack=slack,
            shortfall=float(self._broken(over)),
            softness=float(self._priced(over)),
            variances=tuple(variance_of(self.market, risk, w) for risk in risks),
            variance_slopes=tuple(gradient_of(self.market, risk, w) for risk in risks),
        )

    def change(
        self, standing: "Standing", names: Names, to: Shares
    ) -> tuple[FloatArray, FloatArray]:
        """Objective and shortfall, each less the present one, of `names` going to `to`.

        Each of the (c,) changes is made alone.
        """
        over = np.maximum(self._used_by(standing, names, to) - standing.slack[:, None], 0)
        better = self.wanted_change(standing, names, to) + self._priced(over) - standing.softness
        return better, self._broken(over) - standing.shortfall

    def wanted_change(self, standing: "Standing", names: Names, to: Shares) -> FloatArray:
        """The objective less the present one, without what broken soft rows and caps cost."""
        before, after = standing.z[names], to * self.share[names]
        moved = after - before
        better = standing.gradient[names] * moved + self.curvature[names] * moved**2
        better += self.impact[names] * (after**2 - before**2)
        better += self.market.half_spread[names] * (np.abs(after) - np.abs(before))
        better += self.taxes(names, to) - self.taxes(names, standing.shares[names])
        if self.budget.any():
            held = self.problem.w0[names] + np.array([before, after])
            logs = np.log(np.maximum(held, 0) + EPSILON)
            better -= self.budget[names] * (logs[1] - logs[0])
        wanted: FloatArray = better
        return wanted

    def _used_by(self, standing: "Standing", names: Names, to: Shares) -> FloatArray:
        """What each change uses up of every row and cap, (limits, c)."""
        before, after = standing.z[names], to * self.share[names]
        bought = np.maximum(after, 0) - np.maximum(before, 0)
        sold = np.maximum(-after, 0) - np.maximum(-before, 0)
        used: FloatArray = self.buy_rows[:, names] * bought + self.sell_rows[:, names] * sold
        for row, schedules in self.gains.items():
            then = schedules.at(names, np.maximum(-to, 0.0))
            now = schedules.at(names, np.maximum(-standing.shares[names], 0.0))
            used[row] += (then - now) / float(self.problem.nav)
        if not self.problem.caps:
            return used
        moved = after - before
        volatilities = []
        for cap, variance, slopes in zip(
            self.problem.caps, standing.variances, standing.variance_slopes, strict=True
        ):
            curve = curvature_of(self.market, cap.risk)[names]
            new = np.maximum(variance + slopes[names] * moved + curve * moved**2, 0)
            volatilities.append(np.sqrt(new) - np.sqrt(variance))
        return np.vstack([used, volatilities])

    def _slack(self, shares: Shares) -> FloatArray:
        """What is left of each limit; negative where it is broken."""
        z = shares * self.share
        used = self.buy_rows @ np.maximum(z, 0) + self.sell_rows @ np.maximum(-z, 0)
        for row, schedules in self.gains.items():
            realised = schedules.at(np.arange(len(shares)), np.maximum(-shares, 0.0))
            used[row] += realised.sum() / float(self.problem.nav)
        w = self.problem.w0 + z
        risks = [np.sqrt(variance_of(self.market, c.risk, w)) for c in self.problem.caps]
        left: FloatArray = self.limits - np.r_[used, risks]
        return left

    def _broken(self, over: FloatArray) -> FloatArray:
        """The sum over hard limits."""
        total: FloatArray = over[self.soft == inf].sum(axis=0)
        return total

    def _priced(self, over: FloatArray) -> FloatArray:
        """What soft limits cost."""
        soft = self.soft < inf
        total: FloatArray = self.soft[soft] @ over[soft]
        return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """Where the trades stand between two changes."""

    shares: Shares
    z: FloatArray
    gradient: FloatArray  # Of risk and expected return.
    slack: FloatArray  # Of each row and cap.
    shortfall: float
    softness: float
    variances: tuple[float, ...]  # Of the caps.
    variance_slopes: tuple[FloatArray, ...]
