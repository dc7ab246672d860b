"""What a whole number of shares does to the objective and to the rows.

The tax here goes lot by lot in the method's order; it is not the convex one of the model.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.box import Box
from optimizer.objective import impact_of, risk_gradients, untaxed
from optimizer.taxes import schedule
from optimizer.values import AccountProblem, FloatArray, Market

Shares = NDArray[np.int64]
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
    schedules: tuple[tuple[FloatArray, FloatArray], ...]  # Shares sold, dollars of tax.
    buy_rows: FloatArray  # (rows, n)
    sell_rows: FloatArray
    limits: FloatArray
    curvature: FloatArray  # Half the second derivative of the tracking risk.
    impact: FloatArray  # kappa

    @classmethod
    def of(cls, market: Market, problem: AccountProblem, box: Box) -> "Ticket":
        step = np.array(market.lot_sizes, dtype=np.int64)
        price = market.price
        share = price / float(problem.nav)
        sellable = np.array([float(sum(lot.shares for lot in lots)) for lots in box.lots])
        smallest = np.ceil(problem.minimum_trade / (price * step) - WHOLE).astype(np.int64)
        return cls(
            market=market,
            problem=problem,
            share=share,
            step=step,
            most=np.floor(box.buy / (share * step) + WHOLE).astype(np.int64) * step,
            least=-np.floor(sellable / step).astype(np.int64) * step,
            smallest=np.maximum(smallest, 1) * step,
            schedules=tuple(schedule(lots) for lots in box.lots),
            buy_rows=np.array([row.buy for row in problem.rows]),
            sell_rows=np.array([row.sell for row in problem.rows]),
            limits=np.array([row.limit for row in problem.rows]),
            curvature=problem.risk_aversion * ((market.F**2).sum(axis=1) + market.d),
            impact=impact_of(market, problem),
        )

    def admits(self, name: int, shares: Shares) -> NDArray[np.bool_]:
        """Whether each number of shares of one name is within its bounds and worth a ticket."""
        inside = (shares >= self.least[name]) & (shares <= self.most[name])
        admitted: NDArray[np.bool_] = inside & (
            (shares == 0) | (np.abs(shares) >= self.smallest[name])
        )
        return admitted

    def taxes(self, name: int, shares: Shares) -> FloatArray:
        """Tax in NAV of trading each number of shares of one name; nothing on a purchase."""
        sold, tax = self.schedules[name]
        return np.interp(np.maximum(-shares, 0), sold, tax) / float(self.problem.nav)

    def objective(self, shares: Shares) -> float:
        """The objective with taxes by the lot."""
        taxes = [self.taxes(int(name), shares[[name]])[0] for name in np.flatnonzero(shares)]
        return untaxed(self.market, self.problem, shares * self.share) + float(sum(taxes))

    def shortfall(self, shares: Shares) -> float:
        """By how much all rows together are broken, in NAV; 0 when none is."""
        return float(np.maximum(-self._slack(shares * self.share), 0).sum())

    def broken_rows(self, shares: Shares) -> tuple[tuple[str, float], ...]:
        """Labels of the rows that the trades break, with how far, in NAV."""
        over = -self._slack(shares * self.share)
        pairs = zip(self.problem.rows, over, strict=True)
        return tuple((row.label, float(short)) for row, short in pairs if short > 0)

    def standing(self, shares: Shares) -> "Standing":
        """What the effect of one change needs to know of where the trades stand."""
        z = shares * self.share
        factor, specific = risk_gradients(self.market, self.problem, z)
        slack = self._slack(z)
        return Standing(
            shares=shares,
            z=z,
            gradient=factor + specific,
            slack=slack,
            shortfall=float(np.maximum(-slack, 0).sum()),
        )

    def change(self, standing: "Standing", name: int, to: Shares) -> tuple[FloatArray, FloatArray]:
        """Objective and shortfall, each less the present one, of one name going to each of `to`."""
        before, after = standing.z[name], to * self.share[name]
        moved = after - before
        better = standing.gradient[name] * moved + self.curvature[name] * moved**2
        better += self.impact[name] * (after**2 - before**2)
        better += self.market.half_spread[name] * (np.abs(after) - abs(before))
        better += self.taxes(name, to) - self.taxes(name, standing.shares[[name]])
        bought = np.maximum(after, 0) - max(before, 0.0)
        sold = np.maximum(-after, 0) - max(-before, 0.0)
        used = np.outer(self.buy_rows[:, name], bought) + np.outer(self.sell_rows[:, name], sold)
        broken = np.maximum(used - standing.slack[:, None], 0).sum(axis=0)
        return better, broken - standing.shortfall

    def _slack(self, z: FloatArray) -> FloatArray:
        """What is left of each row's limit; negative where it is broken."""
        used = self.buy_rows @ np.maximum(z, 0) + self.sell_rows @ np.maximum(-z, 0)
        left: FloatArray = self.limits - used
        return left


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """Where the trades stand between two changes."""

    shares: Shares
    z: FloatArray
    gradient: FloatArray  # Of the tracking risk.
    slack: FloatArray  # Of each row.
    shortfall: float
