"""After the venue's day roll: Day orders that nobody spoke of again, and those that live on."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.day_roll import DayRoll
from domain.errors import ConfigError
from domain.order_states import apply
from domain.orders import DayEnded, OrdStatus, Sent, Side, TimeInForce
from domain.ports import StatusRequest
from gateway import endings
from gateway.day_ends import DayEnds
from gateway.expiries import Expiries
from gateway.reports import decode
from gateway.service import Gateway
from gateway.session_file import write_session_config
from gateway.settings import load_settings
from gateway.wiretext import message, value_of
from oms.booking import Booking
from tests.gateway.bare import BareCore
from tests.gateway.desk import OrderSink, RealClock, intent, open_vault, order_of, place
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, SetClock, open_books, snapshot
from tests.oms_orders.desk import intent as block

EVENING = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)  # A quarter to four in New York.
NEXT_MORNING = EVENING + timedelta(hours=18)
ROLL = DayRoll(at=time(17), zone=ZoneInfo("America/New_York"))


class Desk:
    """One venue's day ends over a real vault, stepped by hand."""

    def __init__(self, directory, log) -> None:
        self.vault, self.clock, self.sink = open_vault(directory), SetClock(EVENING), OrderSink()
        self.up_since: float | None = 0.0
        self.ends = DayEnds(
            "XSIM", ROLL, vault=self.vault, sink=self.sink, clock=self.clock, patience_seconds=10,
            up_since=lambda: self.up_since, on_question=lambda: None, log=log,
        )  # fmt: skip

    def working(self, name: str, **changes) -> None:
        """An order that was sent now and acknowledged."""
        place(self.vault, intent(name, **changes))
        sent = Sent(cl_ord_id=name, sent_at=self.clock.now())
        with self.vault.write() as uow:
            numbers = [one.number for one in uow.outbox.waiting("XSIM", 10)]
            uow.outbox.mark_handed(numbers, self.clock.now())
            uow.orders.append(apply(uow.orders.get(name), sent)[0], sent, self.clock.now())
        self.say(name, "0", "0")

    def say(self, name: str, exec_type: str, status: str, cum: int = 0, more=None) -> None:
        fields = {
            37: f"O-{name}", 17: "0", 11: name, 150: exec_type, 39: status, 55: "AAPL", 54: "1",
            38: 300, 14: cum, 151: 300 - cum, 60: "20221201-14:45:00", **(more or {}),
        }  # fmt: skip
        raw = message("8", [(tag, str(value)) for tag, value in fields.items()])
        with self.vault.write() as uow:
            self.sink.apply(uow, decode(raw, venue="XSIM").message, self.clock.now())

    def asked(self) -> list[str]:
        """Of whom the venue is asked now; the questions leave at once."""
        with self.vault.write() as uow:
            waiting = uow.outbox.waiting("XSIM", 100)
            uow.outbox.mark_handed([one.number for one in waiting], self.clock.now())
        return [one.body.cl_ord_id for one in waiting if isinstance(one.body, StatusRequest)]

    def ask(self, now: float) -> list[str]:
        """A look, after which the questions leave."""
        self.ends.look(now)
        return self.asked()

    def status(self, name: str) -> OrdStatus:
        return order_of(self.vault, name).status


@pytest.fixture
def desk(tmp_path, wired):
    (tmp_path / "ends").mkdir()
    made = Desk(tmp_path / "ends", wired.log)
    yield made
    made.vault.close()


def test_a_day_order_that_nobody_speaks_of_ends_after_the_roll(desk):
    desk.working("C1")
    desk.clock.time = NEXT_MORNING

    desk.ends.look(100.0)
    asked, before = desk.asked(), desk.status("C1")
    desk.ends.look(109.0)
    too_early = desk.status("C1")
    desk.ends.look(110.0)

    assert (asked, before, too_early) == (["C1"], OrdStatus.NEW, OrdStatus.NEW)
    ended = order_of(desk.vault, "C1")
    assert (ended.status, ended.leaves_qty) == (OrdStatus.EXPIRED, 0)
    assert "trading day ended before 2022-12-01" in ended.reason
    with desk.vault.read() as view:
        assert isinstance(view.orders.events("C1")[-1], DayEnded)


def test_nothing_ends_before_its_question_has_left(desk):
    """Ten thousand questions take a throttled session longer than one answer takes."""
    desk.working("C1")
    desk.clock.time = NEXT_MORNING
    desk.ends.look(100.0)
    desk.ends.look(120.0)
    while_it_waits = desk.status("C1")

    asked = desk.asked()
    desk.ends.look(129.0)
    too_early = desk.status("C1")
    desk.ends.look(130.0)

    assert (while_it_waits, asked, too_early) == (OrdStatus.NEW, ["C1"], OrdStatus.NEW)
    assert desk.status("C1") is OrdStatus.EXPIRED


@pytest.fixture
def by_the_clock(desk, wired):
    """The same desk, looking after instants instead of days."""
    desk.ends = Expiries(
        "XSIM", vault=desk.vault, sink=desk.sink, clock=desk.clock, patience_seconds=10,
        up_since=lambda: desk.up_since, on_question=lambda: None, log=wired.log,
    )  # fmt: skip
    return desk


def until_half_past_nine(desk, name: str) -> None:
    """Good for three quarters of an hour from now on."""
    desk.working(
        name, time_in_force=TimeInForce.GTD, expires=EVENING.date(),
        expires_at=EVENING + timedelta(minutes=45),
    )  # fmt: skip


def test_an_order_that_was_good_till_an_instant_ends_when_it_passes_in_silence(by_the_clock):
    desk = by_the_clock
    until_half_past_nine(desk, "C1")
    desk.working("DAY")

    desk.clock.time = EVENING + timedelta(minutes=44)
    early = desk.ask(100.0)
    desk.clock.time = EVENING + timedelta(minutes=46)
    asked = desk.ask(200.0)
    desk.ask(210.0)

    assert (early, asked) == ([], ["C1"])
    assert (desk.status("C1"), desk.status("DAY")) == (OrdStatus.EXPIRED, OrdStatus.NEW)
    assert "good till 2022-11-30 21:30:00 UTC" in order_of(desk.vault, "C1").reason


def test_what_its_venue_calls_alive_beyond_its_instant_is_a_persons_and_asked_about_once(
    by_the_clock, wired
):
    desk = by_the_clock
    until_half_past_nine(desk, "C1")
    desk.clock.time = EVENING + timedelta(minutes=46)
    desk.ask(200.0)
    desk.say("C1", "I", "0")

    desk.ask(210.0)
    desk.clock.time += timedelta(minutes=5)
    again = desk.ask(500.0)

    assert (desk.status("C1"), again) == (OrdStatus.NEW, [])
    assert [alarm["order"] for alarm in wired.alarms("outlived_its_day")] == ["C1"]


def test_before_the_roll_nothing_is_asked(desk):
    desk.working("C1")
    desk.clock.time = EVENING + timedelta(hours=1)  # A quarter to five.

    desk.ends.look(100.0)

    assert desk.asked() == []


@pytest.mark.parametrize("up_since", [None, 96.0], ids=["down", "just up"])
def test_what_was_missed_may_still_come_with_the_logon(desk, up_since):
    desk.working("C1")
    desk.clock.time, desk.up_since = NEXT_MORNING, up_since

    desk.ends.look(100.0)

    assert desk.asked() == []


def test_a_session_that_broke_off_meanwhile_is_asked_again(desk):
    desk.working("C1")
    desk.clock.time = NEXT_MORNING
    desk.ask(100.0)
    desk.up_since = 105.0

    desk.ask(111.0)
    once_more = desk.status("C1")
    desk.ends.look(121.0)

    assert once_more is OrdStatus.NEW
    assert desk.status("C1") is OrdStatus.EXPIRED


def test_an_order_that_the_venue_no_longer_knows_is_over(desk):
    """Unknown is no proof that it never came, but after its day it is not alive either."""
    desk.working("C1")
    desk.clock.time = NEXT_MORNING
    desk.ask(100.0)
    desk.say("C1", "I", "8", more={37: "NONE", 103: 5})

    desk.ends.look(110.0)

    assert desk.status("C1") is OrdStatus.EXPIRED
    assert not order_of(desk.vault, "C1").in_doubt


def test_an_order_that_the_venue_calls_alive_is_left_to_a_person(desk, wired):
    desk.working("C1")
    desk.clock.time = NEXT_MORNING
    desk.ask(100.0)
    desk.say("C1", "I", "0")

    desk.ends.look(110.0)

    assert desk.status("C1") is OrdStatus.NEW
    [alarm] = wired.alarms("outlived_its_day")
    assert "XSIM calls it NEW" in alarm["detail"]


def test_shares_that_the_venue_says_are_filled_and_we_lack_keep_the_order_open(desk, wired):
    desk.working("C1")
    desk.clock.time = NEXT_MORNING
    desk.ask(100.0)
    desk.say("C1", "I", "C", cum=100)

    desk.ends.look(110.0)

    assert not order_of(desk.vault, "C1").is_closed
    [alarm] = wired.alarms("executions_missing")
    assert "100 filled shares are missing" in alarm["detail"]


def test_what_may_trade_another_day_is_left_alone(desk):
    tomorrow = date(2022, 12, 1)
    desk.working("GTC", time_in_force=TimeInForce.GTC)
    desk.working("GTD", time_in_force=TimeInForce.GTD, expires=tomorrow)
    desk.clock.time = EVENING + timedelta(hours=2)  # After the roll: of the next day.
    desk.working("LATE")
    desk.clock.time = NEXT_MORNING

    desk.ends.look(100.0)

    assert desk.asked() == []
    desk.clock.time = NEXT_MORNING + timedelta(days=1)
    desk.ends.look(200.0)
    assert sorted(desk.asked()) == ["GTD", "LATE"]


@given(st.datetimes(datetime(2022, 1, 1), datetime(2023, 1, 1)))  # noqa: DTZ001 - given a zone below
def test_a_trading_day_is_a_weekday_and_never_before_the_moment(moment):
    local = moment.replace(tzinfo=ROLL.zone)
    day = ROLL.day_of(local)

    assert day.weekday() < 5
    assert timedelta(0) <= day - local.date() <= timedelta(days=3)
    assert (day == local.date()) == (local.time() < ROLL.at and local.weekday() < 5)


def test_of_a_part_filled_order_the_fills_are_given_out(wired, monkeypatch):
    """Through the real gateway and the OMS's booking: the account gets its shares at the end."""
    monkeypatch.setattr(endings, "_SETTLE_SECONDS", 0.0)
    path, clock = wired.directory / "fix.cfg", SetClock(EVENING)
    address = {"XSIM": ("127.0.0.1", wired.venue.port)}
    sessions = write_session_config(path, address, store=wired.directory / "fix")
    table = {"session": sessions["XSIM"], "day_roll": "17:00 America/New_York"}
    settings = replace(load_settings(path, {"XSIM": table}, {}), acknowledgement_seconds=0.1)
    open_books(wired.vault, snapshot(cash={"A1": "900000"}))
    wired.venue.start()
    gateway = Gateway(wired.vault, Booking(), clock, settings, wired.log)
    wired.gateways.append(gateway)
    gateway.start()
    place(wired.vault, block("AAAA-0001", Side.BUY, AAPL, {"A1": 300}, limit="148"))
    gateway.wake()
    until(wired.venue.orders, "the order")
    [order] = wired.venue.orders()
    wired.venue.say(wired.venue.fill(order, 100, "147.5", 100))
    until(lambda: order_of(wired.vault, "AAAA-0001").cum_qty == 100, "the fill")

    clock.time = NEXT_MORNING
    until(lambda: wired.alarms("ended_by_day_roll"), "the end of the day")

    assert order_of(wired.vault, "AAAA-0001").status is OrdStatus.EXPIRED
    assert len(wired.venue.of_type("H")) == 1
    with wired.vault.read() as view:
        assert view.ledger.balances()["client:A1", AAPL] == Decimal(100)


def test_a_day_order_that_waited_over_the_roll_is_not_sent(wired):
    """The session was away for the night: what was decided for yesterday stays at home."""
    path, clock = wired.directory / "fix.cfg", SetClock(NEXT_MORNING)
    address = {"XSIM": ("127.0.0.1", wired.venue.port)}
    sessions = write_session_config(path, address, store=wired.directory / "fix")
    table = {"session": sessions["XSIM"], "day_roll": "17:00 America/New_York"}
    gateway = Gateway(
        wired.vault, OrderSink(), clock, load_settings(path, {"XSIM": table}, {}), wired.log
    )
    wired.gateways.append(gateway)
    for name, time_in_force in (("DAY", TimeInForce.DAY), ("GTC", TimeInForce.GTC)):
        place(wired.vault, intent(name, arrived_at=EVENING, time_in_force=time_in_force))
    place(wired.vault, intent("NEW", arrived_at=NEXT_MORNING))
    wired.venue.start()

    gateway.start()
    until(lambda: len(wired.venue.orders()) == 2, "what is still wanted")
    until(lambda: wired.alarms("message_withdrawn"), "the alarm")

    assert {value_of(text, 11) for text in wired.venue.orders()} == {"GTC", "NEW"}
    order = order_of(wired.vault, "DAY")
    assert order.status is OrdStatus.UNSENT
    assert order.reason == "the trading day that it was entered for is over"


def test_an_order_that_waited_over_its_own_instant_is_not_sent(tmp_path):
    """It was taken in time, and a person or the session took longer."""
    bare = BareCore(tmp_path, expire_times=True)
    now = RealClock().now()
    for name, ends in (("LATE", now), ("EARLY", now + timedelta(hours=1))):
        place(
            bare.vault,
            intent(name, time_in_force=TimeInForce.GTD, expires=ends.date(), expires_at=ends),
        )

    bare.core.outbox.step()

    assert [value_of(text, 11) for text in bare.engine.sent] == ["EARLY"]
    late = order_of(bare.vault, "LATE")
    assert late.status is OrdStatus.UNSENT
    assert late.reason == f"it was good till {now:%Y-%m-%d %H:%M:%S} UTC, and that is over"
    assert "message_withdrawn" in bare.evidence("LATE")
    bare.vault.close()


def profile_with(tmp_path, **keys):
    """The one profile of a file with these keys."""
    path = tmp_path / "rolling.cfg"
    sessions = write_session_config(path, {"XSIM": ("127.0.0.1", 1)}, store=tmp_path / "fix")
    table = {"session": sessions["XSIM"], **keys}
    (profile,) = load_settings(path, {"XSIM": table}, {}).profiles
    return profile


@pytest.mark.parametrize(
    ("entered", "day"),
    [
        ("2022-11-23T21:59", date(2022, 11, 23)),  # A minute to five in New York.
        ("2022-11-23T22:00", date(2022, 11, 25)),  # Thanksgiving is no day of it.
        ("2022-11-24T15:00", date(2022, 11, 25)),  # A short one, and one all the same.
        ("2022-11-25T22:00", date(2022, 11, 28)),
        ("2022-12-23T22:00", date(2022, 12, 27)),  # Christmas is kept on Monday.
        ("2022-12-30T22:00", date(2023, 1, 3)),  # Over the year, and New Year on Monday.
    ],
)
def test_a_holiday_of_the_venues_market_is_no_trading_day(tmp_path, entered, day):
    roll = profile_with(tmp_path, day_roll="17:00 America/New_York", calendar="XNYS").day_roll

    assert roll.day_of(datetime.fromisoformat(entered).replace(tzinfo=UTC)) == day


@given(st.integers(0, 2200 * 24))
def test_a_holiday_only_ever_postpones_a_day(hours):
    moment = EVENING + timedelta(hours=hours)
    holidays = {date(2022, 11, 24), date(2022, 12, 26), date(2024, 7, 4)}
    plain = ROLL.day_of(moment)

    kept = replace(ROLL, is_open=lambda day: day.weekday() < 5 and day not in holidays)

    assert kept.day_of(moment) >= plain
    assert kept.day_of(moment) == plain or plain in holidays


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"calendar": "XNYS"}, "calendar goes with day_roll"),
        (
            {"calendar": "XNYZ", "day_roll": "17:00 America/New_York"},
            "calendar 'XNYZ' is not known; did you mean",
        ),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(tmp_path, keys, why):
    with pytest.raises(ConfigError, match=why):
        profile_with(tmp_path, **keys)


@pytest.mark.parametrize("text", ["17:00", "25:00 America/New_York", "5pm UTC", "17:00 Mars", ""])
def test_a_day_roll_that_is_no_time_of_a_zone_is_refused(tmp_path, text):
    path = tmp_path / "fix.cfg"
    sessions = write_session_config(path, {"XSIM": ("127.0.0.1", 1)}, store=tmp_path)
    table = {"session": sessions["XSIM"], "day_roll": text}

    with pytest.raises(
        ConfigError, match=r'\[venues.XSIM\]: day_roll = .*write for example "17:00'
    ):
        load_settings(path, {"XSIM": table}, {})
