"""The next choice: the rest of a certainly dead order goes on, and never more than was meant."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codec import decode
from domain.orders import (
    CancelRequest,
    ExecType,
    OrderIntent,
    OrdStatus,
    OrdType,
    Routed,
    Side,
    TimeInForce,
)
from domain.ports import SessionState
from domain.runs import Kill
from ledger.reconcile import intended_against_executed
from oms.booking import Booking
from oms.cancel import cancel
from oms.family import within_parents
from oms.generations import carried, standing
from oms.release import Releaser
from oms.rests import is_certainly_dead
from oms.routing import Attempt, Route
from oms.seeing_through import ReleaseInterruptedError
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
    report,
    snapshot,
)
from tests.oms_orders.test_release import SETTINGS, Venue, fills_everything, kinds

BOOK = snapshot(
    (lot("A1", AAPL, 100, "9000"), lot("A2", AAPL, 50, "5000")), {"A1": "9000", "A2": "900"}
)
SELL = intent("R-0001", Side.SELL, AAPL, {"A1": 60, "A2": 40})
BUY = intent("R-0002", Side.BUY, KO, {"A1": 100})


class Street(Venue):
    """Venues whose sessions stand, unless they are down."""

    def __init__(self, vault, answer, *, down=()) -> None:
        super().__init__(vault, answer)
        self.down = set(down)

    def sessions(self) -> tuple:
        return tuple(
            SessionState(
                session=f"FIX.4.4:TRIMTAB->{venue}",
                venue=venue,
                logged_on=True,
                gate_open=venue not in self.down,
                next_sender=1,
                next_target=1,
                durable_target=0,
                queue_depth=0,
                in_doubt=0,
            )
            for venue in ("XSIM", "YSIM")
        )


def by_choices(first: OrderIntent, *others: dict, patience: int | None = None) -> Route:
    """An order with choices: as it is, then with these changes."""
    terms = [{}, *others]
    attempts = (
        Attempt(
            intent=replace(first, **changes, routed=Routed(rule="it", why="a test", choice=n)),
            patience_seconds=patience if n < len(terms) else None,
        )
        for n, changes in enumerate(terms, start=1)
    )
    return Route(attempts=tuple(attempts))


def at_once(order: OrderIntent) -> Route:
    return Route(attempts=(Attempt(intent=order),))


BOTH = frozenset({"XSIM", "YSIM"})
ELSEWHERE = {"venue": "YSIM"}
AT_MARKET = {"ord_type": OrdType.MARKET, "limit_price": None}
ROUTE = by_choices(SELL, ELSEWHERE, AT_MARKET)


def releaser(street: Venue, clock: SetClock | None = None) -> Releaser:
    steady = clock or SetClock(step=timedelta(seconds=0.25))
    return Releaser(street.vault, street, steady, SETTINGS, LIMITS)


def rejects_at_first(street: Venue, order) -> None:
    """XSIM takes nothing, YSIM everything."""
    if order.intent.venue == "XSIM":
        street.say(order.intent.cl_ord_id, ExecType.REJECTED, OrdStatus.REJECTED, reason="closed")
    else:
        fills_everything(street, order)


def fills_some_and_expires(street: Venue, order) -> None:
    name = order.intent.cl_ord_id
    if order.intent.venue == "YSIM":
        fills_everything(street, order)
        return
    street.fill(name, 35, "148")
    street.say(name, ExecType.EXPIRED, OrdStatus.EXPIRED, leaves_qty=Decimal(0))


def orders(vault) -> list:
    with vault.read() as view:
        return list(view.orders.of_run(RUN))


def test_a_rejected_order_goes_to_the_next_choice_and_says_what_it_follows(vault):
    open_books(vault, BOOK)
    street = Street(vault, rejects_at_first)
    street.say = accepting_rejects(street)

    release = releaser(street).release(RUN, (ROUTE,), BOOK)

    first, second = orders(vault)
    assert street.sent == ["R-0001", "R-0001-R1"]
    assert (first.status, second.status) == (OrdStatus.REJECTED, OrdStatus.FILLED)
    assert second.intent.venue == "YSIM"
    assert second.intent.routed == Routed(rule="it", why="a test", choice=2, follows="R-0001")
    assert release.released == ("R-0001", "R-0001-R1")
    assert intended_against_executed(standing((first, second)), carried((first, second))) == ()


def accepting_rejects(street: Venue):
    """A rejection comes instead of the acceptance, not after it."""
    usual = Venue.say

    def say(name, exec_type, status, **changes):
        if exec_type is ExecType.NEW and street.order(name).intent.venue == "XSIM":
            return
        usual(street, name, exec_type, status, **changes)

    return say


def test_the_rest_of_a_part_filled_order_goes_on_account_by_account(vault):
    """35 of 100 were given as 21 and 14; 39 and 26 are left."""
    open_books(vault, BOOK)
    street = Street(vault, fills_some_and_expires)

    releaser(street).release(RUN, (ROUTE,), BOOK)

    first, second = orders(vault)
    parts = {part.account_id: part.quantity for part in second.intent.allocations}
    assert (first.cum_qty, second.intent.quantity) == (35, 65)
    assert parts == {"A1": 39, "A2": 26}
    with vault.read() as view:
        held = {one.account_id: one.quantity for one in view.ledger.lots(None, AAPL)}
    assert held == {"A1": 40, "A2": 10}
    assert intended_against_executed(standing((first, second)), carried((first, second))) == ()


def test_what_goes_on_was_decided_when_the_first_was_and_arrives_when_it_is_committed(vault):
    open_books(vault, BOOK)

    releaser(Street(vault, fills_some_and_expires)).release(RUN, (ROUTE,), BOOK)

    first, second = (order.intent for order in orders(vault))
    assert first.decided_at == second.decided_at == NOW
    assert NOW < first.arrived_at < second.arrived_at
    assert first.arrival_price == second.arrival_price == 148


def test_what_is_not_filled_in_its_time_is_taken_back_and_goes_on(vault):
    open_books(vault, BOOK)
    street = Street(vault, lambda s, o: fills_everything(s, o) if o.intent.venue == "YSIM" else 0)
    route = by_choices(SELL, ELSEWHERE, patience=1)

    releaser(street).release(RUN, (route,), BOOK)

    assert street.sent == ["R-0001", "R-0001.1", "R-0001-R1"]
    with vault.read() as view:
        asked = [e for e in view.audit.about("R-0001") if e.kind == "cancel_requested"]
    assert [entry.actor for entry in asked] == ["router"]


def test_what_never_left_us_goes_on_though_the_session_of_its_venue_is_down(vault):
    """It waited for XSIM in the outbox, was withdrawn there, and nothing of it is anywhere."""
    open_books(vault, BOOK)
    street = Street(vault, fills_everything, down=("XSIM",))
    street.reached = ("YSIM",)

    releaser(street).release(RUN, (by_choices(SELL, ELSEWHERE, patience=1),), BOOK)

    first, second = orders(vault)
    assert street.sent == ["R-0001-R1"]
    assert (first.status, second.status) == (OrdStatus.UNSENT, OrdStatus.FILLED)
    assert intended_against_executed(standing((first, second)), carried((first, second))) == ()


@pytest.mark.parametrize("who", ["Rosa", "oms"])
def test_what_was_decided_or_had_its_time_does_not_go_on(vault, who):
    open_books(vault, BOOK)

    def taken_back(street, order) -> None:
        with street.vault.write() as uow:
            cancel(uow, uow.orders.get(order.intent.cl_ord_id), at=NOW, why="enough", by=who)
        street.wake()

    street = Street(vault, taken_back)
    releaser(street).release(RUN, (ROUTE,), BOOK)

    assert street.sent == ["R-0001", "R-0001.1"]


def test_a_person_who_asks_for_the_same_cancel_is_heard(vault):
    """The router has asked already; the person's wish is not lost in it."""
    open_books(vault, BOOK)
    street = Street(vault, lambda *_: None)
    usual = street.wake
    street.wake = lambda: seconded(street, usual)

    def seconded(street, usual) -> None:
        with street.vault.write() as uow:
            for order in uow.orders.open():
                if order.pending:
                    cancel(uow, order, at=NOW, why="enough", by="Rosa")
        usual()

    releaser(street).release(RUN, (by_choices(SELL, ELSEWHERE, patience=1),), BOOK)

    assert street.sent == ["R-0001", "R-0001.1"]
    assert "cancel_seconded" in kinds(vault)


def test_nothing_goes_on_while_the_session_of_its_venue_is_down(vault):
    """What it traded meanwhile is not known yet."""
    open_books(vault, BOOK)
    street = Street(vault, fills_some_and_expires, down=("XSIM",))

    release = releaser(street).release(RUN, (ROUTE,), BOOK)

    assert street.sent == ["R-0001"]
    assert release.unfinished == ()


def test_it_goes_on_when_the_session_is_up_again(vault):
    open_books(vault, BOOK)
    street = Street(vault, fills_some_and_expires, down=("XSIM",))
    looks = iter(range(100))
    states = street.sessions

    def sessions() -> tuple:
        if next(looks) > 3:
            street.down.clear()
        return states()

    street.sessions = sessions

    releaser(street).release(RUN, (ROUTE,), BOOK)

    assert street.sent == ["R-0001", "R-0001-R1"]


def test_nothing_goes_on_while_the_venue_says_more_than_we_have(vault):
    """CumQty 50 at its end, 35 by our fills: the missing ones may be of any size."""
    open_books(vault, BOOK)

    def says_more(street, order) -> None:
        name = order.intent.cl_ord_id
        street.fill(name, 35, "148")
        with street.vault.write() as uow:
            ended = report(
                uow.orders.get(name), ExecType.CANCELED, OrdStatus.CANCELED, cum_qty=Decimal(50)
            )
            Booking().apply(uow, ended, NOW)

    street = Street(vault, says_more)
    releaser(street).release(RUN, (ROUTE,), BOOK)

    assert street.sent == ["R-0001"]


WISH = CancelRequest(cl_ord_id="R-0001.1", orig_cl_ord_id="R-0001", requested_at=NOW, why="a test")


@pytest.mark.parametrize(
    ("changes", "gates", "dead"),
    [
        ({}, BOTH, True),
        ({}, {"YSIM"}, False),
        ({"in_doubt": True}, BOTH, False),
        ({"pending": (WISH,)}, BOTH, False),
        ({"status": OrdStatus.PARTIALLY_FILLED}, BOTH, False),
        ({"cum_qty": Decimal(36)}, BOTH, False),
        ({"status": OrdStatus.UNSENT, "sent": False}, frozenset(), True),
        ({"status": OrdStatus.DONE_FOR_DAY}, BOTH, True),
    ],
)
def test_dead_is_only_what_nothing_can_come_of_any_more(vault, changes, gates, dead):
    open_books(vault, BOOK)
    releaser(Street(vault, fills_some_and_expires)).release(RUN, (at_once(SELL),), BOOK)
    (order,) = orders(vault)

    with vault.read() as view:
        assert is_certainly_dead(view, replace(order, **changes), frozenset(gates)) is dead


def test_an_order_for_days_that_is_done_for_today_is_not_dead(vault):
    open_books(vault, BOOK)
    lasting = replace(SELL, time_in_force=TimeInForce.GTC)
    releaser(Street(vault, fills_some_and_expires)).release(RUN, (at_once(lasting),), BOOK)
    (order,) = orders(vault)
    done = replace(order, status=OrdStatus.DONE_FOR_DAY)

    with vault.read() as view:
        assert not is_certainly_dead(view, done, BOTH)


def test_the_whole_of_a_rejected_order_may_go_to_its_venue_again_in_another_way(vault):
    """Within the window in which the same order for the same accounts is a mistake."""
    open_books(vault, BOOK)

    def no_limits(street, order) -> None:
        if order.intent.ord_type is OrdType.LIMIT:
            street.say(order.intent.cl_ord_id, ExecType.REJECTED, OrdStatus.REJECTED)
        else:
            fills_everything(street, order)

    street = Street(vault, no_limits)
    usual = street.say
    street.say = lambda name, kind, status, **changes: (
        None if kind is ExecType.NEW else usual(name, kind, status, **changes)
    )

    release = releaser(street).release(RUN, (by_choices(SELL, AT_MARKET),), BOOK)

    assert release.stopped == ()
    assert street.sent == ["R-0001", "R-0001-R1"]


def test_what_would_exceed_its_block_is_not_committed(vault):
    """Whoever asks for it: 35 shares are done, so 66 more are one too many."""
    open_books(vault, BOOK)
    releaser(Street(vault, fills_some_and_expires)).release(RUN, (at_once(SELL),), BOOK)
    parts = SELL.allocations
    more = [replace(parts[0], quantity=Decimal(40)), replace(parts[1], quantity=Decimal(26))]
    over = replace(SELL, cl_ord_id="R-0001-R1", quantity=Decimal(66), allocations=tuple(more))
    within = replace(
        over,
        quantity=Decimal(65),
        allocations=(replace(more[0], quantity=Decimal(39)), more[1]),
    )

    with vault.read() as view:
        refused = within_parents(view, (over,), {"R-0001": ROUTE})
        admitted = within_parents(view, (within,), {"R-0001": ROUTE})

    assert refused.intents == ()
    assert refused.stopped[0].why == "with 40 more, A1 would have 61 of 60 shares"
    assert admitted.intents == (within,)


def test_a_halt_stops_what_would_go_on(vault):
    open_books(vault, BOOK)

    def halted(street, order) -> None:
        with street.vault.write() as uow:
            uow.kills.set(Kill(scope="venue", name="YSIM", by="Rosa", why="drill", set_at=NOW))
        fills_some_and_expires(street, order)

    street = Street(vault, halted)
    release = releaser(street).release(RUN, (ROUTE,), BOOK)

    assert street.sent == ["R-0001"]
    assert [stop.cl_ord_id for stop in release.stopped] == ["R-0001-R1"]


def test_the_rules_are_asked_again_of_what_goes_on(vault):
    open_books(vault, BOOK)
    street = Street(vault, fills_some_and_expires)
    asked = []

    def recheck(wave, accounts):
        asked.append(([one.cl_ord_id for one in wave], accounts))
        return {"A2": "it would break a rule"}

    releaser(street).release(RUN, (ROUTE,), BOOK, recheck)

    assert asked == [(["R-0001-R1"], frozenset({"A1", "A2"}))]
    second = orders(vault)[1]
    assert [(part.account_id, part.quantity) for part in second.intent.allocations] == [("A1", 39)]


def test_buys_wait_for_the_last_choice_of_the_sells(vault):
    """A1 has no cash: its sale elsewhere pays for what it buys."""
    poor = snapshot(BOOK.lots, {})
    open_books(vault, poor)
    street = Street(vault, fills_some_and_expires)

    releaser(street).release(RUN, (BUY, ROUTE), poor)

    assert street.sent == ["R-0001", "R-0001-R1", "R-0002"]


def test_a_release_that_was_cut_off_goes_on_with_the_rest_once(vault):
    open_books(vault, BOOK)
    street = Street(vault, lambda *_: None)
    first = releaser(street, SetClock())
    first.stop()
    with pytest.raises(ReleaseInterruptedError):
        first.release(RUN, (ROUTE,), BOOK)
    fills_some_and_expires(street, street.order("R-0001"))
    street.answer = fills_some_and_expires

    again = releaser(street).release(RUN, (ROUTE,), BOOK)
    once_more = releaser(street).release(RUN, (ROUTE,), BOOK)

    assert street.sent == ["R-0001", "R-0001-R1"]
    assert again.released == once_more.released == ("R-0001", "R-0001-R1")


def test_a_choice_that_the_venue_has_no_words_for_is_passed_by(vault):
    open_books(vault, BOOK)
    street = Street(vault, fills_everything)
    street.unsupported = lambda order: "no market orders" if order.venue == "XSIM" else None

    releaser(street).release(RUN, (ROUTE,), BOOK)

    (only,) = orders(vault)
    assert (only.intent.cl_ord_id, only.intent.venue) == ("R-0001", "YSIM")
    assert only.intent.routed is not None
    assert only.intent.routed.choice == 2


def test_an_order_that_stays_for_days_is_neither_waited_for_nor_taken_back(vault):
    open_books(vault, BOOK)
    street = Street(vault, lambda *_: None)
    lasting = replace(SELL, time_in_force=TimeInForce.GTC)
    route = Route(attempts=(Attempt(intent=lasting, rests=True),))

    release = releaser(street).release(RUN, (route,), BOOK)

    assert street.sent == ["R-0001"]
    assert (release.resting, release.unfinished) == (("R-0001",), ())


fates = st.sampled_from(["fill", "part", "reject", "expire", "late"])


@given(
    st.lists(fates, min_size=4, max_size=4),
    st.dictionaries(st.sampled_from(["A1", "A2", "A3"]), st.integers(1, 97), min_size=1),
    st.integers(0, 96),
)
def test_children_never_exceed_their_parent(fate, parts, filled):
    """In count, in shares of each account and in notional at the parent's limit."""
    held = {account: quantity + 5 for account, quantity in parts.items()}
    book = snapshot([lot(account, AAPL, quantity, "900") for account, quantity in held.items()])
    vault, plan = MemoryVault(), iter(fate)
    open_books(vault, book)
    parent = intent("R-0001", Side.SELL, AAPL, parts)

    def answer(street, order) -> None:
        name, todo = order.intent.cl_ord_id, next(plan)
        some = min(filled, int(order.intent.quantity) - 1)
        if todo == "fill":
            fills_everything(street, order)
            return
        if todo in ("part", "late") and some:
            street.fill(name, some, "148")
        if todo == "reject" and not order.cum_qty:
            street.say(name, ExecType.REJECTED, OrdStatus.REJECTED)
        elif todo != "late":
            street.say(name, ExecType.EXPIRED, OrdStatus.EXPIRED)

    street = Street(vault, answer)
    route = by_choices(parent, ELSEWHERE, {}, ELSEWHERE, patience=1)
    releaser(street).release(RUN, (route,), book)

    family = orders(vault)
    did: defaultdict = defaultdict(Decimal)
    with vault.read() as view:
        for one in view.ledger.lots(None, AAPL):
            did[one.account_id] = held[one.account_id] - one.quantity
        released = [
            decode(OrderIntent, entry.body)
            for entry in view.audit.entries()
            if entry.kind == "order_released"
        ]
    assert len(family) <= len(route.attempts)
    assert max(Counter(one.cl_ord_id for one in released).values()) == 1
    assert sum(order.cum_qty for order in family) <= parent.quantity
    assert all(did[account] <= quantity for account, quantity in parts.items())
    done = Decimal(0)
    for order in family:
        assert done + order.intent.quantity <= parent.quantity
        done += order.cum_qty
    assert sum(order.gross for order in family) <= parent.quantity * 148
