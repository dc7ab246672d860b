"""Times: what of an order by hand would be over before it could begin.

The gateway looks once more when the order is about to leave: it may have waited for a person or
for its session.
"""

from collections.abc import Iterator
from datetime import date, datetime

from oms.by_hand.order import HandOrder
from oms.route_terms import TradingDay


def over_already(order: HandOrder, today: date, day: TradingDay, at: datetime) -> Iterator[str]:
    """Each end of the order that has passed: the instant that it was, and what to say instead.

    `today` is the trade date, `at` is now.
    """
    close = day.at(today, day.close)
    hours = f"{day.close:%H:%M} {day.zone}, {_instant(close)}"
    is_closed = close <= at
    later = f"the day ended at {hours}" if is_closed else f"the day ends at {hours}"
    if order.expires is not None and order.until is not None and order.expires >= today:
        end = day.at(order.expires, order.until)
        if end <= at:
            said = f"--until {order.expires}T{order.until:%H:%M}"
            yield f"{_passed(said, end, at)}; {later}: say a later {'day' if is_closed else 'time'}"
    if order.algo is not None and order.algo.end is not None:
        end = day.at(today, order.algo.end)
        if end <= at:
            said = f"--end {order.algo.end:%H:%M}"
            remedy = "order it on the next day" if is_closed else "say a later time"
            yield f"{_passed(said, end, at)}; {later}: {remedy}"


def _passed(said: str, end: datetime, at: datetime) -> str:
    return f"{said} is over: that was {_instant(end)}, and it is {_instant(at)}"


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
