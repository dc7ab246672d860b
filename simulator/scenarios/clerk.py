"""Numbers and dates of a venue that plays scenarios."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from simulator.scenarios.cast import Now


@dataclass(slots=True)
class Clerk:
    """Gives every message its ExecID, TradeDate and TransactTime."""

    venue: str
    time_zone: ZoneInfo
    market: Decimal  # The price of an execution where script and order name none.
    executions: int = 0

    def now(self, at: datetime, began: datetime, day: int) -> Now:
        """What the next message carries, on a play's n-th trading day."""
        self.executions += 1
        today = at.astimezone(self.time_zone).date()
        nominal = _weekdays_after(began.astimezone(self.time_zone).date(), day - 1)
        trade_date = f"{max(today, nominal):%Y%m%d}"
        return Now(
            exec_id=f"{self.venue}-{trade_date}-S{self.executions:06d}",
            trade_date=trade_date,
            transact_time=f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1000:03d}",
            market=self.market,
        )


def _weekdays_after(day: date, count: int) -> date:
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
