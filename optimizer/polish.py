"""Sharpening an answer with caps on risk or risk budgets: Newton steps, each a quadratic program.

Conic solvers stop near 1e-6 of the objective. At a point x with duals nu of the caps, the
logarithm and the caps' curvature are replaced by their second-order terms at x and the
caps by their tangents (sequential quadratic programming; Nocedal and Wright, "Numerical
Optimization", 2006, chapter 18). That program has the plain structure again, its answer is
as exact as PIQP's, and near the optimum each step squares the error.
"""

import warnings
from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np

from optimizer.box import Box
from optimizer.certificate import relative_gap
from optimizer.model import Answer, Programs
from optimizer.objective import EPSILON
from optimizer.risks import goal_of, gradient_of, volatility_gradient, volatility_of
from optimizer.values import AccountProblem, FloatArray, Goal, Market, Risk, Row

STEPS = 5
SHARP = 1e-9  # Of the objective: enough.
_SOLVERS: tuple[tuple[str, dict[str, Any]], ...] = (  # The second where the first goes astray.
    (cp.PIQP, {"eps_abs": 1e-11, "eps_rel": 1e-11}),
    (
        cp.CLARABEL,
        {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11, "max_threads": 1},
    ),
)


def has_cones(problem: AccountProblem) -> bool:
    """Whether the problem is more than a quadratic program."""
    budgeted = problem.goal is not None and bool(problem.goal.budget.any())
    return bool(problem.caps) or budgeted


def polished(programs: Programs, problem: AccountProblem, box: Box, answer: Answer) -> Answer:
    """The sharpest of the answer and of what Newton steps make of it."""
    market = programs.market
    best, best_gap = answer, _gap(market, problem, box, answer)
    for _ in range(STEPS):
        if best_gap <= SHARP:
            break
        quadratic = _quadratic(market, problem, best)
        for solver in _SOLVERS:
            then = _stepped(programs, quadratic, box, solver, rows=len(problem.rows))
            gap = best_gap if then is None else _gap(market, problem, box, then)
            if then is not None and gap < best_gap:
                best, best_gap = then, gap
                break
        else:
            break
    return best


def _stepped(
    programs: Programs,
    quadratic: AccountProblem,
    box: Box,
    solver: tuple[str, dict[str, Any]],
    *,
    rows: int,
) -> Answer | None:
    """One solver's answer to a quadratic model whose last rows are the caps' tangents."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "Inaccurate": the gap is the judge.
            found = programs.solve(quadratic, box, *solver)
    except (cp.error.SolverError, ValueError, ArithmeticError):
        return None
    if found is None:
        return None
    return replace(found, row_duals=found.row_duals[:rows], cap_duals=found.row_duals[rows:])


def _gap(market: Market, problem: AccountProblem, box: Box, answer: Answer) -> float:
    inside = Answer(
        u=np.clip(answer.u, 0, box.buy),
        s=np.clip(answer.s, 0, box.segments),
        row_duals=np.maximum(answer.row_duals, 0),
        cap_duals=np.maximum(answer.cap_duals, 0),
    )
    return relative_gap(market, problem, box, inside)


def _quadratic(market: Market, problem: AccountProblem, at: Answer) -> AccountProblem:
    """The problem's quadratic model at an answer; the caps' tangents come after its rows.

    A cap that binds may weigh thousands of times what the account's risk aversion does. The
    model's risk aversion is the sum of both and its risk their mean: the same objective, near
    one where the solvers' tolerances are meant.
    """
    w = problem.w0 + at.u - at.s.sum(axis=1)
    goal = goal_of(market, problem)
    volatilities = [volatility_of(market, cap.risk, w) for cap in problem.caps]
    weights = [  # What half the curvature of each cap weighs.
        float(dual) / (2 * volatility) if dual > 0 and volatility > 0 else 0.0
        for dual, volatility in zip(at.cap_duals, volatilities, strict=True)
    ]
    lam = problem.risk_aversion + sum(weights)
    risk, alpha = _scaled(goal.risk, problem.risk_aversion / lam), goal.alpha
    for cap, weight in zip(problem.caps, weights, strict=True):
        if weight > 0:
            risk = _sum(risk, _scaled(cap.risk, weight / lam))
            alpha = alpha + weight * gradient_of(market, cap.risk, w)
    held = np.maximum(w, 0) + EPSILON
    slope, curve = goal.budget / held, goal.budget / held**2
    bent = risk.d + curve / (2 * lam)
    centre = np.divide(
        risk.d * risk.r + curve / (2 * lam) * w, bent, out=np.zeros_like(w), where=bent > 0
    )
    return replace(
        problem,
        risk_aversion=lam,
        goal=Goal(
            risk=replace(risk, d=bent, r=centre),
            alpha=alpha + slope,
            budget=np.zeros_like(w),
        ),
        rows=(*problem.rows, *_tangents(market, problem, w)),
        caps=(),
    )


def _scaled(risk: Risk, share: float) -> Risk:
    """Share times a variance."""
    root = np.sqrt(share)
    return Risk(
        t=root * risk.t,
        d=share * risk.d,
        r=risk.r,
        G=root * risk.G,
        g=root * risk.g,
        phi=float(root * risk.phi),
    )


def _sum(one: Risk, other: Risk) -> Risk:
    """The sum of two variances, but for a constant."""
    phi = np.sqrt(one.phi**2 + other.phi**2)
    crossed = one.phi * one.t + other.phi * other.t
    d = one.d + other.d
    weighted = one.d * one.r + other.d * other.r
    return Risk(
        t=crossed / phi if phi > 0 else np.zeros_like(crossed),
        d=d,
        r=np.divide(weighted, d, out=np.zeros_like(d), where=d > 0),
        G=np.hstack([one.G, other.G]),
        g=np.r_[one.g, other.g],
        phi=float(phi),
    )


def _tangents(market: Market, problem: AccountProblem, w: FloatArray) -> list[Row]:
    rows = []
    for cap in problem.caps:
        slope = volatility_gradient(market, cap.risk, w)
        room = cap.maximum - volatility_of(market, cap.risk, w) + float(slope @ (w - problem.w0))
        rows.append(
            Row(
                name=cap.name,
                label=cap.label,
                buy=slope,
                sell=-slope,
                limit=room,
                relaxation_price=cap.relaxation_price,
                soft_price=cap.soft_price,
            )
        )
    return rows
