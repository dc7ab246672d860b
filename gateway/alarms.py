"""Alarms as log events, after the transaction that raised them has committed."""

from collections.abc import Iterable

from structlog.typing import FilteringBoundLogger

from domain.orders import Alarm


def tell(log: FilteringBoundLogger, alarms: Iterable[Alarm]) -> None:
    """One warning for each."""
    for alarm in alarms:
        log.warning("alarm_raised", kind=alarm.kind, order=alarm.cl_ord_id, detail=alarm.message)
