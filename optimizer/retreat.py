"""An unfinished answer made to keep every row: as much of it as fits.

Bounds and rows are convex: of the way from trades that keep them to any other trades, the part up
to the first row that would break keeps them, too. It starts from no trade where that keeps every
row, and from the smallest trades that do where it does not.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import inf

import numpy as np
from scipy.optimize import linprog

from optimizer.box import Box
from optimizer.model import Answer
from optimizer.objective import row_excess
from optimizer.values import AccountProblem, FloatArray, Row

Trades = tuple[FloatArray, FloatArray]  # u (n,), s (n, m)


def retreats(problem: AccountProblem, box: Box, answer: Answer) -> Iterator[Answer]:
    """The longest part of the way to the answer that keeps every row, and where it starts."""
    rows = [row for row in problem.rows if row.soft_price == inf]
    start = _start(rows, box)
    if start is None:
        return
    u, s = np.clip(answer.u, 0, box.buy), np.clip(answer.s, 0, box.segments)
    share = 1.0
    for row in rows:
        room, over = -row_excess(row, box, *start), row_excess(row, box, u, s)
        if over > 0:
            share = min(share, max(room, 0.0) / (over + max(room, 0.0)))
    for part in (share, 0.0):
        yield replace(
            answer, u=start[0] + part * (u - start[0]), s=start[1] + part * (s - start[1])
        )


def _start(rows: list[Row], box: Box) -> Trades | None:
    """No trade, or the smallest trades that keep the rows; None where none do."""
    nothing = np.zeros_like(box.buy), np.zeros_like(box.segments)
    if all(row_excess(row, box, *nothing) <= 0 for row in rows):
        return nothing
    names, segments = box.segments.shape
    matrix = np.array([np.r_[row.buy, _sales(row, box).ravel()] for row in rows])
    found = linprog(
        c=np.ones(names * (1 + segments)),
        A_ub=matrix,
        b_ub=[row.limit for row in rows],
        bounds=np.c_[np.zeros(matrix.shape[1]), np.r_[box.buy, box.segments.ravel()]],
        method="highs",
    )
    if found.x is None:
        return None
    return found.x[:names], found.x[names:].reshape(names, segments)


def _sales(row: Row, box: Box) -> FloatArray:
    """What a dollar sold adds to a row, (n, m)."""
    plain = np.repeat(row.sell[:, None], box.segments.shape[1], axis=1)
    return plain if row.gain is None else plain + box.gains[row.gain]
