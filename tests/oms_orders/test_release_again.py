"""Release, second time: after accidents, after restarts, and after another run was there first."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from domain.order_states import apply
from domain.orders import ExecType, NeverSent, OrdStatus, Side
from domain.runs import Kill, Run, RunStatus, TriggerKind
from ledger.reconcile import intended_against_executed
from oms.booking import Booking
from oms.cancel import cancel
from oms.doubts import raise_doubts
from oms.generations import standing
from oms.release import Releaser
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
    fill,
    intent,
    open_books,
)
from tests.oms_orders.test_release import (
    BOOK,
    BUY_KO,
    PLAN,
    SELL,
    SETTINGS,
    Venue,
    fills_everything,
    keeps_silent,
    releaser,
    resting,
)

OTHER = UUID(int=0x5678)


class FlakyVenue(Venue):
    """A session that is lost under the first order of each name: the engine never took it."""

    def __init__(self, vault, answer, *, losses=1) -> None:
        super().__init__(vault, answer)
        self.losses = losses

    def wake(self) -> None:
        if self.losses:
            self.losses -= 1
            with self.vault.write() as uow:
                for message in uow.outbox.waiting("XSIM", 100):
                    uow.outbox.mark_handed([message.number], NOW)
                    lose(uow, message.body.cl_ord_id)
        super().wake()


def lose(uow, name):
    never = NeverSent(cl_ord_id=name, at=NOW, why="the session was lost", accidental=True)
    uow.orders.append(apply(uow.orders.get(name), never)[0], never, NOW)


def restarted(vault, plan=PLAN):
    """Committed, and then the process was killed before anything left the outbox."""
    first = Releaser(vault, SilentWire(), SetClock(), SETTINGS, LIMITS)
    first.stop()
    with pytest.raises(ReleaseInterruptedError):
        first.release(RUN, plan, BOOK)
    with vault.write() as uow:
        raise_doubts(uow, NOW)


def orders_of(vault, run_id=RUN):
    with vault.read() as uow:
        return uow.orders.of_run(run_id)


def test_an_order_that_a_lost_session_swallowed_goes_out_again_in_its_wave(vault):
    open_books(vault, BOOK)
    venue = FlakyVenue(vault, fills_everything)

    release = releaser(venue).release(RUN, PLAN, BOOK)

    assert venue.sent == ["R-0001-R1", "R-0002", "R-0003"]
    assert release.released == ("R-0001-R1", "R-0002", "R-0003")
    assert intended_against_executed(standing(orders_of(vault))) == ()


def test_a_session_that_is_always_lost_ends_with_the_wave(vault):
    """Its time is over: what did not go out stays out, and is a difference with a name."""
    open_books(vault, BOOK)
    venue = FlakyVenue(vault, fills_everything, losses=1000)

    release = releaser(venue).release(RUN, (SELL,), BOOK)

    assert (venue.sent, release.unfinished) == ([], ())
    (found,) = intended_against_executed(standing(orders_of(vault)))
    assert found.kind == "not_fully_executed"


def test_an_order_that_was_taken_back_does_not_go_out_again(vault):
    """A halt is a decision; only accidents are made good."""
    open_books(vault, BOOK)
    restarted(vault, (SELL,))
    with vault.write() as uow:
        uow.kills.set(Kill(scope="venue", name="XSIM", by="Rosa", why="drill", set_at=NOW))
    venue = Venue(vault, fills_everything)

    release = releaser(venue).release(RUN, (SELL,), BOOK)

    assert venue.sent == []
    assert [stop.cl_ord_id for stop in release.stopped] == ["R-0001-R1"]


def test_a_replaced_generation_is_no_difference(vault):
    open_books(vault, BOOK)
    restarted(vault)

    releaser(Venue(vault, fills_everything)).release(RUN, PLAN, BOOK)

    orders = orders_of(vault)
    assert len(orders) == 4
    assert [order.intent.cl_ord_id for order in standing(orders)] == [
        "R-0001-R1",
        "R-0002",
        "R-0003",
    ]
    assert intended_against_executed(standing(orders)) == ()


def test_what_was_left_out_is_still_told_after_a_restart(vault):
    """A1 was halted when the wave was committed; the halt is lifted while the service is down."""
    open_books(vault, BOOK)
    halt = Kill(scope="account", name="A1", by="Rosa", why="drill", set_at=NOW)
    with vault.write() as uow:
        uow.kills.set(halt)
    restarted(vault, (SELL,))
    with vault.write() as uow:
        assert uow.kills.lift("account", "A1", "Paul", NOW)

    venue = Venue(vault, fills_everything)
    release = releaser(venue).release(RUN, (SELL,), BOOK)

    assert [(stop.cl_ord_id, stop.account_id) for stop in release.stopped] == [("R-0001", "A1")]
    assert venue.order("R-0001-R1").cum_qty == 40  # Of A2 alone.


def test_a_wave_that_was_stopped_whole_stays_stopped_after_a_restart(vault):
    """Nothing stale goes out when the switch is lifted."""
    open_books(vault, BOOK)
    with vault.write() as uow:
        uow.kills.set(Kill(scope="firm", name="", by="Rosa", why="drill", set_at=NOW))
    releaser(Venue(vault, fills_everything)).release(RUN, PLAN, BOOK)
    with vault.write() as uow:
        assert uow.kills.lift("firm", "", "Paul", NOW)

    venue = Venue(vault, fills_everything)
    again = releaser(venue).release(RUN, PLAN, BOOK)

    assert venue.sent == []
    assert [stop.cl_ord_id for stop in again.stopped] == ["R-0001", "R-0002", "R-0003"]


def other_run(vault):
    with vault.write() as uow:
        run = Run(
            run_id=OTHER,
            trigger="drift",
            kind=TriggerKind.DRIFT,
            due=NOW + timedelta(seconds=1),
            why="another test",
            account_ids=(),
            status=RunStatus.RUNNING,
            started_at=NOW,
            snapshot_id=uow.runs.get(RUN).snapshot_id,
        )
        uow.runs.add(run)


def test_an_account_that_another_run_traded_meanwhile_is_left_alone(vault):
    """Approved in the morning, released in the evening: A1 has sold its shares in between."""
    open_books(vault, BOOK)
    other_run(vault)
    sold = replace(intent("Q-0001", Side.SELL, AAPL, {"A1": 100}), run_id=OTHER)
    releaser(Venue(vault, fills_everything)).release(OTHER, (sold,), BOOK)

    venue = Venue(vault, fills_everything)
    venue._count = 100  # ExecIDs of its own.
    release = releaser(venue).release(RUN, PLAN, BOOK)

    assert {stop.account_id for stop in release.stopped} == {"A1"}
    assert release.stopped[0].why == (
        "A1 held 100 AAPL when the run looked and holds 0 now: rebalance it anew"
    )
    assert venue.order("R-0001").order_qty == 40
    with vault.read() as uow:
        assert all(
            quantity >= 0
            for (book, _), quantity in uow.ledger.balances().items()
            if book.startswith("client:")
        )


def test_an_account_with_an_order_of_another_run_at_work_is_left_alone(vault):
    open_books(vault, BOOK)
    other_run(vault)
    working = replace(intent("Q-0001", Side.BUY, XOM, {"A2": 1}), run_id=OTHER)
    with vault.write() as uow:
        uow.orders.add(working)

    release = releaser(Venue(vault, fills_everything)).release(RUN, (SELL, BUY_KO), BOOK)

    assert {stop.account_id for stop in release.stopped} == {"A2"}
    assert "has order Q-0001 of run" in release.stopped[0].why


def test_what_the_run_itself_traded_does_not_count(vault):
    """Killed after the sells: the buys of the same accounts still go out."""
    open_books(vault, BOOK)
    venue = Venue(vault, keeps_silent)
    first = releaser(venue, SetClock())
    first.stop()
    with pytest.raises(ReleaseInterruptedError):
        first.release(RUN, PLAN, BOOK)
    venue.fill("R-0001", 100, "148")
    venue.answer = fills_everything

    release = releaser(venue).release(RUN, PLAN, BOOK)

    assert release.stopped == ()
    assert venue.order("R-0002").status is OrdStatus.FILLED


def test_a_late_fill_of_an_older_run_between_the_waves_stops_the_account(vault):
    """Booked shares that the snapshot does not know: they may be what the buys are for."""
    open_books(vault, BOOK)
    other_run(vault)
    late = replace(intent("Q-0001", Side.BUY, KO, {"A2": 5}), run_id=OTHER)
    with vault.write() as uow:
        uow.orders.add(late)
        never = NeverSent(cl_ord_id="Q-0001", at=NOW, why="a test")
        uow.orders.append(apply(uow.orders.get("Q-0001"), never)[0], never, NOW)
        report = fill(uow.orders.get("Q-0001"), "L1", 5, "63.61")
        Booking().apply(uow, report, NOW)

    release = releaser(Venue(vault, fills_everything)).release(RUN, (BUY_KO,), BOOK)

    assert [stop.account_id for stop in release.stopped] == ["A2"]
    assert Decimal(0) not in {part.quantity for part in BUY_KO.allocations}


@pytest.fixture
def halted(vault):
    """An order at work whose cancel was handed to a session that was lost under it."""
    venue = resting(vault, SELL)
    with vault.write() as uow:
        cancel(uow, uow.orders.get("R-0001"), at=NOW, why="halt by Rosa")
        (message,) = uow.outbox.waiting("XSIM", 10)
        uow.outbox.mark_handed([message.number], NOW)
    return venue


def test_a_cancel_that_was_lost_with_the_session_is_sent_again(halted):
    """The venue answers our question and shows no sign of it."""
    halted.say("R-0001", ExecType.ORDER_STATUS, OrdStatus.NEW)
    halted.wake()

    assert halted.sent == ["R-0001", "R-0001.2"]
    assert halted.order("R-0001").status is OrdStatus.CANCELED


def test_a_cancel_that_the_venue_is_thinking_about_is_not_sent_again(halted):
    halted.say("R-0001", ExecType.ORDER_STATUS, OrdStatus.PENDING_CANCEL)
    halted.wake()

    assert halted.sent == ["R-0001"]


def test_a_cancel_that_waits_to_be_sent_is_not_doubled(vault):
    venue = resting(vault, SELL)
    with vault.write() as uow:
        cancel(uow, uow.orders.get("R-0001"), at=NOW, why="halt by Rosa")

    venue.say("R-0001", ExecType.ORDER_STATUS, OrdStatus.NEW)

    with vault.read() as uow:
        assert [m.body.cl_ord_id for m in uow.outbox.waiting("XSIM", 10)] == ["R-0001.1"]
