"""Triggers: when the loop is due to run.

A trigger is a definition; `due_between` is a pure question to it. What has fired is
not kept here but in the store, unique by (trigger, due). Times that do not exist
(02:30 on the night that clocks go forward) are never due; half days and holidays
are the exchange's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from domain.errors import ConfigError
from domain.runs import TriggerKind, Urgency

MOST_DUES = 10_000  # A question over a span that holds more than this is a mistake.
INSTANT = timedelta(microseconds=1)


class Day(StrEnum):
    """On which of an exchange's business days a calendar schedule is due."""

    EVERY_BUSINESS_DAY = "every_business_day"
    FIRST_OF_WEEK = "first_business_day_of_week"
    LAST_OF_WEEK = "last_business_day_of_week"
    FIRST_OF_MONTH = "first_business_day_of_month"
    LAST_OF_MONTH = "last_business_day_of_month"
    FIRST_OF_QUARTER = "first_business_day_of_quarter"
    LAST_OF_QUARTER = "last_business_day_of_quarter"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSchedule:
    """So many minutes before an exchange closes, on some of its business days."""

    calendar: str  # Market identifier code, "XNYS".
    day: Day
    minutes_before_close: int

    @property
    def words(self) -> str:
        """When it is due, for people."""
        day = self.day.value.replace("_", " ").replace(" of ", " of the ")
        which = day if self.day is Day.EVERY_BUSINESS_DAY else f"the {day}"
        return f"{self.minutes_before_close} minutes before the close of {self.calendar}, {which}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CronSchedule:
    """A five-field cron expression in a time zone; weekdays by name."""

    expression: str
    timezone: str

    @property
    def words(self) -> str:
        """When it is due, for people."""
        return f"cron {self.expression!r} in {self.timezone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSettings:
    """One trigger. A drift trigger looks at its schedule's times; a manual one has none."""

    name: str
    kind: TriggerKind
    schedule: CalendarSchedule | CronSchedule | None
    catch_up: timedelta = timedelta(hours=24)  # What was missed longer ago stays missed.
    urgency: Urgency = Urgency.NORMAL  # Of its runs; routing rules may ask for it.


def due_between(trigger: TriggerSettings, after: datetime, until: datetime) -> tuple[datetime, ...]:
    """The instants at which it was due in (after, until], in UTC, oldest first."""
    assert after.tzinfo is not None
    assert until.tzinfo is not None
    if until <= after or trigger.schedule is None:
        return ()
    if isinstance(trigger.schedule, CronSchedule):
        return _cron_dues(trigger.schedule, after, until)
    lead = timedelta(minutes=trigger.schedule.minutes_before_close)
    around = timedelta(days=1)  # A close may fall on another UTC day than its session.
    first, last = (after - around).date(), (until + lead + around).date()
    days = _chosen_days(trigger.schedule, first, last)
    dues = (close - lead for close in days)
    return tuple(due for due in dues if after < due <= until)


def _cron_dues(schedule: CronSchedule, after: datetime, until: datetime) -> tuple[datetime, ...]:
    trigger = _cron(schedule.expression, schedule.timezone)
    zone = ZoneInfo(schedule.timezone)
    dues: list[datetime] = []
    upcoming = trigger(after.astimezone(zone) + INSTANT)
    while upcoming is not None and upcoming <= until:
        dues.append(upcoming.astimezone(UTC))
        assert len(dues) <= MOST_DUES, f"{schedule.expression} is due too often to ask this far"
        upcoming = trigger((upcoming.astimezone(UTC) + INSTANT).astimezone(zone))
    return tuple(dues)


@lru_cache(maxsize=32)
def _cron(expression: str, timezone: str) -> Callable[[datetime], datetime | None]:
    """Next instant at or after a given one; raises `ValueError` for a bad expression."""
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - reading config needs none

    trigger = CronTrigger.from_crontab(expression, timezone=ZoneInfo(timezone))

    def following(instant: datetime) -> datetime | None:
        found: datetime | None = trigger.get_next_fire_time(None, instant)
        return found

    return following


def _chosen_days(schedule: CalendarSchedule, first: date, last: date) -> list[datetime]:
    """Closes of the business days that the schedule means, over whole quarters."""
    sessions = _sessions(schedule.calendar, _quarter_start(first), _quarter_end(last))
    if schedule.day is Day.EVERY_BUSINESS_DAY:
        return [close for _, close in sessions]
    edge, _, period = schedule.day.value.partition("_business_day_of_")
    groups = groupby(sessions, key=lambda session: _period(period, session[0]))
    pick = 0 if edge == "first" else -1
    return [list(group)[pick][1] for _, group in groups]


def _period(name: str, day: date) -> tuple[int, int]:
    if name == "week":
        year, week, _ = day.isocalendar()
        return year, week
    if name == "month":
        return day.year, day.month
    return day.year, (day.month - 1) // 3


def _quarter_start(day: date) -> date:
    """The Monday on or before the first day of the quarter: whole weeks, whole quarters."""
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return first - timedelta(days=first.weekday())


def _quarter_end(day: date) -> date:
    """The Sunday on or after the last day of the quarter."""
    year, month = (day.year, (day.month - 1) // 3 * 3 + 4)
    last = (date(year + 1, 1, 1) if month > 12 else date(year, month, 1)) - timedelta(days=1)
    return last + timedelta(days=6 - last.weekday())


@lru_cache(maxsize=16)
def _sessions(calendar: str, first: date, last: date) -> tuple[tuple[date, datetime], ...]:
    """Business days of an exchange with the instant of their close.

    Only the span that is asked for is built: the whole calendar takes seconds,
    and by itself it ends a year from today.
    """
    import exchange_calendars  # noqa: PLC0415 - takes half a second and 100 MB

    closes = exchange_calendars.get_calendar(calendar, start=first, end=last).closes
    return tuple((day.date(), close.to_pydatetime()) for day, close in closes.items())


_COMMON = {"name", "kind", "catch_up_hours", "urgency"}
_FIELDS = {
    TriggerKind.CALENDAR: {"calendar", "day", "minutes_before_close"},
    TriggerKind.CRON: {"cron", "timezone"},
    TriggerKind.DRIFT: {"calendar", "day", "minutes_before_close", "cron", "timezone"},
    TriggerKind.MANUAL: set[str](),
}


def from_table(table: Mapping[str, object], *, where: str) -> TriggerSettings:
    """A trigger from its `[[trigger]]` table; `where` is "file:line" for the error.

    Raises `ConfigError` for an unknown or missing key, a wrong type, an unknown
    kind, day, calendar or time zone, and a cron expression that cannot be read.
    """
    reader = _Reader(table, where)
    name = reader.text("name")
    kind = TriggerKind(reader.choice("kind", [kind.value for kind in TriggerKind]))
    reader.refuse_unknown(_COMMON | _FIELDS[kind])
    schedule: CalendarSchedule | CronSchedule | None = None
    if kind is TriggerKind.CRON or (kind is TriggerKind.DRIFT and "cron" in table):
        reader.refuse_unknown(_COMMON | _FIELDS[TriggerKind.CRON])
        schedule = _cron_schedule(reader)
    elif kind is not TriggerKind.MANUAL:
        schedule = _calendar_schedule(reader)
    hours = reader.whole("catch_up_hours", 1, 24 * 31) if "catch_up_hours" in table else 24
    urgency = Urgency.NORMAL
    if "urgency" in table:
        urgency = Urgency(reader.choice("urgency", [word.value for word in Urgency]))
    return TriggerSettings(
        name=name,
        kind=kind,
        schedule=schedule,
        catch_up=timedelta(hours=hours),
        urgency=urgency,
    )


def _calendar_schedule(reader: "_Reader") -> CalendarSchedule:
    import exchange_calendars  # noqa: PLC0415 - takes half a second and 100 MB

    names = exchange_calendars.get_calendar_names()
    return CalendarSchedule(
        calendar=reader.choice("calendar", names),
        day=Day(reader.choice("day", [day.value for day in Day])),
        minutes_before_close=reader.whole("minutes_before_close", 0, 24 * 60),
    )


def _cron_schedule(reader: "_Reader") -> CronSchedule:
    expression, timezone = reader.text("cron"), reader.text("timezone")
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        reader.refuse("timezone", f"{timezone!r} is no time zone", "use one like America/New_York")
    fields = expression.split()
    if len(fields) == 5 and any(character.isdigit() for character in fields[4]):
        reader.refuse(
            "cron",
            "weekday numbers mean different days to different programs",
            "use names: mon-fri",
        )
    try:
        _cron(expression, timezone)
    except ValueError as error:
        reader.refuse(
            "cron",
            f"{expression!r} cannot be read ({error})",
            "write five fields: minute hour day month weekday",
        )
    return CronSchedule(expression=expression, timezone=timezone)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Values of one table, each checked, each error with its place and remedy."""

    table: Mapping[str, object]
    where: str

    def refuse(self, key: str, what: str, remedy: str) -> None:
        name = self.table.get("name")
        of = f" of {name!r}" if isinstance(name, str) and key != "name" else ""
        raise ConfigError(f"{self.where}: trigger{of}, {key}: {what}; {remedy}")

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if not isinstance(value, str) or not value.strip():
            found = "is missing" if value is None else f"{value!r} is not text"
            self.refuse(key, found, f'write {key} = "..."')
        return str(value)

    def choice(self, key: str, known: list[str]) -> str:
        value = self.text(key)
        if value not in known:
            near = get_close_matches(value, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known[:8])}"
            self.refuse(key, f"{value!r} is not known", hint)
        return value

    def whole(self, key: str, low: int, high: int) -> int:
        value = self.table.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            found = "is missing" if value is None else f"{value!r} is not possible"
            self.refuse(key, found, f"write a whole number from {low} to {high}")
        assert isinstance(value, int)
        return value

    def refuse_unknown(self, known: set[str]) -> None:
        for key in self.table:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = (
                    f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
                )
                self.refuse(key, "this key is not known here", hint)
