"""Release: whole afternoons, with a venue that answers at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.accounts import CashFlow
from domain.errors import ConfigError
from domain.orders import CancelRequest, ExecType, Order, OrderIntent, OrdStatus, Side
from domain.ports import Vault
from domain.runs import Kill
from domain.snapshot import Restriction
from ledger import positions
from oms.booking import Booking
from oms.cancel import ChangeRefusedError, cancel, change
from oms.doubts import raise_doubts
from oms.purses import purses
from oms.release import Releaser, plan_waves
from oms.release_settings import ReleaseSettings
from oms.seeing_through import ReleaseInterruptedError
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    KO,
    LIMITS,
    NOW,
    RUN,
    SOURCE,
    XOM,
    SetClock,
    SilentWire,
    fill,
    go_out,
    intent,
    lot,
    open_books,
    report,
    snapshot,
)

SETTINGS = ReleaseSettings(
    wave_timeout=timedelta(seconds=5),
    cancel_timeout=timedelta(seconds=5),
    poll_interval=timedelta(milliseconds=1),
    cash_cushion=Decimal(0),
)
BOOK = snapshot(
    (lot("A1", AAPL, 100, "9000"), lot("A2", AAPL, 50, "5000")), {"A1": "1000", "A2": "60"}
)
SELL = intent("R-0001", Side.SELL, AAPL, {"A1": 60, "A2": 40})
BUY_KO = intent("R-0002", Side.BUY, KO, {"A1": 100, "A2": 50})
BUY_XOM = intent("R-0003", Side.BUY, XOM, {"A2": 20})
PLAN = (BUY_KO, SELL, BUY_XOM)

Answer = Callable[["Venue", Order], None]


class Venue:
    """A wire with a venue at its end that answers every message before `wake` returns."""

    def __init__(self, vault: Vault, answer: Answer) -> None:
        self.vault, self.answer, self.sink = vault, answer, Booking()
        self.sent: list[str] = []
        self.reached = ("XSIM", "YSIM")
        self._count = 0

    def wake(self) -> None:
        for venue in self.reached:
            with self.vault.read() as uow:
                messages = uow.outbox.waiting(venue, 100)
            for message in messages:
                with self.vault.write() as uow:
                    uow.outbox.mark_handed([message.number], NOW)
                    name = message.body.cl_ord_id
                    self.sent.append(name)
                    if isinstance(message.body, OrderIntent):
                        go_out(uow, name)
                if isinstance(message.body, OrderIntent):
                    self.say(name, ExecType.NEW, OrdStatus.NEW)
                    self.answer(self, self.order(name))
                elif isinstance(message.body, CancelRequest):
                    self.say(name, ExecType.CANCELED, OrdStatus.CANCELED, cl_ord_id=name)

    def sessions(self) -> tuple:
        return ()

    def unsupported(self, _intent: OrderIntent) -> None:
        return None

    def order(self, name: str) -> Order:
        with self.vault.read() as uow:
            found = uow.orders.get(name)
        assert found is not None
        return found

    def fill(self, name: str, quantity: int, price: str) -> None:
        self._count += 1
        self._take(fill(self.order(name), f"E{self._count}", quantity, price))

    def say(self, name: str, exec_type: ExecType, status: OrdStatus, **changes: object) -> None:
        self._take(report(self.order(name), exec_type, status, **changes))

    def _take(self, message: object) -> None:
        with self.vault.write() as uow:
            assert self.sink.apply(uow, message, NOW) == ()


def fills_everything(venue: Venue, order: Order) -> None:
    target = order.intent
    venue.fill(target.cl_ord_id, int(target.quantity), str(target.reference_price))


def fills_half_of_sells(venue: Venue, order: Order) -> None:
    target = order.intent
    share = 2 if target.side is Side.SELL else 1
    venue.fill(target.cl_ord_id, int(target.quantity) // share, str(target.reference_price))


def keeps_silent(_venue: Venue, _order: Order) -> None:
    """Accepts orders and never trades."""


def resting(vault: Vault, order: OrderIntent) -> Venue:
    """The venue at which `order` rests, and the books that it was decided on."""
    open_books(vault, BOOK)
    venue = Venue(vault, keeps_silent)
    with vault.write() as uow:
        uow.orders.add(order)
        uow.outbox.queue(order.venue, order, NOW)
    venue.wake()
    return venue


def releaser(venue: Venue, clock: SetClock | None = None) -> Releaser:
    steady = clock or SetClock(step=timedelta(seconds=1))
    return Releaser(venue.vault, venue, steady, SETTINGS, LIMITS)


def cash(vault: Vault) -> dict[str, Decimal]:
    with vault.read() as uow:
        return positions.cash(uow.ledger.balances())


def kinds(vault: Vault) -> list[str]:
    with vault.read() as uow:
        return [entry.kind for entry in uow.audit.entries()]


def test_sells_are_planned_before_buys():
    assert plan_waves(PLAN) == ((SELL,), (BUY_KO, BUY_XOM))
    assert plan_waves((BUY_KO,)) == ((BUY_KO,),)
    assert plan_waves(()) == ()


def test_sells_are_done_before_the_buys_that_their_cash_pays_for(vault):
    """Pain 14. A1 needs 6361 dollars for KO and has 1000; its sale brings 8880."""
    open_books(vault, BOOK)
    venue = Venue(vault, fills_everything)

    release = releaser(venue).release(RUN, PLAN, BOOK)

    assert venue.sent == ["R-0001", "R-0002", "R-0003"]
    assert release.released == ("R-0001", "R-0002", "R-0003")
    assert (release.stopped, release.cuts, release.unfinished) == ((), (), ())
    assert cash(vault) == {
        "A1": 1000 + 60 * Decimal(148) - 100 * Decimal("63.61"),
        "A2": 60 + 40 * Decimal(148) - 50 * Decimal("63.61") - 20 * Decimal("111.34"),
    }


def test_partial_sells_fund_partial_buys_and_the_floor_holds(vault):
    open_books(vault, BOOK)
    venue = Venue(vault, fills_half_of_sells)

    release = releaser(venue).release(RUN, PLAN, BOOK)

    assert {cut.account_id for cut in release.cuts} == {"A1", "A2"}
    left = cash(vault)
    # NAV at the snapshot's prices; the mandate keeps one percent of it in cash.
    assert left["A1"] >= Decimal("0.01") * (1000 + 100 * 148)
    assert left["A2"] >= Decimal("0.01") * (60 + 50 * 148)
    assert left["A1"] < Decimal("0.01") * (1000 + 100 * 148) + 64
    assert "release_reduced" in kinds(vault)
    order = venue.order("R-0001")
    assert (order.status, order.cum_qty) == (OrdStatus.CANCELED, 50)


def test_an_order_at_a_silent_venue_is_cancelled_at_the_deadline(vault):
    open_books(vault, BOOK)
    venue = Venue(vault, keeps_silent)

    release = releaser(venue).release(RUN, (SELL,), BOOK)

    assert venue.sent == ["R-0001", "R-0001.1"]
    assert venue.order("R-0001").status is OrdStatus.CANCELED
    assert release.unfinished == ()


def test_an_order_that_was_never_handed_over_is_withdrawn_at_the_deadline(vault):
    """The venue is down: nothing was sent, so nothing has to be cancelled there."""
    open_books(vault, BOOK)
    clock = SetClock(step=timedelta(seconds=1))

    release = Releaser(vault, SilentWire(), clock, SETTINGS, LIMITS).release(RUN, (SELL,), BOOK)

    assert release.unfinished == ()
    with vault.read() as uow:
        assert uow.orders.get("R-0001").status is OrdStatus.UNSENT
        assert uow.outbox.waiting("XSIM", 10) == ()


def test_a_venue_that_answers_nothing_leaves_the_order_unfinished(vault):
    """Handed over, and then silence: it is said, not guessed."""
    open_books(vault, BOOK)
    venue = Venue(vault, keeps_silent)
    venue.say = lambda *_args, **_changes: None

    release = releaser(venue).release(RUN, (SELL,), BOOK)

    assert release.unfinished == ("R-0001",)


def test_an_interrupted_release_goes_on_and_sends_nothing_twice(vault):
    """Pain 1: stopped while the sell was out; the next start finds it filled and buys."""
    open_books(vault, BOOK)
    venue = Venue(vault, keeps_silent)
    first = releaser(venue, SetClock())
    first.stop()
    with pytest.raises(ReleaseInterruptedError, match="resume the run"):
        first.release(RUN, PLAN, BOOK)
    venue.fill("R-0001", 100, "148")
    venue.answer = fills_everything

    release = releaser(venue).release(RUN, PLAN, BOOK)

    assert venue.sent == ["R-0001", "R-0002", "R-0003"]
    assert release.released == ("R-0001", "R-0002", "R-0003")


def test_an_order_that_died_unsent_in_a_crash_goes_out_under_a_new_name(vault):
    """Committed, and then the process was killed: withdrawn at the start, released as R1."""
    open_books(vault, BOOK)
    first = Releaser(vault, SilentWire(), SetClock(), SETTINGS, LIMITS)
    first.stop()
    with pytest.raises(ReleaseInterruptedError):
        first.release(RUN, PLAN, BOOK)
    with vault.write() as uow:
        found = raise_doubts(uow, NOW)
    venue = Venue(vault, fills_everything)

    release = releaser(venue).release(RUN, PLAN, BOOK)
    again = releaser(venue).release(RUN, PLAN, BOOK)

    assert found.withdrawn == ("R-0001",)
    assert venue.sent == ["R-0001-R1", "R-0002", "R-0003"]
    assert release.released == again.released == ("R-0001-R1", "R-0002", "R-0003")


def test_an_order_that_may_have_left_is_in_doubt_and_never_released_again(vault):
    open_books(vault, BOOK)
    first = Releaser(vault, SilentWire(), SetClock(), SETTINGS, LIMITS)
    first.stop()
    with pytest.raises(ReleaseInterruptedError):
        first.release(RUN, (SELL,), BOOK)
    with vault.write() as uow:
        (message,) = uow.outbox.waiting("XSIM", 10)
        uow.outbox.mark_handed([message.number], NOW)
        go_out(uow, "R-0001")

    with vault.write() as uow:
        found = raise_doubts(uow, NOW)
        again = raise_doubts(uow, NOW)
        waiting = [m.body.cl_ord_id for m in uow.outbox.waiting("XSIM", 10)]
        doubtful = uow.orders.get("R-0001")

    assert found.in_doubt == again.in_doubt == ("R-0001",)
    assert found.withdrawn == ()
    assert doubtful.in_doubt
    assert waiting == ["R-0001"]  # One status request, and nothing else.


def test_a_kill_that_was_set_after_the_approval_stops_the_release(vault):
    open_books(vault, BOOK)
    with vault.write() as uow:
        uow.kills.set(Kill(scope="firm", name="", by="Rosa", why="drill", set_at=NOW))
    venue = Venue(vault, fills_everything)

    release = releaser(venue).release(RUN, PLAN, BOOK)

    assert venue.sent == []
    assert [stop.cl_ord_id for stop in release.stopped] == ["R-0001", "R-0002", "R-0003"]


def test_a_restricted_name_is_not_released(vault):
    ban = Restriction(security_id=KO, reason="merger", effective_from=DAY, source=SOURCE)
    open_books(vault, BOOK)
    venue = Venue(vault, fills_everything)

    releaser(venue).release(RUN, PLAN, replace(BOOK, restrictions=(ban,)))

    assert venue.sent == ["R-0001", "R-0003"]


def test_withdrawals_and_buys_at_work_are_spoken_for(vault):
    """A1 has 1000 dollars: 300 are due to the client, and 400 are at work in another order."""
    due = CashFlow(account_id="A1", amount=Decimal(-300), due=DAY, why="tuition", source=SOURCE)
    book = replace(BOOK, flows=(due,))
    open_books(vault, book)
    working = intent("Q-0001", Side.BUY, XOM, {"A1": 4}, limit="100")

    with vault.write() as uow:
        uow.orders.add(working)
        found = purses(uow, book, ["A1"], frozenset(), Decimal(0))
        own = purses(uow, book, ["A1"], frozenset({"Q-0001"}), Decimal(0))

    assert found["A1"].worst == 300
    assert found["A1"].expected == 300 - 158  # One percent of 15,800 stays.
    assert own["A1"].worst == 700


def test_a_cancel_is_asked_for_once(vault):
    resting(vault, SELL)

    with vault.write() as uow:
        once = cancel(uow, uow.orders.get("R-0001"), at=NOW, why="test")
        twice = cancel(uow, uow.orders.get("R-0001"), at=NOW, why="test")
        waiting = uow.outbox.waiting("XSIM", 10)

    assert once == twice
    assert [m.body.cl_ord_id for m in waiting] == ["R-0001.1"]


def test_a_change_never_exceeds_what_was_approved(vault):
    venue = resting(vault, SELL)
    terms = {"limit_price": Decimal(147), "at": NOW, "why": "test", "collar": Decimal("0.03")}

    with vault.write() as uow:
        with pytest.raises(ChangeRefusedError, match="101 is more than the 100 that were approved"):
            change(uow, uow.orders.get("R-0001"), quantity=Decimal(101), **terms)
        moved = change(uow, uow.orders.get("R-0001"), quantity=Decimal(80), **terms)

    assert moved.order_qty == 100  # Until the venue says so.
    venue.say(
        "R-0001",
        ExecType.REPLACED,
        OrdStatus.NEW,
        cl_ord_id="R-0001.1",
        order_qty=Decimal(80),
        leaves_qty=Decimal(80),
        limit_price=Decimal(147),
    )
    order = venue.order("R-0001")
    assert (order.order_qty, order.limit_price, order.current) == (80, Decimal(147), "R-0001.1")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"wave_timeout": timedelta(0)}, "wave_timeout is 0:00:00"),
        ({"cash_cushion": Decimal(-1)}, "cash_cushion is -1"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong, text):
    with pytest.raises(ConfigError, match=text):
        replace(SETTINGS, **wrong)


class NarrowVenue(Venue):
    """A venue whose profile takes purchases only."""

    def unsupported(self, intent: OrderIntent) -> str | None:
        return "XSIM takes no sales" if intent.side is Side.SELL else None


def test_an_order_that_its_venue_does_not_take_is_stopped_before_it_is_committed(vault):
    open_books(vault, BOOK)
    venue = NarrowVenue(vault, fills_everything)

    told = releaser(venue).release(RUN, (SELL, BUY_KO), BOOK)

    whys = [(one.cl_ord_id, one.why) for one in told.stopped]
    assert whys[0] == (SELL.cl_ord_id, "XSIM takes no sales")
    assert SELL.cl_ord_id not in venue.sent
    with vault.read() as view:
        assert view.orders.get(SELL.cl_ord_id) is None
