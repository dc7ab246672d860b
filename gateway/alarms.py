"""Alarms as log events, after the transaction that raised them has committed."""

from collections.abc import Iterable

from structlog.typing import FilteringBoundLogger

from domain.alarms import level_of
from domain.orders import Alarm


def tell(log: FilteringBoundLogger, alarms: Iterable[Alarm]) -> None:
    """One line for each, at its level."""
    for alarm in alarms:
        say = getattr(log, level_of(alarm.kind))
        say("alarm_raised", kind=alarm.kind, order=alarm.cl_ord_id, detail=alarm.message)
