"""Who is told when a session is down or silent, and that it is told once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from gateway.settings import load_settings
from gateway.staleness import Signs, Staleness
from tests.gateway.desk import settings_for
from tests.gateway.venue import until


@dataclass
class Told:
    """A log that keeps what it is told."""

    lines: list = field(default_factory=list)

    def error(self, event, **fields):
        self.lines.append((event, fields["kind"]))

    info = error


@pytest.fixture
def watched(tmp_path):
    """A session that is down for 30 s before anybody is told; its heartbeat is 30 s."""
    signs = {"now": Signs(is_due=True, is_up=True)}
    log = Told()
    [connection] = settings_for(tmp_path, 5001).connections
    staleness = Staleness([connection], lambda _session: signs["now"], log)
    return staleness, signs, log.lines, connection.session.name


def test_a_session_that_stays_down_is_told_once_and_when_it_is_back(watched):
    staleness, signs, lines, _ = watched
    staleness.look(0.0)
    signs["now"] = Signs(is_due=True, is_up=False)

    for now in (1.0, 29.9):
        staleness.look(now)
    assert lines == []
    for now in (30.0, 31.0, 500.0):
        staleness.look(now)
    assert lines == [("alarm_raised", "session_down")]
    signs["now"] = Signs(is_due=True, is_up=True)
    for now in (501.0, 502.0):
        staleness.look(now)

    assert lines == [("alarm_raised", "session_down"), ("alarm_cleared", "session_down")]


def test_a_session_that_never_came_up_is_told_too(watched):
    staleness, signs, lines, _ = watched
    signs["now"] = Signs(is_due=True, is_up=False)

    staleness.look(100.0)
    staleness.look(130.0)

    assert lines == [("alarm_raised", "session_down")]


def test_a_session_out_of_its_hours_may_be_down(watched):
    """The count begins when the schedule says that it should be up."""
    staleness, signs, lines, _ = watched
    signs["now"] = Signs(is_due=False, is_up=False)
    staleness.look(0.0)
    staleness.look(50_000.0)
    signs["now"] = Signs(is_due=True, is_up=False)

    staleness.look(50_029.0)
    assert lines == []
    staleness.look(50_031.0)

    assert lines == [("alarm_raised", "session_down")]


def test_a_late_heartbeat_is_told_once_and_when_something_comes(watched):
    staleness, _, lines, name = watched
    staleness.heard(name, 0.0)

    for now in (44.9, 45.0, 46.0):
        staleness.look(now)
    staleness.heard(name, 47.0)
    staleness.look(47.1)

    assert lines == [("alarm_raised", "session_silent"), ("alarm_cleared", "session_silent")]


def test_a_silent_session_that_falls_is_another_alarm(watched):
    staleness, signs, lines, name = watched
    staleness.heard(name, 0.0)
    staleness.look(50.0)
    signs["now"] = Signs(is_due=True, is_up=False)
    staleness.look(60.0)
    staleness.look(90.0)

    assert [kind for _, kind in lines] == ["session_silent", "session_silent", "session_down"]


@pytest.mark.integration
def test_a_venue_that_goes_away_for_too_long_is_told_and_its_return_too(wired):
    settings = settings_for(wired.directory, wired.venue.port)
    object.__setattr__(settings.profiles[0], "down_seconds", 1)
    wired.venue.start()
    gateway = wired.connected(settings=settings)
    wired.venue.drop()
    wired.venue.stop()

    until(lambda: wired.alarms("session_down"), "the alarm")
    wired.venue.start()
    until(lambda: any(e["event"] == "alarm_cleared" for e in wired.events), "the end of it")

    [alarm] = wired.alarms("session_down")
    assert alarm["session"] == wired.session
    assert gateway.sessions()[0].logged_on


@pytest.mark.integration
@pytest.mark.parametrize(("begins_in", "is_due"), [(-1, True), (2, False)])
def test_the_schedule_is_the_one_of_the_session_file(wired, begins_in, is_due):
    """Three hours a day, which began an hour ago or begin in two."""
    settings_for(wired.directory, wired.venue.port)
    path = wired.directory / "fix.cfg"
    begin = datetime.now(UTC) + timedelta(hours=begins_in)
    hours = f"StartTime={begin:%H:%M:%S}\nEndTime={begin + timedelta(hours=3):%H:%M:%S}\n"
    path.write_text(path.read_text().replace("NonStopSession=Y\n", hours))
    table = {"session": wired.session}
    gateway = wired.gateway(settings=load_settings(path, {"XSIM": table}, {}))

    assert gateway.is_due(wired.session) is is_due
