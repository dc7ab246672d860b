"""The service is killed, or told to stop, in the middle of a release.

It is started again, goes on by itself, and the day ends as if nothing had been.
"""

import pytest

from domain.runs import RunStatus
from tests.system.desk import FREE, OFFICER, THIN, THINNER, Desk

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("moment", ["until_sent", "until_filling"])
def test_a_release_that_was_killed_goes_on_and_nothing_happens_twice(book, tmp_path, moment):
    with Desk(book, tmp_path / "desk", edits=FREE, level_share=THIN) as desk:
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        getattr(desk, moment)()
        desk.kill(desk.service)

        desk.serve()

        desk.end_well(run)


def test_killed_again_and_again_the_run_still_ends(book, tmp_path):
    """Four lives: each dies a little later than the one before."""
    with Desk(book, tmp_path / "desk", edits=FREE, level_share=THIN) as desk:
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        desk.until_sent()
        for life in range(3):
            desk.kill(desk.service)
            desk.serve()
            desk.sleep(0.3 * life)

        desk.end_well(run)


def test_an_approval_survives_kills_before_and_after_it(book, tmp_path):
    """The request waits over the first kill; the answer was all that the second life did."""
    with Desk(book, tmp_path / "desk", edits={"max_orders": "max_orders = 1"}) as desk:
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        asked = desk.until_run(run, RunStatus.AWAITING_APPROVAL).approval
        desk.kill(desk.service)
        desk.serve()
        assert desk.api.approvals() == (asked,)
        assert desk.api.run(run).run.status is RunStatus.AWAITING_APPROVAL

        desk.api.approve(run, OFFICER, "looked at it", [])
        desk.kill(desk.service)
        desk.serve()

        (stored,) = desk.end_well(run)
        assert stored.approval.decided_by == OFFICER
        assert stored.approval.content_hash == asked.content_hash == stored.basket.content_hash


def test_told_to_stop_the_service_ends_in_order_and_the_run_goes_on_later(book, tmp_path):
    with Desk(book, tmp_path / "desk", edits=FREE, level_share=THINNER) as desk:
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        desk.until_filling()
        desk.terminate()
        desk.require_no_survivors_of(desk.service)
        assert desk.stored(run).run.status is RunStatus.RUNNING

        desk.serve()

        desk.end_well(run)


def test_a_halt_holds_over_a_kill_of_the_next_moment(book, tmp_path):
    """Whatever the kill cut off, the waiting order is taken back and nothing new goes there."""
    with Desk(book, tmp_path / "desk", edits=FREE) as desk:
        desk.quote("XSIM", "WMT", "100.00")
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        desk.until(lambda: desk.orders_in("WMT", "new"), "at work")

        desk.api.halt("venue", "XSIM", OFFICER, "odd prices")
        sent = desk.sent_to("XSIM", run)
        desk.kill(desk.service)
        desk.serve()

        desk.until_run(run, RunStatus.DONE)
        assert [kill.name for kill in desk.api.kills()] == ["XSIM"]
        desk.end_well(run, breaks=("not_fully_executed", "order_not_released"))
        assert desk.sent_to("XSIM", run) == sent
