"""Sharpening an answer with caps on risk or risk budgets: Newton steps, each a quadratic program.

Conic solvers stop near 1e-6 of the objective. At a point x with duals nu of the caps, the
logarithm and the caps' curvature are replaced by their second-order terms at x and the
caps by their tangents (sequential quadratic programming; Nocedal and Wright, "Numerical
Optimization", 2006, chapter 18). That program has the plain structure again, its answer is
as exact as PIQP's, and near the optimum each step squares the error.
"""

from dataclasses import replace

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
_OPTIONS = {"eps_abs": 1e-11, "eps_rel": 1e-11}


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
        try:
            found = programs.solve(quadratic, box, cp.PIQP, _OPTIONS)
        except (cp.error.SolverError, ValueError, ArithmeticError):
            break
        if found is None:
            break
        rows = len(problem.rows)
        then = replace(found, row_duals=found.row_duals[:rows], cap_duals=found.row_duals[rows:])
        gap = _gap(market, problem, box, then)
        if not gap < best_gap:
            break
        best, best_gap = then, gap
    return best


def _gap(market: Market, problem: AccountProblem, box: Box, answer: Answer) -> float:
    inside = Answer(
        u=np.clip(answer.u, 0, box.buy),
        s=np.clip(answer.s, 0, box.segments),
        row_duals=np.maximum(answer.row_duals, 0),
        cap_duals=np.maximum(answer.cap_duals, 0),
    )
    return relative_gap(market, problem, box, inside)


def _quadratic(market: Market, problem: AccountProblem, at: Answer) -> AccountProblem:
    """The problem's quadratic model at an answer; the caps' tangents come after its rows."""
    w = problem.w0 + at.u - at.s.sum(axis=1)
    goal, lam = goal_of(market, problem), problem.risk_aversion
    risk, alpha = goal.risk, goal.alpha
    for cap, dual in zip(problem.caps, at.cap_duals, strict=True):
        volatility = volatility_of(market, cap.risk, w)
        if dual <= 0 or volatility <= 0:
            continue
        share = float(dual) / (2 * volatility * lam)
        risk = _sum(risk, cap.risk, share)
        alpha = alpha + lam * share * gradient_of(market, cap.risk, w)
    held = np.maximum(w, 0) + EPSILON
    slope, curve = goal.budget / held, goal.budget / held**2
    bent = risk.d + curve / (2 * lam)
    centre = np.divide(
        risk.d * risk.r + curve / (2 * lam) * w, bent, out=np.zeros_like(w), where=bent > 0
    )
    return replace(
        problem,
        goal=Goal(
            risk=replace(risk, d=bent, r=centre),
            alpha=alpha + slope,
            budget=np.zeros_like(w),
        ),
        rows=(*problem.rows, *_tangents(market, problem, w)),
        caps=(),
    )


def _sum(one: Risk, other: Risk, share: float) -> Risk:
    """One + share * other, but for a constant."""
    phi = np.sqrt(one.phi**2 + share * other.phi**2)
    crossed = one.phi * one.t + share * other.phi * other.t
    d = one.d + share * other.d
    weighted = one.d * one.r + share * other.d * other.r
    root = np.sqrt(share)
    return Risk(
        t=crossed / phi if phi > 0 else np.zeros_like(crossed),
        d=d,
        r=np.divide(weighted, d, out=np.zeros_like(d), where=d > 0),
        G=np.hstack([one.G, root * other.G]),
        g=np.r_[one.g, root * other.g],
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
