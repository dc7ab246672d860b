"""When triggers are due: exchange calendars, cron, clock changes, bad settings."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ConfigError
from domain.runs import TriggerKind, Urgency
from scheduler.triggers import CalendarSchedule, Day, TriggerSettings, due_between, from_table


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


NEW_YORK = ZoneInfo("America/New_York")
NYSE = exchange_calendars.get_calendar("XNYS", start="2021-06-01", end="2024-06-30")


def calendar(day: Day, minutes: int = 15) -> TriggerSettings:
    schedule = CalendarSchedule(calendar="XNYS", day=day, minutes_before_close=minutes)
    return TriggerSettings(name="t", kind=TriggerKind.CALENDAR, schedule=schedule)


def cron(expression: str, timezone: str = "America/New_York") -> TriggerSettings:
    table = {"name": "t", "kind": "cron", "cron": expression, "timezone": timezone}
    return from_table(table, where="trimtab.toml:7")


def test_fifteen_minutes_before_the_close_of_the_last_business_day_of_november():
    dues = due_between(calendar(Day.LAST_OF_MONTH), utc(2022, 11, 1), utc(2022, 12, 1))

    assert dues == (utc(2022, 11, 30, 20, 45),)
    assert dues[0].astimezone(NEW_YORK).strftime("%H:%M") == "15:45"


def test_the_close_moves_with_daylight_saving():
    before, after = due_between(
        calendar(Day.EVERY_BUSINESS_DAY), utc(2022, 11, 4, 12), utc(2022, 11, 7, 23)
    )

    assert (before, after) == (utc(2022, 11, 4, 19, 45), utc(2022, 11, 7, 20, 45))


def test_thanksgiving_is_skipped_and_the_day_after_closes_early():
    dues = due_between(
        calendar(Day.EVERY_BUSINESS_DAY), utc(2022, 11, 23, 22), utc(2022, 11, 25, 23)
    )

    assert [due.astimezone(NEW_YORK).strftime("%d %H:%M") for due in dues] == ["25 12:45"]


def test_the_last_business_day_of_the_year_is_not_the_31st_when_that_is_a_saturday():
    dues = due_between(calendar(Day.LAST_OF_QUARTER), utc(2022, 12, 1), utc(2023, 1, 2))

    assert [due.date().isoformat() for due in dues] == ["2022-12-30"]


@settings(deadline=None, max_examples=60)
@given(
    day=st.sampled_from(list(Day)),
    start=st.integers(0, 850 * 24 * 60).map(lambda m: utc(2021, 9, 1) + timedelta(minutes=m)),
    span=st.timedeltas(timedelta(0), timedelta(days=70)),
    minutes=st.integers(0, 300),
)
def test_calendar_dues_are_those_of_the_whole_calendar(day, start, span, minutes):
    """The narrow span that is asked of the calendar loses and invents nothing."""
    closes = NYSE.closes
    if day is not Day.EVERY_BUSINESS_DAY:
        edge, period = day.value.split("_business_day_of_")
        letter = {"week": "W", "month": "M", "quarter": "Q"}[period]
        groups = closes.groupby(closes.index.to_period(letter))
        closes = groups.first() if edge == "first" else groups.last()
    every = (close.to_pydatetime() - timedelta(minutes=minutes) for close in closes)

    dues = due_between(calendar(day, minutes), start, start + span)

    assert dues == tuple(due for due in every if start < due <= start + span)


@settings(deadline=None, max_examples=60)
@given(
    cuts=st.lists(st.integers(0, 60 * 24 * 20), min_size=0, max_size=6),
    trigger=st.sampled_from(
        [calendar(Day.EVERY_BUSINESS_DAY), calendar(Day.LAST_OF_MONTH), cron("30 1,2 * * *")]
    ),
)
def test_asking_in_pieces_finds_the_same_instants_once(cuts, trigger):
    """However the ticks fall, no instant is lost or doubled, over both clock changes."""
    start = utc(2022, 10, 28)
    edges = [start, *sorted(start + timedelta(minutes=cut) for cut in cuts)]
    edges.append(start + timedelta(days=20))

    pieces = [due for after, until in pairwise(edges) for due in due_between(trigger, after, until)]

    assert tuple(pieces) == due_between(trigger, start, edges[-1])


def test_half_past_two_does_not_exist_when_clocks_go_forward():
    dues = due_between(cron("30 2 * * *"), utc(2023, 3, 11), utc(2023, 3, 14))

    local = [due.astimezone(NEW_YORK).strftime("%d %H:%M") for due in dues]
    assert "12 02:30" not in local
    assert "11 02:30" in local
    assert "13 02:30" in local


def test_a_cron_time_keeps_its_wall_clock_over_the_change():
    dues = due_between(cron("0 9 * * mon-fri"), utc(2022, 11, 4), utc(2022, 11, 8))

    assert dues == (utc(2022, 11, 4, 13), utc(2022, 11, 7, 14))


def test_a_schedule_says_in_words_when_it_is_due():
    month_end = calendar(Day.LAST_OF_MONTH).schedule
    daily = calendar(Day.EVERY_BUSINESS_DAY, 60).schedule

    assert month_end.words == (
        "15 minutes before the close of XNYS, the last business day of the month"
    )
    assert daily.words == "60 minutes before the close of XNYS, every business day"
    assert cron("0 9 * * mon").schedule.words == "cron '0 9 * * mon' in America/New_York"


def test_the_end_is_due_and_the_beginning_is_not():
    due = utc(2022, 11, 30, 20, 45)

    assert due_between(calendar(Day.LAST_OF_MONTH), due - timedelta(seconds=1), due) == (due,)
    assert due_between(calendar(Day.LAST_OF_MONTH), due, due + timedelta(days=1)) == ()


def test_a_clock_that_went_back_makes_nothing_due():
    now = utc(2022, 12, 5)

    assert due_between(calendar(Day.EVERY_BUSINESS_DAY), now, now - timedelta(days=3)) == ()


def test_a_manual_trigger_is_never_due_by_itself():
    manual = from_table({"name": "by-hand", "kind": "manual"}, where="trimtab.toml:3")

    assert due_between(manual, utc(2022, 1, 1), utc(2023, 1, 1)) == ()


GOOD = {
    "name": "month-end",
    "kind": "calendar",
    "calendar": "XNYS",
    "day": "last_business_day_of_month",
    "minutes_before_close": 15,
}
GOOD_CRON = {"name": "n", "kind": "cron", "cron": "0 9 * * mon-fri", "timezone": "Europe/London"}


def test_a_table_becomes_a_trigger():
    trigger = from_table({**GOOD, "catch_up_hours": 72}, where="trimtab.toml:85")

    assert trigger.kind is TriggerKind.CALENDAR
    assert trigger.schedule == calendar(Day.LAST_OF_MONTH).schedule
    assert trigger.catch_up == timedelta(days=3)


def test_a_drift_trigger_looks_at_calendar_or_cron_times():
    by_calendar = from_table({**GOOD, "kind": "drift"}, where="f:1")
    by_cron = from_table({**GOOD_CRON, "kind": "drift"}, where="f:1")

    assert by_calendar.schedule == from_table(GOOD, where="f:1").schedule
    assert by_cron.schedule == from_table(GOOD_CRON, where="f:1").schedule


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({**GOOD, "kind": "calender"}, ["kind", "'calender'", "did you mean 'calendar'?"]),
        ({**GOOD, "calendar": "XNYC"}, ["calendar", "XNYC", "did you mean"]),
        ({**GOOD, "day": "last_business_day"}, ["day", "did you mean"]),
        ({**GOOD, "minutes_before_close": "15"}, ["minutes_before_close", "whole number"]),
        ({**GOOD, "minutes_before_close": -1}, ["minutes_before_close", "from 0"]),
        ({**GOOD, "minutes_before_close": True}, ["minutes_before_close", "whole number"]),
        ({**GOOD, "minuts": 3}, ["minuts", "not known"]),
        ({**GOOD, "timezone": "UTC"}, ["timezone", "not known"]),
        ({key: GOOD[key] for key in GOOD if key != "name"}, ["name", "is missing"]),
        ({**GOOD, "catch_up_hours": 0}, ["catch_up_hours", "from 1"]),
        ({**GOOD_CRON, "cron": "0 9 * *"}, ["cron", "five fields"]),
        ({**GOOD_CRON, "cron": "99 9 * * mon"}, ["cron", "cannot be read"]),
        ({**GOOD_CRON, "cron": "0 9 * * 1-5"}, ["cron", "mon-fri"]),
        ({**GOOD_CRON, "timezone": "Europe/Londn"}, ["timezone", "America/New_York"]),
        ({**GOOD_CRON, "kind": "drift", "day": "every_business_day"}, ["day", "not known"]),
    ],
)
def test_bad_settings_name_place_key_and_remedy(table, words):
    with pytest.raises(ConfigError) as error:
        from_table(table, where="trimtab.toml:85")

    message = str(error.value)
    assert message.startswith("trimtab.toml:85: trigger")
    assert all(word in message for word in words), message


def test_a_trigger_may_be_in_a_hurry():
    table = {"name": "t", "kind": "manual"}

    assert from_table(table, where="trimtab.toml:7").urgency is Urgency.NORMAL
    assert from_table({**table, "urgency": "high"}, where="x:1").urgency is Urgency.HIGH
    with pytest.raises(ConfigError, match=r"urgency: 'hihg' is not known; did you mean 'high'\?"):
        from_table({**table, "urgency": "hihg"}, where="x:1")
