"""The benchmark of the kill switch still does what it says."""

import argparse

import pytest

from benchmarks import kill
from console.log import close_logging

pytestmark = pytest.mark.integration


@pytest.fixture
def _log_closed_after():
    yield
    close_logging()


@pytest.mark.usefixtures("_log_closed_after")
def test_a_kill_is_measured_from_its_commit_to_the_last_cancel(monkeypatch):
    """With the log on file, as its lines go through the processors that time the wire."""
    monkeypatch.setattr(kill, "favour_the_wire", lambda: None)

    found = kill.measure(argparse.Namespace(orders=3, trials=2, throttle=1000))

    assert found["asked_to_commit_p50_ms"] > 0
    assert 0 < found["commit_to_first_cancel_p50_ms"] <= found["commit_to_last_cancel_p50_ms"]
