"""The trading calendar: which phase a venue is in, and when the next one begins.

Without times of day there is one phase, continuous, and no boundary. A day whose date is no
trading day is closed as a whole.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from simulator.exchange.rules import Rules

_DAY = timedelta(days=1)
_FARTHEST = 3660  # Days without any trading day, after which we stop looking.


class Phase(Enum):
    """What the venue does with orders now."""

    CLOSED = "closed"
    OPENING_CALL = "opening_call"
    CONTINUOUS = "continuous"
    CLOSING_CALL = "closing_call"


class Calendar:
    """Boundaries of phases as instants."""

    def __init__(self, rules: Rules) -> None:
        self._zone = rules.time_zone
        self._days = frozenset(rules.trading_days)
        self._holidays = rules.holidays
        times = (
            (rules.call_time, Phase.OPENING_CALL),
            (rules.open_time, Phase.CONTINUOUS),
            (rules.closing_call_time, Phase.CLOSING_CALL),
            (rules.close_time, Phase.CLOSED),
        )
        found = [(at, phase) for at, phase in times if at is not None]
        if found and found[0][1] not in (Phase.OPENING_CALL, Phase.CONTINUOUS):
            found.insert(0, (time(0), Phase.CONTINUOUS))
        self._times = tuple(found)

    def trade_date(self, now: datetime) -> date:
        """The venue's own calendar day."""
        return now.astimezone(self._zone).date()

    def midnight(self, day: date) -> datetime:
        """When a date begins at the venue."""
        return self._instant(day, time(0))

    def phase(self, now: datetime) -> Phase:
        """What the clock alone says."""
        local = now.astimezone(self._zone)
        if not self._trades(local.date()):
            return Phase.CLOSED
        if not self._times:
            return Phase.CONTINUOUS
        present = Phase.CLOSED
        for at, phase in self._times:
            if local.time() >= at:
                present = phase
        return present

    def next(self, now: datetime) -> tuple[datetime, Phase] | None:
        """The first boundary after `now`; None where there is none."""
        if not self._times and len(self._days) == len(range(7)) and not self._holidays:
            return None
        day = self.trade_date(now)
        for _ in range(_FARTHEST):
            for at, phase in self._boundaries(day):
                instant = self._instant(day, at)
                if instant > now:
                    return instant, phase
            day += _DAY
        return None

    def next_opening(self, now: datetime) -> tuple[datetime, Phase]:
        """When a venue that was closed by hand opens again: on its next trading day."""
        day = self.trade_date(now) + _DAY
        for _ in range(_FARTHEST):
            if self._trades(day):
                at, phase = self._times[0] if self._times else (time(0), Phase.CONTINUOUS)
                return self._instant(day, at), phase
            day += _DAY
        raise ValueError("the calendar has no trading day within ten years")

    def last_close(self, day: date) -> datetime:
        """When a good-till order with this ExpireDate ends: the close, or the day's end."""
        closes = [at for at, phase in self._times if phase is Phase.CLOSED]
        if closes:
            return self._instant(day, closes[0])
        return self.midnight(day + _DAY)

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self._zone).astimezone(UTC)

    def _trades(self, day: date) -> bool:
        return day.weekday() in self._days and day not in self._holidays

    def _boundaries(self, day: date) -> tuple[tuple[time, Phase], ...]:
        if not self._trades(day):
            return ((time(0), Phase.CLOSED),)
        return self._times or ((time(0), Phase.CONTINUOUS),)
