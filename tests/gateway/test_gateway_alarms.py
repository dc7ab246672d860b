"""Alarms reach the log at the level that says whether a person must act."""

import structlog

from domain.orders import Alarm
from gateway.alarms import tell


def test_each_alarm_is_told_at_its_level():
    kinds = ("over_filled", "order_in_doubt", "restated")
    alarms = [Alarm(kind=kind, cl_ord_id="C1", message="look") for kind in kinds]

    with structlog.testing.capture_logs() as told:
        tell(structlog.get_logger(), alarms)

    assert [(line["kind"], line["log_level"]) for line in told] == [
        ("over_filled", "error"),
        ("order_in_doubt", "warning"),
        ("restated", "info"),
    ]
    assert {(line["event"], line["order"], line["detail"]) for line in told} == {
        ("alarm_raised", "C1", "look")
    }
