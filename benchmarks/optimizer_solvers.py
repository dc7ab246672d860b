"""The whole problem by general solvers: cvxpy as a user would write it, and solvers called direct.

Each is a class with a name, the terms that it cannot express, and `trades(instance)`, whose time
is what is measured. What can be done once for a market is done in the constructor.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import clarabel
import cvxpy as cp
import numpy as np
import piqp
import scipy.sparse as sp

from benchmarks.optimizer_instance import Instance
from optimizer.batch import general_form
from optimizer.model import Programs
from optimizer.values import Market


class CvxpyAfresh:
    """The problem written in cvxpy and compiled for each account."""

    missing = ""

    def __init__(self, market: Market, solver: str | None) -> None:
        self.name = f"cvxpy afresh, {(solver or 'default (OSQP)').title()}"
        self.solver = solver or cp.OSQP
        self.market = market

    def trades(self, instance: Instance) -> np.ndarray:
        """Trades (n,) of NAV."""
        a, sides = instance.arrays, instance.arrays.sides
        names, lot_weight, lot_tax = _lots(instance)
        owner = sp.csr_matrix(
            (np.ones(len(names)), (names, np.arange(len(names)))), shape=(len(a.d), len(names))
        )
        u, s, y = cp.Variable(len(a.d)), cp.Variable(len(names)), cp.Variable(sides.F.shape[1])
        sold = owner @ s
        z = u - sold
        active = a.a0 + z
        objective = (
            a.lam * (cp.sum_squares(y) + cp.sum_squares(cp.multiply(np.sqrt(a.d), active)))
            + cp.sum_squares(cp.multiply(np.sqrt(a.kappa), z))
            + a.cost @ (u + sold)
            + lot_tax @ s
        )
        limits = [
            y == sides.F.T @ active,
            sides.buy @ u + sides.sell @ sold <= a.limit,
            u >= 0,
            u <= a.most,
            s >= 0,
            s <= lot_weight,
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "Inaccurate": its gap and violation say so.
            cp.Problem(cp.Minimize(objective), limits).solve(solver=self.solver)
        return np.asarray(z.value)


class CvxpyCompiled:
    """The optimizer's own model, compiled once for the market (DPP); an account sets parameters."""

    name, missing = "cvxpy DPP + PIQP", ""

    def __init__(self, market: Market) -> None:
        self.programs = Programs(market)

    def trades(self, instance: Instance) -> np.ndarray:
        """Trades (n,) of NAV."""
        problem, box = general_form(instance.accounts, instance.at, instance.arrays)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "Inaccurate": its gap and violation say so.
            answer = self.programs.solve(problem, box, cp.PIQP, {"eps_abs": 1e-8, "eps_rel": 1e-8})
        assert answer is not None, "PIQP has no answer"
        return np.asarray(answer.u - answer.s.sum(axis=1))


class Direct:
    """A solver's own interface: min x'Px/2 + q'x over x = (u, s by lot, y), built by us."""

    missing = ""

    def __init__(self, solver: str) -> None:
        self.name = f"direct {solver}"
        self.solver = solver

    def trades(self, instance: Instance) -> np.ndarray:
        """Trades (n,) of NAV; building the matrices is part of it."""
        program = _program(instance, dense=self.solver == "PIQP, dense")
        x = _clarabel(program) if self.solver == "Clarabel" else _piqp(program, self.solver)
        return np.asarray(program.trades_of @ x[: program.trades_of.shape[1]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Program:
    """min x'Px/2 + q'x with equal x = exposure, rows x <= limit, lower <= x <= upper."""

    quadratic: Any
    linear: np.ndarray
    equal: Any  # None where y is eliminated.
    exposure: np.ndarray | None
    rows: Any
    limit: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    trades_of: sp.csc_matrix  # (n, columns of u and s)


def _lots(instance: Instance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    accounts, at = instance.accounts, instance.at
    lots = slice(accounts.lot_start[at], accounts.lot_start[at + 1])
    return accounts.lot_name[lots], accounts.lot_weight[lots], accounts.lot_tax[lots]


def _program(instance: Instance, *, dense: bool) -> _Program:
    """The quadratic program; dense: y is eliminated, as a dense matrix gains nothing by it."""
    a, sides = instance.arrays, instance.arrays.sides
    names, lot_weight, lot_tax = _lots(instance)
    buys = np.flatnonzero(a.most > 0)
    count, k = len(buys) + len(names), sides.F.shape[1]
    signs = np.r_[np.ones(len(buys)), -np.ones(len(names))]
    of = np.r_[buys, names]
    trades_of = sp.csc_matrix((signs, (of, np.arange(count))), shape=(len(a.d), count))
    rows = np.hstack([sides.buy[:, buys], sides.sell[:, names]])
    own = (trades_of.T @ (2 * sp.diags(a.lam * a.d + a.kappa)) @ trades_of).tocsc()
    linear = trades_of.T @ (2 * a.lam * a.d * a.a0) + np.r_[a.cost[buys], a.cost[names] + lot_tax]
    exposed, held = sides.F[of] * signs[:, None], a.a0 @ sides.F
    lower, upper = np.zeros(count), np.r_[a.most[buys], lot_weight]
    if dense:
        return _Program(
            quadratic=np.asfortranarray(own.toarray() + 2 * a.lam * exposed @ exposed.T),
            linear=linear + 2 * a.lam * exposed @ held,
            equal=None,
            exposure=None,
            rows=np.asfortranarray(rows),
            limit=a.limit,
            lower=lower,
            upper=upper,
            trades_of=trades_of,
        )
    free = np.full(k, np.inf)
    return _Program(
        quadratic=sp.block_diag([own, 2 * a.lam * sp.eye(k)], format="csc"),
        linear=np.r_[linear, np.zeros(k)],
        equal=sp.hstack([sp.csc_matrix(exposed.T), -sp.eye(k)], format="csc"),
        exposure=-held,
        rows=sp.hstack([sp.csc_matrix(rows), sp.csc_matrix((len(rows), k))], format="csc"),
        limit=a.limit,
        lower=np.r_[lower, -free],
        upper=np.r_[upper, free],
        trades_of=trades_of,
    )


def _piqp(p: _Program, solver: str) -> np.ndarray:
    made = piqp.DenseSolver() if solver == "PIQP, dense" else piqp.SparseSolver()
    made.settings.eps_abs = made.settings.eps_rel = 1e-8
    low = np.full(len(p.limit), -np.inf)
    made.setup(p.quadratic, p.linear, p.equal, p.exposure, p.rows, low, p.limit, p.lower, p.upper)
    made.solve()
    return np.asarray(made.result.x)


def _clarabel(p: _Program) -> np.ndarray:
    assert p.exposure is not None
    bounded = np.flatnonzero(np.isfinite(p.upper))
    one = sp.eye(len(p.linear), format="csc")[bounded]
    matrix = sp.vstack([p.equal, p.rows, one, -one], format="csc")
    right = np.r_[p.exposure, p.limit, p.upper[bounded], -p.lower[bounded]]
    cones = [
        clarabel.ZeroConeT(len(p.exposure)),
        clarabel.NonnegativeConeT(len(p.limit) + 2 * len(bounded)),
    ]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    upper_half = sp.triu(p.quadratic, format="csc")
    made = clarabel.DefaultSolver(upper_half, p.linear, matrix, right, cones, settings)
    return np.asarray(made.solve().x)
