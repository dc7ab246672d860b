"""Days: business days, period ends and the clocks that rules start.

Federal holidays are those of 5 USC 6103, on the weekday on which they are observed;
a firm adds its own by facts. Quarters and months are the calendar's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

ONE_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6


class DayCount(StrEnum):
    """Which days a clock counts."""

    CALENDAR = "calendar_days"
    BUSINESS = "business_days"
    NO_SUNDAYS = "days_without_sundays_and_holidays"  # ICA 18(f)(1).
    MONTHS = "months"


class ClockStart(StrEnum):
    """From which day a clock counts; that day itself is day 0."""

    BREACH = "breach"
    MONTH_END = "month_end"  # The end of the month of the breach.
    QUARTER_END = "quarter_end"
    YEAR_END = "year_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class CureClock:
    """How long a case may stay open, or a filing take."""

    count: int
    days: DayCount
    start: ClockStart = ClockStart.BREACH

    def __post_init__(self) -> None:
        if not 0 <= self.count <= 3660:
            raise ValueError(f"count is {self.count} and must be from 0 to 3660")

    def due(self, found: date, holidays: Collection[date] = ()) -> date:
        """The last day, for what was found on `found`."""
        start = {
            ClockStart.BREACH: found,
            ClockStart.MONTH_END: month_end(found),
            ClockStart.QUARTER_END: quarter_end(found),
            ClockStart.YEAR_END: date(found.year, 12, 31),
        }[self.start]
        if self.days is DayCount.CALENDAR:
            return start + timedelta(days=self.count)
        if self.days is DayCount.MONTHS:
            return months_after(start, self.count)
        return _counted(start, self.count, self.days, holidays)

    def __str__(self) -> str:
        after = "" if self.start is ClockStart.BREACH else f" after {self.start}"
        return f"{self.count} {self.days}{after}".replace("_", " ")


def is_business_day(day: date, holidays: Collection[date] = ()) -> bool:
    """A weekday that is no holiday."""
    return day.weekday() < SATURDAY and not _is_holiday(day, holidays)


def business_days_before(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """The business day that lies `count` business days before."""
    while count:
        day -= ONE_DAY
        count -= is_business_day(day, holidays)
    return day


def month_end(day: date) -> date:
    """The last calendar day of the month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - ONE_DAY


def quarter_end(day: date) -> date:
    """The last calendar day of the quarter."""
    return month_end(day.replace(day=1, month=(day.month + 2) // 3 * 3))


def last_business_day(end: date, holidays: Collection[date] = ()) -> date:
    """The last business day up to a period's end."""
    while not is_business_day(end, holidays):
        end -= ONE_DAY
    return end


def months_after(day: date, count: int) -> date:
    """The same day so many months on; the last of the month where there is no such day."""
    years, month = divmod(day.month - 1 + count, 12)
    first = date(day.year + years, month + 1, 1)
    return min(first + timedelta(days=day.day - 1), month_end(first))


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """Federal holidays as observed: Saturday's on Friday, Sunday's on Monday."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))
    observed = {_observed(day) for day in fixed} | {_observed(date(year + 1, 1, 1))}
    floating = {
        _nth_monday(year, 1, 3),
        _nth_monday(year, 2, 3),
        _nth_monday(year, 9, 1),
        _nth_monday(year, 10, 2),
        _nth_monday(year, 6, 1) - timedelta(days=7),  # The last of May.
        date(year, 11, 1) + timedelta(days=(3 - date(year, 11, 1).weekday()) % 7 + 21),
    }
    return frozenset(observed | floating)


def _is_holiday(day: date, holidays: Collection[date]) -> bool:
    return day in holidays or day in federal_holidays(day.year)


def _counted(start: date, count: int, days: DayCount, holidays: Collection[date]) -> date:
    day = start
    while count:
        day += ONE_DAY
        if days is DayCount.BUSINESS:
            count -= is_business_day(day, holidays)
        else:
            count -= day.weekday() != SUNDAY and not _is_holiday(day, holidays)
    return day


def _observed(day: date) -> date:
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _nth_monday(year: int, month: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=-first.weekday() % 7 + 7 * (number - 1))
