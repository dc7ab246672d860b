"""Market days: which days an exchange is open on, by its own calendar.

A calendar is built for one year at a time: for all that it covers it takes seconds.
"""

from datetime import date
from difflib import get_close_matches
from functools import lru_cache

from domain.errors import ConfigError


class MarketDays:
    """Asked of a day, says whether the exchange trades on it."""

    def __init__(self, calendar: str, where: str) -> None:
        """`calendar` is a market identifier code, "XNYS". Raises `ConfigError`."""
        import exchange_calendars  # noqa: PLC0415 - takes half a second and 100 MB

        known = exchange_calendars.get_calendar_names()
        if calendar not in known:
            near = get_close_matches(calendar, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "use a market's code, such as XNYS"
            raise ConfigError(f"{where}: calendar {calendar!r} is not known; {hint}")
        self.calendar = calendar

    def __call__(self, day: date) -> bool:
        """Whether `day` is a session of it, be it a short one."""
        return day in _sessions(self.calendar, day.year)


@lru_cache(maxsize=64)
def _sessions(calendar: str, year: int) -> frozenset[date]:
    import exchange_calendars  # noqa: PLC0415 - takes half a second and 100 MB

    first, last = date(year, 1, 1), date(year, 12, 31)
    found = exchange_calendars.get_calendar(calendar, start=first, end=last).sessions
    return frozenset(moment.date() for moment in found)
