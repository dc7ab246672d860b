"""Booked executions of one venue that its drop copy has not told of yet.

They are read from the store in the order of booking, and a place in that order, with the
ranges before it that wait still, is all that a restart has to know.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from domain.order_table import FILLS
from domain.orders import ExecutionReport
from domain.ports import UnitOfWork

_BATCH = 500
_TELLABLE = 20_000  # Copies that came without their execution; one that is booked late was copied.

Key = tuple[date, str]  # Trade date and ExecID.
Ranges = Sequence[Sequence[int]]  # First and last number of booking, both waiting.


@dataclass(frozen=True, slots=True)
class Waiting:
    """An execution without its copy; what it says is in the store, as a day of them may wait."""

    turn: int  # Counts the executions of the venue as they were read.
    number: int
    since: float  # Seconds of a monotonic clock.


class Uncopied:
    """What still waits for a copy. One thread calls."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._turn = 0
        self._waiting: dict[Key, Waiting] = {}
        self._told_before: OrderedDict[Key, None] = OrderedDict()
        self.through = 0  # The last execution that was looked at, by its number of booking.

    def start_at(self, view: UnitOfWork, through: int, ranges: Ranges, now: float) -> None:
        """Go on where a mark stands."""
        for first, last in ranges:
            self.through = first - 1
            self._read(view, now, last)
        self.through = through

    def follow(self, view: UnitOfWork, now: float) -> None:
        """Take what was booked since."""
        self._read(view, now, None)

    def copied(self, key: Key) -> None:
        """A copy of it is there."""
        self._waiting.pop(key, None)

    def told_before(self, key: Key) -> None:
        """A copy came of what is not booked; should it be booked later, it was copied."""
        self._told_before[key] = None
        if len(self._told_before) > _TELLABLE:
            self._told_before.popitem(last=False)

    def overdue(self, limit: float) -> tuple[Key, ...]:
        """Those that wait since before `limit`."""
        return tuple(key for key, one in self._waiting.items() if one.since <= limit)

    def ranges(self) -> list[tuple[int, int]]:
        """What waits, as ranges of the numbers of booking."""
        found: list[tuple[int, int]] = []
        before: Waiting | None = None
        for one in sorted(self._waiting.values(), key=lambda waiting: waiting.turn):
            if before is not None and one.turn == before.turn + 1:
                found[-1] = (found[-1][0], one.number)
            else:
                found.append((one.number, one.number))
            before = one
        return found

    def _read(self, view: UnitOfWork, now: float, last: int | None) -> None:
        for number, report in self._booked(view, last):
            self.through = number
            self._turn += 1
            key = (report.trade_date, report.exec_id)
            if report.exec_type in FILLS and key not in self._told_before:
                self._waiting[key] = Waiting(self._turn, number, now)

    def _booked(self, view: UnitOfWork, last: int | None) -> Iterator[tuple[int, ExecutionReport]]:
        while batch := view.orders.executions_after(self._venue, self.through, _BATCH):
            for number, report in batch:
                if last is not None and number > last:
                    return
                yield number, report


def keys(reports: Iterable[ExecutionReport]) -> frozenset[Key]:
    """Each execution by what a copy knows it by."""
    return frozenset((one.trade_date, one.exec_id) for one in reports)
