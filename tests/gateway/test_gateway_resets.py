"""Numbers that begin anew, with an order open: nothing is lost, doubled or left unasked."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from domain.orders import OrdStatus
from gateway.settings import load_settings
from gateway.wiretext import message, value_of
from tests.fuzz.nonsense import Reports
from tests.fuzz.venue import HostileVenue, HungUpError
from tests.gateway.desk import executions, intent, new_id, order_of, place, settings_for
from tests.gateway.venue import PATIENCE_SECONDS, Venue, until

pytestmark = pytest.mark.integration


def working_order(wired, gateway):
    """Acknowledged, and filled by a third; several messages went each way before it."""
    name = place(wired.vault, intent(new_id()))
    gateway.wake()
    until(lambda: [t for t in wired.venue.orders() if value_of(t, 11) == name], "the order")
    order = wired.venue.orders()[-1]
    wired.venue.say(wired.venue.report(order))
    wired.venue.say(wired.venue.fill(order, 100, "190.21", 100))
    until(lambda: order_of(wired.vault, name).cum_qty == 100, "the first fill")
    return name, order


def answering(venue, order):
    """The venue answers each question: the order works, with a third filled."""

    def answer(text):
        if value_of(text, 35) == "H":
            venue.say(venue.report(order, t150="I", t39="1", t17="0", t14="100", t151="200"))

    venue.answer = answer


def go_down(wired):
    wired.venue.drop()
    wired.venue.stop()


def new_venue(wired, name="again"):
    """Another process in its place, which remembers no sequence number; the old one is down."""
    (wired.directory / name).mkdir()
    port, numbers = wired.venue.port, wired.venue._numbers
    wired.venue = Venue(wired.directory / name, port)
    wired.venue._numbers = numbers  # Its ExecIDs go on.


def is_asked_and_sure(wired, gateway, name):
    asked = [text for text in wired.venue.of_type("H") if value_of(text, 11) == name]
    return asked and not order_of(wired.vault, name).in_doubt and gateway.sessions()[0].gate_open


def trade_on(wired, gateway, name, order):
    """The rest of the order is filled, and a new one gets through, under the new numbers."""
    wired.venue.answer = lambda _text: None
    wired.venue.say(wired.venue.fill(order, 200, "190.22", 300))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.FILLED, "the rest")
    second, _ = working_order(wired, gateway)
    assert [fill.last_qty for fill in executions(wired.vault)] == [100, 200, 100]
    names = [value_of(text, 11) for text in wired.venue.orders()]
    assert names.count(second) == 1
    assert gateway.sessions()[0].durable_target < 30


def durable(wired):
    with wired.vault.read() as view:
        return view.inbox.durable_sequence(wired.session)


def talk(wired, times=30):
    """So many messages that the old numbers are far above the new ones."""
    for _ in range(times):
        wired.venue.say(message("B", [(148, "market news")]))


def test_a_logon_that_resets_both_sides_in_the_middle_of_a_life(wired):
    wired.venue.start()
    gateway = wired.connected()
    name, order = working_order(wired, gateway)
    talk(wired)
    until(lambda: durable(wired) > 30, "the news")
    go_down(wired)
    answering(wired.venue, order)

    wired.venue.start(ResetOnLogon="Y")
    until(lambda: is_asked_and_sure(wired, gateway, name), "the question and its answer")

    assert wired.alarms("sequence_reset")
    trade_on(wired, gateway, name, order)


def test_a_venue_that_lost_its_numbers_is_believed_and_asked(wired):
    """It begins at 1 and does not say so; the engine alone would refuse it for ever."""
    wired.venue.start()
    gateway = wired.connected()
    name, order = working_order(wired, gateway)
    talk(wired)
    until(lambda: durable(wired) > 30, "the news")
    go_down(wired)

    new_venue(wired)
    answering(wired.venue, order)
    wired.venue.start()
    until(lambda: is_asked_and_sure(wired, gateway, name), "the question and its answer")

    assert wired.alarms("sequence_reset")
    trade_on(wired, gateway, name, order)


def keeping_hours(wired, begin, end):
    """Settings of a session that is up between two times of each day, on both sides."""
    settings_for(wired.directory, wired.venue.port)
    path = wired.directory / "fix.cfg"
    hours = {"StartTime": f"{begin:%H:%M:%S}", "EndTime": f"{end:%H:%M:%S}"}
    lines = "".join(f"{key}={value}\n" for key, value in hours.items())
    path.write_text(path.read_text().replace("NonStopSession=Y\n", lines))
    settings = load_settings(path, {"XSIM": {"session": wired.session}}, {})
    return settings, {"NonStopSession": "N", **hours}


def test_a_session_that_keeps_hours_begins_anew_each_day_under_a_running_service(wired):
    """Its day ends in a few seconds, and the next one begins two seconds later."""
    now = datetime.now(UTC)
    end, begin = now + timedelta(seconds=8), now + timedelta(seconds=10)
    settings, hours = keeping_hours(wired, begin, end)
    wired.venue.start(**hours)
    gateway = wired.connected(settings=settings)
    name, order = working_order(wired, gateway)
    talk(wired)
    until(lambda: durable(wired) > 30, "the news")
    answering(wired.venue, order)

    until(lambda: is_asked_and_sure(wired, gateway, name), "the question of the next day")

    assert [one["level"] for one in wired.alarms("session_began_anew")] == ["info"]
    assert not wired.alarms("sequence_reset")
    trade_on(wired, gateway, name, order)


def test_a_service_that_starts_on_the_next_day_counts_from_one(wired):
    """The engine begins anew by itself then: what is durable is yesterday's number."""
    now = datetime.now(UTC)
    settings, hours = keeping_hours(wired, now - timedelta(hours=1), now + timedelta(hours=1))
    wired.venue.start(**hours)
    gateway = wired.connected(settings=settings)
    name, order = working_order(wired, gateway)
    talk(wired)
    until(lambda: durable(wired) > 30, "the news")
    wired.stop_gateways()
    wired.venue.stop()
    a_day_passes(wired)
    new_venue(wired)
    answering(wired.venue, order)
    wired.venue.start(**hours)

    gateway = wired.connected(settings=settings)
    until(lambda: is_asked_and_sure(wired, gateway, name), "the question of the next day")

    assert wired.alarms("session_began_anew")
    trade_on(wired, gateway, name, order)


def a_day_passes(wired):
    """The engine's store was made yesterday."""
    [path] = (wired.directory / "fix").rglob("*.session")
    path.write_text(f"{datetime.now(UTC) - timedelta(days=1):%Y%m%d-%H:%M:%S}")


def test_a_reset_whose_commit_a_kill_prevented_is_found_at_the_next_start(wired):
    """The engine's store begins anew with the Logon; that it did was only in the queue."""
    wired.venue.start()
    gateway = wired.connected()
    name, order = working_order(wired, gateway)
    talk(wired)
    until(lambda: durable(wired) > 30, "the news")
    wired.stop_gateways()
    wired.venue.stop()
    the_store_begins_anew(wired)
    new_venue(wired)
    answering(wired.venue, order)
    wired.venue.start()

    gateway = wired.connected()
    until(lambda: is_asked_and_sure(wired, gateway, name), "the question and its answer")

    assert "the engine began to count anew" in wired.alarms("sequence_reset")[0]["detail"]
    trade_on(wired, gateway, name, order)


def test_a_rehearsal_of_another_day_does_not_take_its_store_for_a_new_one(wired):
    """Its messages are kept at instants of years ago; the store counts by the machine's clock."""
    wired.venue.start()
    gateway = wired.connected(rehearsal=True)
    working_order(wired, gateway)
    wired.stop_gateways()
    [session] = (wired.directory / "fix").rglob("*.session")
    session.write_text(f"{datetime.now(UTC) + timedelta(seconds=2):%Y%m%d-%H:%M:%S}")

    wired.connected(rehearsal=True)

    assert wired.alarms("sequence_reset") == []


def the_store_begins_anew(wired):
    """As QuickFIX leaves it after a Logon with ResetSeqNumFlag, a while after the last message."""
    [session] = (wired.directory / "fix").rglob("*.session")
    session.write_text(f"{datetime.now(UTC) + timedelta(seconds=2):%Y%m%d-%H:%M:%S}")
    session.with_suffix(".seqnums").write_text(f"{2:020d} : {2:020d}")
    session.with_suffix(".body").write_text("")
    session.with_suffix(".header").write_text("")


def test_a_reset_to_a_lower_number_in_the_middle_of_a_connection(wired):
    """The engine refuses it; the venue goes on at the low number, hangs up, and is believed."""
    with HostileVenue() as venue:
        gateway = wired.gateway(settings=settings_for(wired.directory, venue.port))
        venue.log_on()
        order = intent(new_id())
        place(wired.vault, order)
        gateway.wake()
        while venue.read()[35] != "D":
            pass
        reports = Reports(1, order)
        for _ in range(20):
            venue.report("8", reports.fill(1))
        until(lambda: len(executions(wired.vault)) == 20, "the fills")

        venue.say("4", {36: 3})
        venue.next_out = 3
        venue._said.clear()
        venue.report("8", reports.fill(1))
        venue.until_hung_up()
        asked = log_on_until_asked(venue)
        until(lambda: order_of(wired.vault, order.cl_ord_id).cum_qty == 21, "the last fill")

    assert asked == order.cl_ord_id
    assert len(executions(wired.vault)) == 21
    assert len(wired.alarms("sequence_reset")) == 1


def log_on_until_asked(venue):
    """Answer each Logon; gives the order that the gateway asks about."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            logon = venue.accept()
            venue.say("A", {98: 0, 108: logon[108]})
            while (heard := venue.hear())[35] != "H":
                pass
        except HungUpError:
            continue
        return heard[11]
    raise AssertionError("nobody asked")


def test_a_session_without_hours_goes_on_under_its_numbers_on_another_day(wired):
    """QuickFIX alone empties such a store at the first start after midnight."""
    wired.venue.start()
    name, order = working_order(wired, wired.connected())
    talk(wired)
    until(lambda: durable(wired) > 30, "the news")
    wired.stop_gateways()
    before = durable(wired)
    (store,) = wired.directory.glob("**/FIX.4.4-TRIMTAB-XSIM.session")
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y%m%d-%H:%M:%S}"
    store.write_text(yesterday, "ascii")

    wired.connected()
    wired.venue.say(wired.venue.fill(order, 200, "190.22", 300))
    until(lambda: order_of(wired.vault, name).status is OrdStatus.FILLED, "the rest")

    assert durable(wired) > before
    assert wired.alarms("session_began_anew") == wired.alarms("sequence_reset") == []
    assert store.read_text("ascii") == yesterday
