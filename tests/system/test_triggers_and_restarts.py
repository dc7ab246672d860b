"""Due instants around starts and kills: each makes one run, none is missed."""

import pytest

from domain.runs import RunStatus
from tests.system.desk import Desk

pytestmark = pytest.mark.integration


def test_a_trigger_that_is_due_while_the_service_starts_fires_once(book, tmp_path):
    """A second after the process begins it is 15:45 in New York; killed at once, and again."""
    with Desk(book, tmp_path / "desk", start="2022-11-30T20:44:59Z") as desk:
        desk.open_venues()
        desk.serve()
        (run,) = desk.until(lambda: desk.api.runs(10), "fired")
        desk.kill(desk.service)
        desk.serve()

        detail = desk.until_run(run.run_id.hex, RunStatus.AWAITING_APPROVAL)

        assert desk.api.runs(10) == (detail.run,)
        assert (run.trigger, run.due.isoformat()) == ("month-end", "2022-11-30T20:45:00+00:00")
        assert detail.run.account_ids == ()


def test_a_trigger_that_was_due_while_no_service_ran_fires_at_the_next_start(book, tmp_path):
    """Its first instant ever: the service that knew of it is dead by then."""
    with Desk(book, tmp_path / "desk", start="2022-11-30T20:30:00Z") as desk:
        desk.open_venues()
        desk.serve()
        desk.until(lambda: desk.is_watching("month-end"), "watching")
        assert desk.api.runs(10) == ()
        desk.kill(desk.service)

        desk.set_clock("2022-11-30T20:50:00Z")
        desk.serve()

        (run,) = desk.until(lambda: desk.api.runs(10), "fired")
        assert (run.trigger, run.due.isoformat()) == ("month-end", "2022-11-30T20:45:00+00:00")
