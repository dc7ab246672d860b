"""A message that is missing is waited for, but not for ever: hang up, log on anew, ask again."""

import time

import pytest

from gateway.gaps import Gap
from gateway.settings import load_settings
from tests.fuzz.nonsense import Reports
from tests.fuzz.venue import HostileVenue, HungUpError
from tests.gateway.desk import executions, intent, order_of, place, settings_for
from tests.gateway.venue import PATIENCE_SECONDS, until

HEARTBEAT_SECONDS = 1


def test_a_message_is_waited_for_twice_as_long_each_time():
    gap = Gap(30)
    asked = [gap.still_missing(7, now) for now in (100, 129, 130)]
    gap.disconnected()
    again = [gap.still_missing(7, now) for now in (500, 559, 560)]

    assert (asked, again) == ([None, None, 30], [None, None, 60])


def test_what_comes_in_its_turn_starts_the_wait_anew():
    gap = Gap(30)
    waits = [gap.still_missing(number, now) for number, now in ((7, 0), (8, 29), (8, 58), (8, 59))]

    assert waits == [None, None, None, 30]


def test_a_night_without_a_connection_is_no_wait():
    gap = Gap(30)
    gap.still_missing(7, 0)
    gap.disconnected()

    assert gap.still_missing(7, 50_000) is None


@pytest.fixture
def venue(wired):
    with HostileVenue() as venue:
        settings_for(wired.directory, venue.port)
        path = wired.directory / "fix.cfg"
        text = path.read_text().replace("HeartBtInt=30", f"HeartBtInt={HEARTBEAT_SECONDS}")
        path.write_text(text)
        settings = load_settings(path, {"XSIM": {"session": wired.session}}, {})
        wired.gateway(settings=settings)
        venue.log_on()
        yield venue


def test_a_number_that_is_missing_behind_a_gap_fill_is_asked_for_on_a_new_connection(wired, venue):
    """QuickFIX alone waits for ever here: its question counts as asked, and the venue is alive."""
    order = intent("T1")
    place(wired.vault, order)
    wired.gateways[0].wake()
    while venue.read()[35] != "D":
        pass
    send, venue.send = venue.send, lambda _text: None  # Lost on their way.
    first = venue.say("0", {})
    reports = Reports(1, order)
    for quantity in (100, 200):
        venue.report("8", reports.fill(quantity))
    venue.send = send

    venue.say("0", {})
    while venue.read()[35] != "2":
        pass
    venue._gap_fill(first, first + 1)
    talk_until_hung_up(venue)
    venue.log_on()
    until(lambda: len(executions(wired.vault)) == 2, "the fills")

    assert order_of(wired.vault, "T1").cum_qty == 300
    assert len(wired.alarms("gap_not_filled")) == 1


def talk_until_hung_up(venue):
    """A question of the venue's own keeps the connection alive, whatever its number."""
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < end:
            venue.say("2", {7: 1, 16: 1})
            venue.say("0", {})
            venue.read()
    except HungUpError:
        return
    raise AssertionError("nobody hung up")
