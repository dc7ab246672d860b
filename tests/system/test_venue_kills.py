"""The venues' process is killed in the middle of a release and started on the same state."""

import pytest

from tests.system.desk import FREE, THIN, Desk

pytestmark = pytest.mark.integration


def test_sessions_come_back_and_the_run_ends_without_a_difference(book, tmp_path):
    with Desk(book, tmp_path / "desk", edits=FREE, level_share=THIN) as desk:
        desk.open_venues()
        desk.serve()
        run = desk.rebalance()
        desk.until_filling()
        desk.kill(desk.venues.process)
        desk.until(lambda: not any(s.logged_on for s in desk.api.sessions()), "logged out")

        desk.open_venues()

        desk.end_well(run)
