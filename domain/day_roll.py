"""The day roll: when a venue's trading day changes, and what ends with it.

From the roll on an order belongs to the next trading day, and Day orders of the day before
are dead, whether the venue has said so or not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from domain.orders import OrderIntent, TimeInForce

_DAY = timedelta(days=1)
_SATURDAY = 5


def is_weekday(day: date) -> bool:
    """Whether it is a trading day, where nobody says which days are holidays."""
    return day.weekday() < _SATURDAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRoll:
    """A local time of day, and which days are traded on."""

    at: time
    zone: tzinfo
    is_open: Callable[[date], bool] = is_weekday  # A market has one such day in any fortnight.

    def day_of(self, moment: datetime) -> date:
        """The trading day that an order entered at `moment` belongs to."""
        local = moment.astimezone(self.zone)
        day = local.date() if local.time() < self.at else local.date() + _DAY
        while not self.is_open(day):
            day += _DAY
        return day

    def is_over(self, intent: OrderIntent, entered_at: datetime, now: datetime) -> bool:
        """Whether the last trading day of an order has passed that was entered then."""
        if intent.time_in_force is TimeInForce.GTC:
            return False
        return (intent.expires or self.day_of(entered_at)) < self.day_of(now)
