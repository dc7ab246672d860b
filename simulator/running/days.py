"""The ends of days: when a venue's trade date is over, its end-of-day file is written."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from simulator.running.config import Config
from simulator.running.executions import Executions
from simulator.running.venue_config import VenueConfig

_AFTER_CLOSE = timedelta(seconds=1)  # What happens at the close itself belongs to the day.


class Days:
    """Looks at the clock of each venue."""

    def __init__(self, config: Config, executions: Mapping[str, Executions]) -> None:
        self._venues = config.venues
        self._executions = executions
        self._ends: dict[str, tuple[datetime, str]] = {}

    def next_due(self) -> datetime | None:
        """When the next day ends."""
        return min((end for end, _ in self._ends.values()), default=None)

    def look(self, now: datetime) -> bool:
        """Write what is due; whether a day has ended."""
        has_ended = False
        for venue in self._venues:
            end, day = self._ends.get(venue.name, (None, ""))
            if end is not None and now >= end:
                self._executions[venue.name].write_end_of_day(day)
                has_ended = True
            if end is None or now >= end:
                self._ends[venue.name] = _next_end(venue, now)
        return has_ended


def _next_end(venue: VenueConfig, now: datetime) -> tuple[datetime, str]:
    """The next close or midnight of a venue, and the trade date that it ends."""
    zone = venue.rules.time_zone
    day = now.astimezone(zone).date()
    close = venue.rules.close_time
    if close is not None:
        end = datetime.combine(day, close, zone) + _AFTER_CLOSE
        if end > now:
            return end.astimezone(UTC), f"{day:%Y%m%d}"
    end = datetime.combine(day + timedelta(days=1), time(0), zone)
    return end.astimezone(UTC), f"{day:%Y%m%d}"
