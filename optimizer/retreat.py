"""An unfinished answer made to keep every row: as much of it as fits.

Bounds and rows are convex, so where doing nothing keeps them, the part of the way to any trade up
to the first row that it would break keeps them, too.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from optimizer.box import Box
from optimizer.model import Answer
from optimizer.objective import row_excess
from optimizer.values import AccountProblem


def retreats(problem: AccountProblem, box: Box, answer: Answer) -> Iterator[Answer]:
    """The longest part of the answer's trades that keeps every row, and no trade; if that does."""
    u, s = np.clip(answer.u, 0, box.buy), np.clip(answer.s, 0, box.segments)
    share = 1.0
    for row in problem.rows:
        room = -row_excess(row, box, np.zeros_like(u), np.zeros_like(s))
        if room < 0:
            return
        used = row_excess(row, box, u, s) + room
        if used > room:
            share = min(share, room / used)
    for part in (share, 0.0):
        yield replace(answer, u=part * u, s=part * s)
