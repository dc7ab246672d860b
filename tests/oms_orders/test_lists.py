"""Which orders travel together, and when a list is cancelled as one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_states import apply
from domain.orders import (
    Algo,
    CancelRequest,
    ExecType,
    ListCancelRequest,
    OrdStatus,
    Side,
    Strategy,
)
from domain.venue_ways import VenueWays
from oms.cancel import cancel
from oms.doubts import raise_doubts
from oms.lists import cancel_lists, in_lists
from oms.release import Releaser
from oms.release_settings import ReleaseSettings
from oms.seeing_through import ReleaseInterruptedError
from tests.oms_orders.desk import (
    AAPL,
    KO,
    LIMITS,
    NOW,
    RUN,
    XOM,
    SetClock,
    SilentWire,
    go_out,
    intent,
    open_books,
    report,
    snapshot,
)
from tests.oms_orders.test_release import Venue, keeps_silent

WAYS = {"XSIM": VenueWays(takes_lists=True), "YSIM": VenueWays()}
VWAP = Algo(strategy=Strategy.VWAP)


def order(number: int, security: str = AAPL, *, algo: Algo | None = None):
    return replace(intent(f"R-{number:04d}", Side.BUY, security, {"A1": 10}), algo=algo)


def test_an_algorithm_travels_in_a_list_where_its_broker_takes_that():
    ways = {"XSIM": VenueWays(takes_lists=True, lists_take_algos=True)}
    wave = [order(1, algo=VWAP), order(2, KO)]

    assert {one.list_id for one in in_lists(wave, ways)} == {"R-0001-L"}
    assert {one.list_id for one in in_lists(wave, WAYS)} == {None}


@given(
    st.lists(st.tuples(st.sampled_from([AAPL, KO, XOM]), st.booleans()), max_size=8),
    st.booleans(),
)
def test_only_what_may_travel_together_does(rows, had_a_list):
    wave = [
        replace(
            order(number, security, algo=VWAP if worked else None),
            list_id="EARLIER-L" if had_a_list else None,
        )
        for number, (security, worked) in enumerate(rows)
    ]

    listed = in_lists(wave, WAYS)

    assert [replace(one, list_id=None) for one in listed] == [
        replace(one, list_id=None) for one in wave
    ]
    together = [one for one in listed if one.list_id is not None]
    able = [one for one in wave if one.venue == "XSIM" and one.algo is None]
    assert len(together) == (len(able) if len(able) > 1 else 0)
    assert {one.list_id for one in together} <= {f"{able[0].cl_ord_id}-L"} if able else not together


def working(vault, count: int = 3) -> list[str]:
    """A list whose orders the venue has."""
    wave = in_lists([order(number) for number in range(count)], WAYS)
    with vault.write() as uow:
        for one in wave:
            uow.orders.add(one)
            moved = go_out(uow, one.cl_ord_id)
            said = report(moved, ExecType.NEW, OrdStatus.NEW)
            uow.orders.append(apply(moved, said)[0], said, NOW)
    return [one.cl_ord_id for one in wave]


def asked(vault) -> list[str]:
    with vault.read() as view:
        bodies = [one.body for one in view.outbox.waiting("XSIM", 99)]
    return [one.list_id for one in bodies if isinstance(one, ListCancelRequest)]


def cancelled(vault, names) -> tuple[str, ...]:
    with vault.write() as uow:
        return cancel_lists(uow, names, at=NOW, why="the time is over", by="oms")


def test_a_list_is_cancelled_as_one_and_asked_for_once(vault):
    names = working(vault)

    assert cancelled(vault, names) == ()
    assert cancelled(vault, names) == tuple(names)

    assert asked(vault) == ["R-0000-L"]


def test_a_list_of_which_something_shall_live_is_not_cancelled_as_one(vault):
    names = working(vault)

    assert cancelled(vault, names[:2]) == tuple(names[:2])

    assert asked(vault) == []


def test_orders_that_ended_do_not_keep_a_list_from_its_cancel(vault):
    names = working(vault)
    with vault.write() as uow:
        one = uow.orders.get(names[0])
        said = report(one, ExecType.CANCELED, OrdStatus.CANCELED)
        uow.orders.append(apply(one, said)[0], said, NOW)

    assert cancelled(vault, names) == (names[0],)

    assert asked(vault) == ["R-0000-L"]


def test_a_list_with_a_cancel_of_its_own_under_way_goes_order_by_order(vault):
    names = working(vault)
    with vault.write() as uow:
        cancel(uow, uow.orders.get(names[1]), at=NOW, why="a wish")

    assert cancelled(vault, names) == tuple(names)

    with vault.read() as view:
        waiting = [one.body for one in view.outbox.waiting("XSIM", 99)]
    assert [type(one) for one in waiting] == [CancelRequest]


class ListVenue(Venue):
    """Takes whatever comes, trades nothing; `hears` says whether it knows ListCancelRequest."""

    def __init__(self, vault, *, hears: bool) -> None:
        super().__init__(vault, keeps_silent)
        self.hears = hears

    def wake(self) -> None:
        with self.vault.read() as view:
            waiting = [one.body for one in view.outbox.waiting("XSIM", 99)]
        super().wake()
        if self.hears and any(isinstance(body, ListCancelRequest) for body in waiting):
            with self.vault.read() as view:
                names = [order.intent.cl_ord_id for order in view.orders.open()]
            for name in names:
                self.say(name, ExecType.CANCELED, OrdStatus.CANCELED)


@pytest.mark.parametrize("hears", [True, False])
def test_a_wave_whose_time_is_over_ends_as_a_list_or_else_order_by_order(vault, hears):
    book = snapshot(cash={"A1": "900000"})
    open_books(vault, book)
    wave = [order(1), order(2, KO)]
    venue = ListVenue(vault, hears=hears)
    settings = ReleaseSettings(wave_timeout=timedelta(seconds=9), ways=WAYS)
    clock = SetClock(step=timedelta(seconds=1))

    release = Releaser(vault, venue, clock, settings, LIMITS).release(RUN, wave, book)

    assert (release.released, release.unfinished) == (("R-0001", "R-0002"), ())
    assert venue.sent[:3] == ["R-0001", "R-0002", "R-0001-L:K"]
    assert venue.sent[3:] == ([] if hears else ["R-0001.2", "R-0002.2"])
    with vault.read() as view:
        orders = [view.orders.get(name) for name in release.released]
    assert {one.intent.list_id for one in orders} == {"R-0001-L"}
    assert {one.status for one in orders} == {OrdStatus.CANCELED}


def test_orders_that_go_out_anew_are_in_a_list_of_their_own(vault):
    """Committed, and then the process was killed: a ListID is used once, as a ClOrdID is."""
    book = snapshot(cash={"A1": "900000"})
    open_books(vault, book)
    wave = [order(1), order(2, KO)]
    settings = ReleaseSettings(wave_timeout=timedelta(seconds=9), ways=WAYS)
    first = Releaser(vault, SilentWire(), SetClock(), settings, LIMITS)
    first.stop()
    with pytest.raises(ReleaseInterruptedError):
        first.release(RUN, wave, book)
    with vault.write() as uow:
        raise_doubts(uow, NOW)

    venue, clock = ListVenue(vault, hears=True), SetClock(step=timedelta(seconds=1))
    Releaser(vault, venue, clock, settings, LIMITS).release(RUN, wave, book)

    with vault.read() as view:
        lists = [view.orders.get(name).intent.list_id for name in ("R-0001", "R-0001-R1")]
    assert lists == ["R-0001-L", "R-0001-R1-L"]
