"""The instant of a call, and the texts of it that reports carry; made once, used often."""

from datetime import UTC, date, datetime, timedelta

from simulator.exchange.calendar import Calendar

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


class Moment:
    """Now. Texts are made anew only when the second, or the venue's day, is another."""

    __slots__ = ("_calendar", "_day_end", "_day_start", "_prefix", "_second", "date", "now", "text")

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.now = self._second = self._day_start = self._day_end = _NEVER
        self._prefix = ""
        self.date = "00010101"  # TradeDate (75).
        self.text = ""  # TransactTime (60).

    @property
    def trade_date(self) -> date:
        return date(int(self.date[:4]), int(self.date[4:6]), int(self.date[6:]))

    def set(self, now: datetime) -> None:
        """Move to an instant."""
        if now == self.now:
            return
        self.now = now
        if not self._second <= now < self._second + _SECOND:
            self._second = now.astimezone(UTC).replace(microsecond=0)
            self._prefix = f"{self._second:%Y%m%d-%H:%M:%S}."
            if not self._day_start <= now < self._day_end:
                day = self._calendar.trade_date(now)
                self._day_start = self._calendar.midnight(day)
                self._day_end = self._calendar.midnight(day + _DAY)
                self.date = f"{day:%Y%m%d}"
        self.text = f"{self._prefix}{now.microsecond // 1000:03d}"
