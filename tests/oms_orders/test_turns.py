"""Turns: a large order goes out in parts over time, and the cash goes round with it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotDueError
from domain.orders import ExecType, OrdStatus, Routed, Side
from domain.runs import Kill
from ledger.reconcile import intended_against_executed
from oms.cancel import cancel
from oms.generations import carried, root_of, standing
from oms.release import Release, Releaser
from oms.routing import Attempt, Route
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    KO,
    LIMITS,
    NOW,
    RUN,
    SetClock,
    intent,
    lot,
    open_books,
    security,
    snapshot,
)
from tests.oms_orders.test_next_choice import Street, fills_some_and_expires
from tests.oms_orders.test_release import SETTINGS, fills_everything, keeps_silent

STEP = timedelta(minutes=10)
WHY = Routed(rule="slow", why="a test")
BOOK = snapshot((lot("A1", AAPL, 100, "9000"), lot("A2", AAPL, 50, "5000")), {"A1": "200"})
SELL = replace(intent("R-0001", Side.SELL, AAPL, {"A1": 60, "A2": 41}), routed=WHY)
BUY = replace(intent("R-0002", Side.BUY, KO, {"A1": 100}), routed=WHY)


def sliced(order, count: int = 4, start: datetime = NOW) -> Route:
    times = tuple(start + n * STEP for n in range(count))
    return Route(attempts=(Attempt(intent=order),), times=times)


def at_once(order) -> Route:
    return Route(attempts=(Attempt(intent=order),))


class Afternoon:
    """A desk whose release is called again whenever it is due."""

    def __init__(self, vault, answer, book=BOOK) -> None:
        open_books(vault, book)
        self.street, self.book = Street(vault, answer), book
        self.clock = SetClock(step=timedelta(seconds=0.1))
        self.releaser = Releaser(vault, self.street, self.clock, SETTINGS, LIMITS)
        self.due: list[timedelta] = []

    def release(self, *routes: Route, between=lambda: None) -> Release:
        while True:
            try:
                return self.releaser.release(RUN, routes, self.book)
            except NotDueError as error:
                self.due.append(error.at - NOW)
                between()
                self.clock.time = error.at

    def orders(self) -> list:
        with self.street.vault.read() as view:
            return list(view.orders.of_run(RUN))

    def quantities(self, order) -> list[Decimal]:
        names = order.cl_ord_id
        return [o.intent.quantity for o in self.orders() if root_of(o.intent.cl_ord_id) == names]


def test_a_large_order_goes_out_in_parts_at_their_times(vault):
    day = Afternoon(vault, fills_everything)

    release = day.release(sliced(SELL))

    assert day.street.sent == ["R-0001", "R-0001-S2", "R-0001-S3", "R-0001-S4"]
    assert day.due == [STEP, 2 * STEP, 3 * STEP]
    assert day.quantities(SELL) == [25, 25, 25, 26]  # Of 60 and 41, in whole shares of each.
    assert release.released == tuple(day.street.sent)
    orders = day.orders()
    assert intended_against_executed(standing(orders), carried(orders)) == ()
    assert [order.intent.routed.follows for order in orders] == [None, *day.street.sent[:3]]


def test_what_a_part_left_comes_along_with_the_next(vault):
    def half(street, order) -> None:
        street.fill(order.intent.cl_ord_id, int(order.intent.quantity) // 2, "148")

    day = Afternoon(vault, half)

    day.release(sliced(SELL))

    assert day.quantities(SELL) == [25, 38, 44, 48]
    orders = day.orders()
    assert sum(order.cum_qty for order in orders) == 12 + 19 + 22 + 24
    (found,) = intended_against_executed(standing(orders), carried(orders))
    assert found.subject == "R-0001-S4"


def test_buys_are_paid_by_the_parts_of_the_sells_as_they_fill(vault):
    """Each part of the sale pays for what it can of the purchase, which has no times itself."""
    day = Afternoon(vault, fills_everything)

    day.release(sliced(SELL), at_once(BUY))

    bought = [o for o in day.orders() if o.intent.side is Side.BUY]
    assert day.street.sent[:3] == ["R-0001", "R-0002-S2", "R-0001-S2"]
    assert bought[0].cum_qty < 40
    assert sum(order.cum_qty for order in bought) == 100
    with vault.read() as view:
        assert view.ledger.balances()["client:A1", "USD"] > 0


def test_parts_whose_time_has_passed_go_out_as_one(vault):
    """Approved late: what should have been done by now is done at once."""
    day = Afternoon(vault, fills_everything)

    day.release(sliced(SELL, start=NOW - 2 * STEP - timedelta(minutes=1)))

    assert day.street.sent == ["R-0001-S3", "R-0001-S4"]
    assert day.quantities(SELL) == [75, 26]


def test_a_restart_between_two_parts_goes_on_with_the_next(vault):
    day = Afternoon(vault, fills_everything)
    with pytest.raises(NotDueError):
        day.releaser.release(RUN, (sliced(SELL),), BOOK)

    day.releaser = Releaser(vault, day.street, day.clock, SETTINGS, LIMITS)
    day.release(sliced(SELL))

    assert day.street.sent == ["R-0001", "R-0001-S2", "R-0001-S3", "R-0001-S4"]


def test_a_part_that_a_person_took_back_is_the_last(vault):
    day = Afternoon(vault, keeps_silent)

    def taken_back(street, order) -> None:
        with vault.write() as uow:
            cancel(uow, uow.orders.get(order.intent.cl_ord_id), at=NOW, why="enough", by="Rosa")
        street.wake()

    day.street.answer = taken_back
    day.release(sliced(SELL))

    assert day.street.sent == ["R-0001", "R-0001.1"]


def test_an_account_that_was_halted_once_stays_out_of_the_later_parts(vault):
    day = Afternoon(vault, fills_everything)
    halt = Kill(scope="account", name="A1", by="Rosa", why="drill", set_at=NOW)
    with vault.write() as uow:
        uow.kills.set(halt)

    def lifted() -> None:
        with vault.write() as uow:
            uow.kills.lift("account", "A1", "Paul", NOW)

    day.release(sliced(SELL), between=lifted)

    parts = {part.account_id for order in day.orders() for part in order.intent.allocations}
    assert parts == {"A2"}
    assert sum(day.quantities(SELL)) == 41


def test_the_rest_of_a_part_goes_to_the_next_choice_before_the_next_part(vault):
    first = Attempt(intent=SELL)
    second = Attempt(intent=replace(SELL, venue="YSIM", routed=replace(WHY, choice=2)))
    day = Afternoon(vault, fills_some_and_expires)
    route = replace(sliced(SELL, 2), attempts=(first, second))

    day.release(route)

    assert day.street.sent == ["R-0001", "R-0001-R1", "R-0001-S2", "R-0001-S2-R1"]
    assert sum(order.cum_qty for order in day.orders()) == 101


def test_an_order_that_works_for_hours_is_left_alone_until_its_end(vault):
    """The release comes back to it; other runs are walked meanwhile."""
    until = NOW + timedelta(minutes=3)
    route = Route(attempts=(Attempt(intent=SELL, works_until=until),))
    day = Afternoon(vault, keeps_silent)

    day.release(route)

    assert len(day.due) == 3
    assert day.due[-1] == timedelta(minutes=3)
    (order,) = day.orders()
    assert order.status is OrdStatus.CANCELED
    assert day.street.sent == ["R-0001", "R-0001.1"]


def test_an_order_that_works_for_hours_and_fills_meanwhile_lets_the_buys_go(vault):
    until = NOW + timedelta(hours=1)
    route = Route(attempts=(Attempt(intent=SELL, works_until=until),))
    day = Afternoon(vault, keeps_silent)

    def filled() -> None:
        if len(day.due) == 3:
            day.street.answer = fills_everything
            day.street.fill("R-0001", 101, "148")

    day.release(route, at_once(BUY), between=filled)

    assert day.street.sent == ["R-0001", "R-0002"]
    assert len(day.due) == 3


def test_the_rules_are_asked_once_about_a_wave_however_often_the_release_comes_back(vault):
    """The sell fills in part, so its account's buys are asked about; then a part is waited for."""
    asked = []

    def half_of_sells(street, order) -> None:
        quantity = int(order.intent.quantity)
        street.fill(order.intent.cl_ord_id, quantity if order.intent.side is Side.BUY else 5, "148")

    later = replace(BUY, cl_ord_id="R-0003")
    day = Afternoon(vault, half_of_sells)
    routes = (at_once(SELL), at_once(BUY), sliced(later, 3, NOW + STEP))

    while True:
        try:
            day.releaser.release(
                RUN, routes, BOOK, lambda wave, _: asked.append([o.cl_ord_id for o in wave]) or {}
            )
        except NotDueError as error:
            day.clock.time = error.at
        else:
            break

    assert asked[0] == ["R-0002"]
    assert asked.count(["R-0002"]) == 1
    assert all(asked.count(wave) == 1 for wave in asked)


def test_what_is_over_the_participation_limit_stays_out_with_its_reason(vault):
    route = replace(at_once(SELL), most=Decimal(50), why_most="at most 5 % of 1,000 may go out")
    day = Afternoon(vault, fills_everything)

    release = day.release(route)

    assert day.quantities(SELL) == [50]
    assert [(cut.account_id, cut.funded) for cut in release.cuts] == [("A1", 30), ("A2", 20)]
    assert release.cuts[0].why == (
        "at most 5 % of 1,000 may go out, and 0 are: A1 trades 30 of 60 AAPL"
    )


def test_the_limit_is_of_all_parts_together(vault):
    route = replace(sliced(SELL), most=Decimal(60), why_most="at most 60")
    day = Afternoon(vault, fills_everything)

    day.release(route)

    assert day.quantities(SELL) == [25, 25, 10]


def test_orders_go_out_in_round_lots(vault):
    lots_of_ten = tuple(
        replace(security(name), lot_size=10) if name == AAPL else security(name)
        for name in (AAPL, KO)
    )
    day = Afternoon(vault, fills_everything, replace(BOOK, securities=lots_of_ten))

    release = day.release(at_once(SELL))

    assert day.quantities(SELL) == [100]
    (cut,) = release.cuts
    assert cut.wanted - cut.funded == 1
    assert cut.why.startswith("it trades in round lots of 10: ")


@given(
    st.dictionaries(st.sampled_from(["A1", "A2", "A3"]), st.integers(1, 60), min_size=1),
    st.integers(1, 5),
    st.lists(st.integers(0, 70), min_size=5, max_size=5),
)
def test_parts_never_exceed_the_whole_and_end_with_all_of_it(parts, count, fills):
    book = snapshot([lot(account, AAPL, quantity, "900") for account, quantity in parts.items()])
    whole = replace(intent("R-0001", Side.SELL, AAPL, parts), routed=WHY)
    plan = iter(fills)

    def answer(street, order) -> None:
        name, wanted = order.intent.cl_ord_id, int(order.intent.quantity)
        if some := min(next(plan), wanted):
            street.fill(name, some, "148")
        if some < wanted:
            street.say(name, ExecType.EXPIRED, OrdStatus.EXPIRED)

    day = Afternoon(MemoryVault(), answer, book)
    day.release(sliced(whole, count))

    orders = day.orders()
    done = Decimal(0)
    for order in orders:
        assert done + order.intent.quantity <= whole.quantity
        done += order.cum_qty
    last = orders[-1] if orders else None
    if last is not None and last.intent.cl_ord_id == f"R-0001-S{count}":
        assert done - last.cum_qty + last.intent.quantity == whole.quantity
    with day.street.vault.read() as view:
        assert all(one.quantity >= 0 for one in view.ledger.lots(None, AAPL))
