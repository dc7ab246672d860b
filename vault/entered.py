"""What was entered lately, as the one writer knows it: for limits on a minute and on a day.

It is changed in place while a transaction runs, and simply forgotten when that is taken back or
fails: the next question reads it again.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from domain.entries import DayUse, EntryPart

T = TypeVar("T")
_MANY = 1_000


class Timeline(Generic[T]):
    """Items by the time they were entered, all since some instant; oldest first."""

    def __init__(self) -> None:
        self._since: datetime | None = None  # None: nothing is known.
        self._times: list[datetime] = []  # Never falling, also when a clock was set back.
        self._items: list[T] = []

    def clear(self) -> None:
        """Know nothing."""
        self._since = None
        self._times.clear()
        self._items.clear()

    def know(self, at: datetime, load: Callable[[], Iterable[tuple[datetime, T]]]) -> None:
        """Read what was entered since `at`, unless it is known."""
        if self._since is not None and self._since <= at:
            self._forget_before(at)
            return
        self.clear()
        for time, item in load():
            self._append(time, item)
        self._since = at

    def add(self, at: datetime, item: T) -> None:
        """One more, if it is known what was before it."""
        if self._since is not None:
            self._append(at, item)

    def after(self, at: datetime) -> Sequence[T]:
        """Those from `at` on."""
        return self._items[bisect_left(self._times, at) :]

    def count(self, at: datetime) -> int:
        """How many there are from `at` on."""
        return len(self._items) - bisect_left(self._times, at)

    def _forget_before(self, at: datetime) -> None:
        """Let go what nobody asks for any more, now and then."""
        old = bisect_left(self._times, at)
        if old > _MANY and 2 * old > len(self._times):
            del self._times[:old], self._items[:old]
            self._since = at

    def _append(self, at: datetime, item: T) -> None:
        self._times.append(max(at, self._times[-1]) if self._times else at)
        self._items.append(item)


class DayUses:
    """Dollars entered, by trade date."""

    def __init__(self) -> None:
        self._by_account: dict[date, defaultdict[str, Decimal]] = {}
        self._by_strategy: dict[date, defaultdict[str, Decimal]] = {}

    def clear(self) -> None:
        """Know nothing."""
        self._by_account.clear()
        self._by_strategy.clear()

    def know(self, day: date, load: Callable[[date], DayUse]) -> None:
        """Read a day, unless it is known."""
        if day not in self._by_account:
            found = load(day)
            self.clear()  # One day is asked for at a time.
            self._by_account[day] = defaultdict(Decimal, found.by_account)
            self._by_strategy[day] = defaultdict(Decimal, found.by_strategy)

    def add(self, day: date, parts: Iterable[EntryPart]) -> None:
        """More dollars on a day, if it is known what was before."""
        if day in self._by_account:
            for part in parts:
                self._by_account[day][part.account_id] += part.notional
                self._by_strategy[day][part.strategy] += part.notional

    def of(self, day: date) -> DayUse:
        """A known day."""
        return DayUse(
            by_account=dict(self._by_account[day]), by_strategy=dict(self._by_strategy[day])
        )
