"""Portfolio libraries on the terms that each can express; all of them solve through cvxpy.

Tracking a benchmark b with risk aversion lam is mean-variance with expected returns 2 lam Sigma b.
None knows tax lots: their trades are judged with the taxes that they bring. A library is imported
when it is asked for, and one that is not installed is named.
"""

import warnings
from typing import Any

import cvxpy as cp
import numpy as np

from benchmarks.optimizer_instance import Instance
from optimizer.values import Market

LEAST_CASH, MOST_CASH = 0.01, 0.02


def covariance(market: Market) -> np.ndarray:
    """Sigma (n, n)."""
    return np.asarray(market.F @ market.F.T + np.diag(market.d))


class PyPortfolioOpt:
    """`EfficientFrontier.max_quadratic_utility`; cash is a name without risk."""

    name, missing = "PyPortfolioOpt", "tax lots"

    def __init__(self, market: Market) -> None:
        from pypfopt import EfficientFrontier

        self.frontier, n = EfficientFrontier, len(market.d)
        self.sigma = np.zeros((n + 1, n + 1))
        self.sigma[:n, :n] = covariance(market)

    def trades(self, instance: Instance) -> np.ndarray:
        """Trades (n,) of NAV."""
        a, w0 = instance.arrays, instance.w0
        wanted = 2 * a.lam * self.sigma @ np.r_[instance.b, 0]
        low, high = w0 - instance.sells, w0 + a.most
        bounds = [*zip(low, high, strict=True), (LEAST_CASH, MOST_CASH)]
        rows, limit = _group_rows(instance)
        frontier = self.frontier(wanted, self.sigma, bounds, solver="CLARABEL")
        frontier.add_objective(lambda w: a.cost @ cp.abs(w[:-1] - w0))
        frontier.add_objective(lambda w: a.kappa @ cp.square(w[:-1] - w0))
        frontier.add_constraint(lambda w: cp.norm1(w[:-1] - w0) <= a.limit[-1])
        frontier.add_constraint(lambda w: rows @ w[:-1] <= limit)
        frontier.max_quadratic_utility(2 * a.lam)
        return np.asarray(frontier.weights[:-1]) - w0


class Skfolio:
    """`MeanRisk` with MAXIMIZE_UTILITY; the risk model is given as it would come from a prior."""

    name, missing = "skfolio", "tax lots, impact"

    def __init__(self, market: Market) -> None:
        from skfolio.optimization import MeanRisk, ObjectiveFunction
        from skfolio.prior import BasePrior, ReturnDistribution

        sigma = covariance(market)

        class Given(BasePrior):
            """A prior that is told everything."""

            def __init__(self, mean: np.ndarray | None = None) -> None:
                self.mean = mean

            def fit(self, X: Any, y: Any = None, **_: Any) -> "Given":  # noqa: N803, ARG002 - theirs
                self.return_distribution_ = ReturnDistribution(
                    mu=self.mean, covariance=sigma, returns=np.asarray(X)
                )
                return self

        self.sigma, self.prior, self.model = sigma, Given, MeanRisk
        self.objective = ObjectiveFunction.MAXIMIZE_UTILITY
        self.returns = np.random.default_rng(0).normal(0, 0.01, (2, len(sigma)))

    def trades(self, instance: Instance) -> np.ndarray:
        """Trades (n,) of NAV."""
        a, w0 = instance.arrays, instance.w0
        rows, limit = _group_rows(instance)
        model = self.model(
            objective_function=self.objective,
            risk_aversion=a.lam,
            prior_estimator=self.prior(2 * a.lam * self.sigma @ instance.b),
            min_weights=w0 - instance.sells,
            max_weights=w0 + a.most,
            budget=None,
            min_budget=1 - MOST_CASH,
            max_budget=1 - LEAST_CASH,
            transaction_costs=a.cost,
            previous_weights=w0,
            left_inequality=rows,
            right_inequality=limit,
            add_constraints=lambda w: cp.norm1(w - w0) <= a.limit[-1],
        )
        return np.asarray(model.fit(self.returns).weights_) - w0


class Riskfolio:
    """`Portfolio.optimization` with obj="Utility"; cash is a name without risk."""

    name, missing = "Riskfolio-Lib", "tax lots, costs, impact, turnover of all names together"

    def __init__(self, market: Market) -> None:
        import pandas as pd
        import riskfolio

        n = len(market.d)
        self.pandas = pd
        self.names = [*market.symbols, "cash"]
        self.sigma = np.zeros((n + 1, n + 1))
        self.sigma[:n, :n] = covariance(market)
        self.sigma[n, n] = 1e-10  # A factorisation is taken of it.
        returns = np.random.default_rng(0).normal(0, 0.01, (5, n + 1))
        self.portfolio = riskfolio.Portfolio(pd.DataFrame(returns, columns=self.names))
        self.portfolio.cov = pd.DataFrame(self.sigma, index=self.names, columns=self.names)

    def trades(self, instance: Instance) -> np.ndarray:
        """Trades (n,) of NAV."""
        a, w0, n = instance.arrays, instance.w0, len(instance.w0)
        rows, limit = _group_rows(instance)
        wanted = 2 * a.lam * self.sigma @ np.r_[instance.b, 0]
        one = np.eye(n + 1)
        low, high = np.r_[w0 - instance.sells, LEAST_CASH], np.r_[w0 + a.most, MOST_CASH]
        p = self.portfolio
        p.mu = self.pandas.DataFrame(wanted[None], columns=self.names)
        p.ainequality = np.vstack([np.hstack([rows, np.zeros((len(rows), 1))]), one, -one])
        p.binequality = np.r_[limit, high, -low][:, None]
        p.allowTO, p.turnover = True, float(a.limit[-1])
        p.benchweights = self.pandas.DataFrame(np.r_[w0, 1 - w0.sum()], index=self.names)
        p.solvers = ["CLARABEL"]
        weights = p.optimization(model="Classic", rm="MV", obj="Utility", rf=0, l=a.lam)
        return np.asarray(weights.to_numpy().ravel()[:n]) - w0


class Cvxportfolio:
    """`SinglePeriodOptimization`, one execution a policy."""

    name, missing = "cvxportfolio", "tax lots"

    def __init__(self, market: Market) -> None:
        import cvxportfolio
        import pandas as pd

        self.library, self.pandas = cvxportfolio, pd
        self.names = [*market.symbols, "cash"]
        columns = market.symbols
        self.F = pd.DataFrame(market.F.T, columns=columns)
        self.d = pd.Series(market.d, index=columns)

    def trades(self, instance: Instance) -> np.ndarray:
        """Trades (n,) of NAV."""
        cvx, pd = self.library, self.pandas
        a, w0, names = instance.arrays, instance.w0, self.names[:-1]
        rows, limit = _group_rows(instance)
        wanted = 2 * a.lam * (self.F.T.to_numpy() @ (self.F @ instance.b) + self.d * instance.b)

        def named(numbers: np.ndarray) -> Any:
            return pd.Series(numbers, index=names)

        objective = (
            cvx.ReturnsForecast(named(np.asarray(wanted)))
            - a.lam * cvx.FactorModelCovariance(F=self.F, d=self.d)
            - cvx.TransactionCost(
                a=named(a.cost),
                b=named(a.kappa),
                volume_hat=named(np.ones(len(names))),
                sigma=named(np.ones(len(names))),
                exponent=2,
            )
        )
        sectors = [
            cvx.FactorMaxLimit(named(row), float(most))
            for row, most in zip(rows, limit, strict=True)
        ]
        limits = [
            cvx.MaxWeights(named(w0 + a.most)),
            cvx.MinWeights(named(w0 - instance.sells)),
            cvx.MinCashBalance(LEAST_CASH),
            cvx.FactorMinLimit(named(np.ones(len(names))), 1 - MOST_CASH),
            cvx.TurnoverLimit(float(a.limit[-1]) / 2),
            *sectors,
        ]
        policy = cvx.SinglePeriodOptimization(
            objective, limits, include_cash_return=False, solver="CLARABEL"
        )
        held = pd.Series(np.r_[w0, 1 - w0.sum()], index=self.names)
        traded, _, _ = policy.execute(held, market_data=None, t=pd.Timestamp("2024-01-02"))
        return np.asarray(traded.to_numpy()[:-1])


LIBRARIES = (PyPortfolioOpt, Skfolio, Riskfolio, Cvxportfolio)


def _group_rows(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """Sector rows on weights: rows w <= limit. Cash and turnover come first and last, apart."""
    a = instance.arrays
    rows = a.sides.buy[2:-1]
    return rows, a.limit[2:-1] + rows @ instance.w0


def quietly(method: Any, instance: Instance) -> np.ndarray:
    """The trades without the library's warnings; its gap and violation say what it is worth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trades: np.ndarray = method.trades(instance)
    return trades
