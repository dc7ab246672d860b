"""Semismooth Newton steps on the dual (Qi and Sun, "A nonsmooth version of Newton's method", 1993).

The dual's gradient is piecewise linear, so a step with the curvature of the present piece lands on
the optimum once the piece is right. Rows that would be priced below nothing leave the step's
active set and it is solved again; Levenberg and Marquardt's term keeps it defined where no name is
free; Armijo's rule keeps it honest. Where the rows leave next to no room the best prices are far
away or not unique; then each round pulls them towards those of the round before, less and less
(Rockafellar, "Augmented Lagrangians and applications of the proximal point algorithm", 1976).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from optimizer.deadline import Deadline
from optimizer.fast.dual import Dual, Point, at, is_ray, residual, within
from optimizer.fast.names import Indices, free
from optimizer.values import FloatArray

ENOUGH = 1e-12  # Residual, in NAV and factor exposure.
FINE = 1e-11  # A residual that needs no rounds.
MOST_STEPS = 60
MOST_ROUNDS = 60
FIRST_PULL, LEAST_PULL = 1e-1, 1e-7
MOST_CUTS, LEAST_CUT, MOST_CUT = 25, 0.25, 0.5
PATIENCE = 10  # Steps before asking whether the rows can hold at all.
ARMIJO = 1e-4
TINY = 1e-13  # Added to the diagonal always.
DAMPING_START, DAMPING_LEAST, DAMPING_MOST = 1e-4, 1e-12, 1e4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ended:
    """Where the steps ended; whether it is optimal is the certificate's to say."""

    point: Point
    residual: float
    steps: int
    impossible: bool = False  # The rows' prices grow for ever: no trade keeps them all.


def maximise(dual: Dual, start: FloatArray, deadline: Deadline) -> Ended:
    """From `start` (k + r,) until optimal or impossible, or until too late or no better."""
    ended = _ascend(dual, start, deadline)
    if ended.impossible or ended.residual <= FINE:
        return ended
    x, pull, k = np.zeros(dual.size), FIRST_PULL, dual.factors
    steps, best = ended.steps, ended
    for _ in range(MOST_ROUNDS):
        if deadline.passed() or best.impossible or best.residual <= FINE:
            break
        pulled = _ascend(replace(dual, centre=x[k:], pull=pull), x, deadline)
        x = pulled.point.x
        steps += pulled.steps
        point = at(dual, x)
        found = Ended(
            point=point,
            residual=residual(dual, point),
            steps=steps,
            impossible=is_ray(dual, point),
        )
        best = found if found.impossible or found.residual < best.residual else best
        pull = max(pull / 10, LEAST_PULL)
    return replace(best, steps=steps)


def _ascend(dual: Dual, start: FloatArray, deadline: Deadline) -> Ended:
    point, damping = at(dual, start), DAMPING_START
    left, steps = residual(dual, point), 0
    while left > ENOUGH and steps < MOST_STEPS and not deadline.passed():
        steps += 1
        if steps > PATIENCE and is_ray(dual, point):
            return Ended(point=point, residual=left, steps=steps, impossible=True)
        step = _step(dual, point, damping * min(1.0, left) + TINY)
        found, length = _search(dual, point, step)
        if found is None:
            if damping >= DAMPING_MOST:
                break
            damping = min(max(100 * damping, 1e-6), DAMPING_MOST)
            continue
        if length == 1.0:
            damping = max(damping / 10, DAMPING_LEAST)
        elif length < 0.1:
            damping = min(max(10 * damping, 1e-6), DAMPING_MOST)
        point = found
        left = residual(dual, point)
    return Ended(point=point, residual=left, steps=steps)


def _step(dual: Dual, point: Point, damping: float) -> FloatArray:
    """Newton's step over the factors and the rows that are priced or exceeded, (k + r,)."""
    k = dual.factors
    active = (point.x > 0) | (point.gradient > 0)
    dearest = np.full(dual.size, np.inf)
    if dual.dearest is not None:
        dearest[k:] = dual.dearest
        active &= (point.x < dearest) | (point.gradient < 0)
    active[:k] = True
    unknowns = active.nonzero()[0]
    matrix = _curvature(dual, point, unknowns)
    matrix.ravel()[:: len(matrix) + 1] += damping
    gradient = point.gradient[unknowns]
    lowest, highest = point.x[unknowns] <= 0, point.x[unknowns] >= dearest[unknowns]
    lowest[:k] = False
    solution = _cholesky(matrix, gradient)
    wrong = (lowest & (solution < 0)) | (highest & (solution > 0))
    while wrong.any():
        _fix(matrix, gradient, wrong)
        solution = _cholesky(matrix, gradient)
        wrong = (lowest & (solution < 0)) | (highest & (solution > 0))
    step = np.zeros(dual.size)
    step[unknowns] = solution
    return step


def _fix(matrix: FloatArray, gradient: FloatArray, at_nothing: NDArray[np.bool_]) -> None:
    """Take unknowns out of the equations, in place: their step is nothing."""
    matrix[at_nothing] = 0.0
    matrix[:, at_nothing] = 0.0
    matrix[at_nothing, at_nothing] = 1.0
    gradient[at_nothing] = 0.0


def _curvature(dual: Dual, point: Point, unknowns: Indices) -> FloatArray:
    """Minus the dual's second derivative over the factors and some rows, (k + p, k + p)."""
    names, k = dual.names, dual.factors
    buys, sales = free(names, point.choice)
    V = np.concatenate([dual.of_buys.take(buys, axis=0), dual.of_sales.take(sales, axis=0)])
    if len(unknowns) < dual.size:
        V = V.take(unknowns, axis=1)
    V *= np.sqrt(np.concatenate([names.inverse[buys], names.sale_inverse[sales]]))[:, None]
    matrix: FloatArray = V.T @ V
    diagonal = matrix.ravel()[:: len(matrix) + 1]
    diagonal[:k] += 0.5
    diagonal[k:] += dual.pull
    return matrix


def _cholesky(matrix: FloatArray, gradient: FloatArray) -> FloatArray:
    _, solution, failed = dposv(matrix.T, gradient)
    if failed:  # Too flat to be positive definite in floating point.
        solution = np.linalg.lstsq(matrix, gradient)[0]
    found: FloatArray = solution
    return found


def _search(dual: Dual, point: Point, step: FloatArray) -> tuple[Point | None, float]:
    """The first part of the step that raises the dual enough; no price goes below nothing.

    Each part is where the slope along the step would vanish if it fell evenly, within bounds.
    """
    noise = 1e-16 * (1 + abs(point.value))
    slope, length = float(point.gradient @ step), 1.0
    for _ in range(MOST_CUTS):
        x = within(dual, point.x + length * step)
        tried = at(dual, x)
        promised = max(float(point.gradient @ (x - point.x)), 0.0)
        if tried.value >= point.value + ARMIJO * promised - noise:
            return tried, length
        fall = slope - float(tried.gradient @ step)
        length *= min(max(slope / fall, LEAST_CUT), MOST_CUT) if fall > 0 else MOST_CUT
    return None, 0.0
