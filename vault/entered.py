"""What was entered lately, as the one writer knows it: for limits on a minute and on a day.

It is changed in place while a transaction runs, and simply forgotten when that is taken back or
fails: the next question reads it again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Generic, TypeVar

from domain.entries import DayUse, EntryPart, Recent
from domain.exact import ZERO

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

    def count_after(self, at: datetime) -> int:
        """How many there are after `at`."""
        return len(self._items) - bisect_right(self._times, at)

    def _forget_before(self, at: datetime) -> None:
        """Let go what nobody asks for any more, now and then."""
        old = bisect_left(self._times, at)
        if old > _MANY and 2 * old > len(self._times):
            self._forget(old)
            self._since = at

    def _forget(self, count: int) -> None:
        del self._times[:count], self._items[:count]

    def _append(self, at: datetime, item: T) -> None:
        self._times.append(max(at, self._times[-1]) if self._times else at)
        self._items.append(item)


class RecentOrders(Timeline[Recent]):
    """`domain.entries.Lately`: the newest of each likeness is found without looking at the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, Recent] = {}

    def clear(self) -> None:
        """Know nothing."""
        super().clear()
        self._newest.clear()

    def twin(self, likeness: str, after: datetime) -> str | None:
        """The ClOrdID of the newest of this likeness that was entered after an instant."""
        newest = self._newest.get(likeness)
        return newest.cl_ord_id if newest is not None and newest.at > after else None

    def _append(self, at: datetime, item: Recent) -> None:
        super()._append(at, item)
        known = self._newest.get(item.likeness)
        if known is None or known.at <= item.at:
            self._newest[item.likeness] = item

    def _forget(self, count: int) -> None:
        for item in self._items[:count]:
            if self._newest.get(item.likeness) is item:
                del self._newest[item.likeness]
        super()._forget(count)


class DayUses:
    """Dollars entered on one trade date: the last that was asked for."""

    def __init__(self) -> None:
        self._day: date | None = None  # None: nothing is known.
        self._by_account: dict[str, Decimal] = {}
        self._by_strategy: dict[str, Decimal] = {}
        self._firm = ZERO

    def clear(self) -> None:
        """Know nothing."""
        self._day = None

    def know(self, day: date, load: Callable[[date], DayUse]) -> None:
        """Read a day, unless it is known."""
        if day != self._day:
            found = load(day)
            self._by_account, self._by_strategy = dict(found.by_account), dict(found.by_strategy)
            self._day, self._firm = day, found.firm

    def add(self, day: date, parts: Iterable[EntryPart]) -> None:
        """More dollars on a day, if it is known what was before."""
        if day == self._day:
            for part in parts:
                _add(self._by_account, part.account_id, part.notional)
                _add(self._by_strategy, part.strategy, part.notional)
                self._firm += part.notional

    def of(self, day: date) -> DayUse:
        """A known day."""
        assert day == self._day
        return DayUse(
            by_account=MappingProxyType(self._by_account),
            by_strategy=MappingProxyType(self._by_strategy),
            firm=self._firm,
        )


def _add(dollars: dict[str, Decimal], name: str, more: Decimal) -> None:
    dollars[name] = dollars.get(name, ZERO) + more
