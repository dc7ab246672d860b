"""Abandoned orders: a release that fails midway leaves nothing out unsaid, and can go on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.alarms import Level, level_of
from domain.codec import decode
from domain.orders import Alarm, OrdStatus
from oms.abandoned import KIND, OnFailure
from oms.release import Releaser
from tests.oms_orders.desk import LIMITS, RUN, SetClock, open_books
from tests.oms_orders.test_release import (
    BOOK,
    PLAN,
    SELL,
    SETTINGS,
    Venue,
    fills_everything,
    keeps_silent,
)


class LostDiskError(Exception):
    """Something that a release cannot foresee."""


class Failing(Venue):
    """A venue that takes the sell; then our own side fails while the release waits."""

    def __init__(self, vault, answer) -> None:
        super().__init__(vault, answer)
        self.looks = 0

    def sessions(self) -> tuple:
        self.looks += 1
        if self.looks == 1:
            raise LostDiskError
        return ()


def failed(vault, policy: OnFailure) -> tuple[Releaser, Failing, Alarm | None]:
    open_books(vault, BOOK)
    venue = Failing(vault, keeps_silent)
    settings = replace(SETTINGS, on_failure=policy)
    releaser = Releaser(vault, venue, SetClock(step=timedelta(seconds=0.1)), settings, LIMITS)
    with pytest.raises(LostDiskError):
        releaser.release(RUN, PLAN, BOOK)
    return releaser, venue, releaser.abandon(RUN)


def test_orders_of_a_failed_run_are_kept_and_the_run_goes_on_with_them(vault):
    releaser, venue, alarm = failed(vault, OnFailure.KEEP)

    assert alarm is not None
    assert (alarm.kind, level_of(alarm.kind)) == (KIND, Level.ERROR)
    assert "1 order, R-0001 first, are left at work" in alarm.message
    assert venue.order("R-0001").status is OrdStatus.NEW

    venue.fill("R-0001", int(SELL.quantity), "148")
    venue.answer = fills_everything
    release = releaser.release(RUN, PLAN, BOOK)
    assert venue.sent == ["R-0001", "R-0002", "R-0003"]
    assert release.unfinished == ()


def test_orders_of_a_failed_run_are_taken_back_where_that_is_the_policy(vault):
    releaser, venue, alarm = failed(vault, OnFailure.CANCEL)

    assert alarm is not None
    assert "are being cancelled" in alarm.message
    assert venue.order("R-0001").status is OrdStatus.CANCELED
    with vault.read() as view:
        (kept,) = [e for e in view.audit.about(RUN.hex) if e.kind == "alarm_raised"]
    assert decode(Alarm, kept.body) == alarm

    venue.answer = fills_everything
    releaser.release(RUN, PLAN, BOOK)
    assert venue.sent[:2] == ["R-0001", "R-0001.1"]  # What was sold was not: the buys have less.


def test_a_run_that_failed_with_nothing_out_needs_no_alarm(vault):
    open_books(vault, BOOK)
    releaser = Releaser(vault, Venue(vault, keeps_silent), SetClock(), SETTINGS, LIMITS)

    assert releaser.abandon(RUN) is None
