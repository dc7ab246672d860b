"""Now, twice: what timestamps say, and what time-outs count."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple


class Instant(NamedTuple):
    """A clock that is set moves `wall`; `seconds` only ever grows, evenly."""

    wall: datetime  # UTC.
    seconds: float  # Monotonic.


@lru_cache(maxsize=16)
def stamped(wall: datetime) -> str:
    """UTCTimestamp with milliseconds, as SendingTime (52) has it."""
    return f"{wall:%Y%m%d-%H:%M:%S}.{wall.microsecond // 1000:03d}"


def read_stamp(text: str) -> datetime | None:
    """A UTCTimestamp, to the second; None for what is none (30 February)."""
    try:
        moment = datetime(
            int(text[0:4]), int(text[4:6]), int(text[6:8]),
            int(text[9:11]), int(text[12:14]), min(int(text[15:17]), 59), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
    return moment
