"""The fold of an order's events: what holds for every story, and a few stories."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.codec import decode, encode
from domain.order_states import apply, open_order
from domain.order_table import ALLOWED
from domain.orders import (
    CLOSED,
    Allocation,
    CancelReject,
    CancelRequest,
    DoubtRaised,
    DoubtSettled,
    ExecType,
    ExecutionReport,
    NeverSent,
    Order,
    OrderIntent,
    OrdStatus,
    OrdType,
    ReplaceRequest,
    Sent,
    Settlement,
    Side,
    TimeInForce,
)

AT = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
INTENT = OrderIntent(
    cl_ord_id="X",
    run_id=UUID(int=1),
    venue="XSIM",
    security_id="US0378331005",
    symbol="AAPL",
    side=Side.BUY,
    quantity=Decimal(1000),
    ord_type=OrdType.LIMIT,
    limit_price=Decimal(150),
    time_in_force=TimeInForce.DAY,
    reference_price=Decimal(148),
    trade_date=date(2022, 11, 30),
    decided_at=AT,
    allocations=(Allocation(account_id="A1", quantity=Decimal(1000)),),
)
SENT = apply(open_order(INTENT), Sent(cl_ord_id="X", sent_at=AT))[0]
BLANK = ExecutionReport(
    venue="XSIM",
    exec_id="0",
    order_id="V1",
    cl_ord_id="X",
    orig_cl_ord_id=None,
    exec_type=ExecType.NEW,
    ord_status=OrdStatus.NEW,
    symbol="AAPL",
    side=Side.BUY,
    order_qty=Decimal(1000),
    cum_qty=Decimal(0),
    leaves_qty=Decimal(1000),
    avg_px=None,
    last_qty=Decimal(0),
    last_px=None,
    limit_price=None,
    commission=Decimal(0),
    exec_ref_id=None,
    reason="",
    trade_date=date(2022, 11, 30),
    transact_time=AT,
)


def says(
    order: Order, exec_type: ExecType, status: OrdStatus, **changes: object
) -> ExecutionReport:
    """A report that agrees with our quantities unless told otherwise."""
    leaves = Decimal(0) if status in CLOSED else order.order_qty - order.cum_qty
    usual = {"cum_qty": order.cum_qty, "leaves_qty": leaves, "order_qty": order.order_qty}
    return replace(BLANK, exec_type=exec_type, ord_status=status, **(usual | changes))


def fill(
    order: Order, quantity: int, price: str, exec_id: str, **changes: object
) -> ExecutionReport:
    done = order.cum_qty + quantity
    filled = done >= order.order_qty
    status = OrdStatus.FILLED if filled else OrdStatus.PARTIALLY_FILLED
    usual: dict[str, object] = {
        "cum_qty": done,
        "leaves_qty": max(Decimal(0), order.order_qty - done),
        "last_qty": Decimal(quantity),
        "last_px": Decimal(price),
        "exec_id": exec_id,
    }
    return says(order, ExecType.TRADE, status, **(usual | changes))


def kinds(alarms: tuple) -> list[str]:
    return [alarm.kind for alarm in alarms]


def after(order: Order, *events: object) -> Order:
    for event in events:
        order, _ = apply(order, event)
    return order


NEW = after(SENT, says(SENT, ExecType.NEW, OrdStatus.NEW))


def any_report() -> st.SearchStrategy[ExecutionReport]:
    quantities = st.integers(0, 1500).map(Decimal)
    return st.builds(
        replace,
        st.just(BLANK),
        exec_type=st.sampled_from(ExecType),
        ord_status=st.sampled_from(OrdStatus),
        exec_id=st.integers(1, 6).map(str),
        exec_ref_id=st.none() | st.integers(1, 6).map(str),
        cum_qty=quantities,
        leaves_qty=quantities,
        last_qty=quantities,
        last_px=st.none() | st.integers(1, 20000).map(lambda n: Decimal(n) / 100),
        order_qty=st.none() | st.integers(1, 1500).map(Decimal),
        commission=st.integers(0, 500).map(lambda n: Decimal(n) / 100),
        cl_ord_id=st.sampled_from(["X", "Y"]),
        ord_rej_reason=st.sampled_from([None, 1, 5, 6]),
    )


def any_event() -> st.SearchStrategy:
    refusal = st.builds(
        CancelReject,
        venue=st.just("XSIM"),
        cl_ord_id=st.sampled_from(["Y", "Q"]),
        orig_cl_ord_id=st.just("X"),
        order_id=st.just("V1"),
        ord_status=st.sampled_from(OrdStatus),
        cxl_rej_reason=st.sampled_from([0, 1, 3]),
        reason=st.just(""),
        transact_time=st.just(AT),
    )
    doubt = st.just(DoubtRaised(cl_ord_id="X", at=AT, why="lost"))
    never = st.just(NeverSent(cl_ord_id="X", at=AT, why="unsent"))
    return any_report() | refusal | doubt | never


@given(st.lists(any_event(), max_size=12), st.integers(0, 12))
def test_whatever_a_venue_says_the_quantities_are_the_sum_of_standing_fills(events, place):
    """Any reports in any order, a replace in between: invariants 10 to 12 hold after each."""
    order = SENT
    wish = ReplaceRequest(
        cl_ord_id="Y",
        orig_cl_ord_id="X",
        quantity=Decimal(500),
        limit_price=None,
        requested_at=AT,
        why="",
    )
    for event in [*events[:place], wish, *events[place:]]:
        before = order
        order, _ = apply(order, event)

        assert order.cum_qty == sum(f.quantity for f in order.fills)
        assert order.gross == sum(f.quantity * f.price for f in order.fills)
        assert order.commission == sum(f.commission for f in order.fills)
        expected = 0 if order.is_closed else max(0, order.order_qty - order.cum_qty)
        assert order.leaves_qty == expected
        assert order.chain[: len(before.chain)] == before.chain
        assert order.current in order.chain
        if isinstance(event, ExecutionReport) and order.status is not before.status:
            assert order.status in ALLOWED[before.status, event.exec_type]


@given(st.lists(any_event(), max_size=8))
def test_an_ended_order_never_works_again_by_itself(events):
    """Cancelled is cancelled: late fills, busts and status answers do not reopen it."""
    cancelled = after(NEW, says(NEW, ExecType.CANCELED, OrdStatus.CANCELED))

    order = after(cancelled, *events)

    is_complete = order.cum_qty >= order.order_qty
    ends = {OrdStatus.FILLED} if is_complete and order.fills else {OrdStatus.CANCELED}
    assert order.status in {*ends, OrdStatus.CALCULATED}
    assert order.leaves_qty == 0


@given(any_report(), any_report())
def test_an_execution_that_stands_is_recognised(first, second):
    """The same ExecID again changes nothing: no quantity, no status, no alarm."""
    trade = replace(first, exec_type=ExecType.TRADE, last_qty=Decimal(10), exec_id="1")
    order = after(NEW, trade)

    again, alarms = apply(order, replace(second, exec_type=ExecType.TRADE, exec_id="1"))

    assert again == order
    assert alarms == ()


@given(st.lists(any_event(), max_size=6))
def test_an_order_survives_its_canonical_text(events):
    order = after(SENT, *events)

    assert decode(Order, encode(order)) == order


def test_an_over_fill_is_counted_with_an_alarm():
    order, alarms = apply(NEW, fill(NEW, 1200, "149", "1"))

    assert order.cum_qty == 1200
    assert order.leaves_qty == 0
    assert kinds(alarms) == ["over_filled"]


def test_a_late_fill_is_counted_and_the_order_stays_cancelled():
    order = after(NEW, says(NEW, ExecType.CANCELED, OrdStatus.CANCELED))
    late = fill(order, 100, "149.5", "9", leaves_qty=Decimal(0))

    order, alarms = apply(order, late)

    assert (order.status, order.cum_qty, order.gross) == (OrdStatus.CANCELED, 100, Decimal(14950))
    assert kinds(alarms) == ["fill_on_closed_order"]


def test_a_late_fill_that_completes_it_makes_a_cancelled_order_filled_and_its_bust_cancelled():
    """Filled takes precedence over Canceled; how it ended is not forgotten."""
    order = after(NEW, says(NEW, ExecType.CANCELED, OrdStatus.CANCELED))
    order = after(order, fill(order, 400, "149.5", "8", leaves_qty=Decimal(0)))

    last = fill(order, 600, "149.5", "9", leaves_qty=Decimal(0))
    filled, alarms = apply(order, last)
    again = CancelRequest(cl_ord_id="Y", orig_cl_ord_id="X", requested_at=AT, why="")
    bust = says(
        filled, ExecType.TRADE_CANCEL, OrdStatus.CANCELED, exec_id="10", exec_ref_id="9",
        cum_qty=Decimal(400), leaves_qty=Decimal(0),
    )  # fmt: skip
    busted, told = apply(filled, bust)

    assert (filled.status, filled.leaves_qty) == (OrdStatus.FILLED, 0)
    assert kinds(alarms) == ["fill_on_closed_order"]
    assert (busted.status, busted.cum_qty) == (OrdStatus.CANCELED, 400)
    assert kinds(told) == ["execution_busted"]
    assert kinds(apply(filled, again)[1]) == ["request_on_closed_order"]


def test_a_pending_cancel_is_not_a_cancel():
    """Pain 4: our wish, and the venue's receipt of it, leave the order working."""
    wish = CancelRequest(cl_ord_id="Y", orig_cl_ord_id="X", requested_at=AT, why="")

    wished = after(NEW, wish)
    pending = after(wished, says(NEW, ExecType.PENDING_CANCEL, OrdStatus.PENDING_CANCEL))

    assert (wished.status, wished.leaves_qty) == (OrdStatus.NEW, 1000)
    assert (pending.status, pending.leaves_qty) == (OrdStatus.PENDING_CANCEL, 1000)
    assert not pending.is_closed


def test_an_order_of_a_list_that_waits_is_changed_before_anybody_has_accepted_it():
    wish = ReplaceRequest(
        cl_ord_id="Y",
        orig_cl_ord_id="X",
        quantity=Decimal(500),
        limit_price=None,
        requested_at=AT,
        why="",
    )

    waits = after(SENT, says(SENT, ExecType.PENDING_NEW, OrdStatus.PENDING_NEW))

    changed = after(
        waits,
        wish,
        says(SENT, ExecType.PENDING_REPLACE, OrdStatus.PENDING_REPLACE, cl_ord_id="Y"),
        says(SENT, ExecType.REPLACED, OrdStatus.PENDING_NEW, cl_ord_id="Y", order_qty=Decimal(500)),
    )

    assert (changed.status, changed.pending) == (OrdStatus.PENDING_NEW, ())


def test_a_cancel_that_is_asked_for_again_takes_the_place_of_the_lost_one():
    """Else the refusal of the second would leave the first pending, and nobody could ask anew."""
    lost = CancelRequest(cl_ord_id="Y", orig_cl_ord_id="X", requested_at=AT, why="")
    again = CancelRequest(cl_ord_id="Z", orig_cl_ord_id="X", requested_at=AT, why="")

    asked = after(NEW, lost, again)
    refused = after(
        asked,
        CancelReject(
            venue="XSIM",
            cl_ord_id="Z",
            orig_cl_ord_id="X",
            order_id="V1",
            ord_status=OrdStatus.NEW,
            cxl_rej_reason=2,
            reason="superseded by a replace",
            transact_time=AT,
        ),
    )

    assert (asked.pending, asked.chain) == ((again,), ("X", "Y", "Z"))
    assert (refused.pending, refused.status) == ((), OrdStatus.NEW)


def test_a_partial_fill_does_not_end_a_pending_cancel():
    wish = CancelRequest(cl_ord_id="Y", orig_cl_ord_id="X", requested_at=AT, why="")
    pending = after(NEW, wish, says(NEW, ExecType.PENDING_CANCEL, OrdStatus.PENDING_CANCEL))

    order = after(pending, fill(pending, 300, "149", "1"))

    assert order.status is OrdStatus.PENDING_CANCEL
    assert order.leaves_qty == 700


def test_a_stopped_order_that_is_cancelled_has_ended_though_the_wire_says_stopped():
    """Stopped outranks Canceled in OrdStatus; the ExecType and LeavesQty 0 say that it is over."""
    stopped = after(NEW, says(NEW, ExecType.STOPPED, OrdStatus.STOPPED))
    asked = CancelRequest(cl_ord_id="X.1", orig_cl_ord_id="X", requested_at=AT, why="test")
    over = says(NEW, ExecType.CANCELED, OrdStatus.STOPPED, leaves_qty=Decimal(0), cl_ord_id="X.1")

    ended, alarms = apply(after(stopped, asked), over)

    assert (ended.status, ended.leaves_qty, ended.pending, alarms) == (
        OrdStatus.CANCELED, Decimal(0), (), ()
    )  # fmt: skip


def test_unknown_order_is_not_proof_that_the_venue_never_got_it():
    doubtful = after(SENT, DoubtRaised(cl_ord_id="X", at=AT, why="restart"))
    answer = says(
        SENT, ExecType.ORDER_STATUS, OrdStatus.REJECTED, order_id="NONE", ord_rej_reason=5
    )

    order, alarms = apply(doubtful, answer)

    assert order.in_doubt
    assert order.status is OrdStatus.INTENDED
    assert kinds(alarms) == ["unknown_at_venue"]


def test_a_status_answer_resolves_the_doubt():
    doubtful = after(SENT, DoubtRaised(cl_ord_id="X", at=AT, why="restart"))

    order, alarms = apply(doubtful, says(SENT, ExecType.ORDER_STATUS, OrdStatus.NEW))

    assert not order.in_doubt
    assert order.status is OrdStatus.NEW
    assert alarms == ()


def test_a_status_answer_with_fills_we_never_saw_keeps_the_order_open_and_in_doubt():
    """Closing it would lose the fills: they are announced, not booked."""
    doubtful = after(NEW, DoubtRaised(cl_ord_id="X", at=AT, why="restart"))
    answer = says(
        NEW,
        ExecType.ORDER_STATUS,
        OrdStatus.FILLED,
        cum_qty=Decimal(1000),
        leaves_qty=Decimal(0),
    )

    order, alarms = apply(doubtful, answer)

    assert order.in_doubt
    assert order.status is OrdStatus.NEW
    assert kinds(alarms) == ["executions_missing", "cum_qty_disagrees"]
    filled = after(order, fill(order, 1000, "149", "1"))
    assert filled.status is OrdStatus.FILLED
    assert not filled.in_doubt


@given(
    st.lists(any_event(), max_size=8), st.sampled_from(Settlement), st.sampled_from(sorted(CLOSED))
)
def test_two_persons_end_a_doubt_but_not_an_order_that_has_ended(events, what, end):
    """A venue may tell of an end while executions are missing: the doubt outlives the order."""
    doubtful = replace(after(NEW, *events), status=end, leaves_qty=Decimal(0), in_doubt=True)
    said = DoubtSettled(cl_ord_id="X", at=AT, what=what, why="asked", by="ann", seconded_by="ben")

    order, _ = apply(doubtful, said)

    assert (order.status, order.leaves_qty, order.fills) == (end, 0, doubtful.fills)


def test_an_order_that_was_done_for_the_day_with_executions_missing_ends_as_its_venue_said():
    doubt = DoubtRaised(cl_ord_id="X", at=AT, why="the venue counts anew")
    done = says(
        NEW,
        ExecType.DONE_FOR_DAY,
        OrdStatus.DONE_FOR_DAY,
        cum_qty=Decimal(40),
        leaves_qty=Decimal(0),
    )
    order = after(NEW, doubt, done)
    assert order.in_doubt
    ended = DoubtSettled(
        cl_ord_id="X", at=AT, what=Settlement.ENDED, why="asked", by="ann", seconded_by="ben"
    )

    order = after(order, ended)

    assert (order.status, order.in_doubt) == (OrdStatus.DONE_FOR_DAY, False)
    execution = fill(order, 40, "148", "E1")
    late = after(order, replace(execution, ord_status=OrdStatus.DONE_FOR_DAY))
    assert (late.status, late.cum_qty) == (OrdStatus.DONE_FOR_DAY, 40)


def test_never_sent_kills_only_what_no_venue_has_spoken_of():
    proof = NeverSent(cl_ord_id="X", at=AT, why="never handed over")

    dead = after(open_order(INTENT), proof)
    alive, alarms = apply(NEW, proof)

    assert (dead.status, dead.is_closed, dead.leaves_qty) == (OrdStatus.UNSENT, True, 0)
    assert alive == NEW
    assert kinds(alarms) == ["never_sent_contradicted"]


def test_a_fill_on_an_order_we_called_unsent_brings_it_to_life():
    dead = after(open_order(INTENT), NeverSent(cl_ord_id="X", at=AT, why="never handed over"))

    order, alarms = apply(dead, fill(dead, 100, "149", "1"))

    assert (order.status, order.leaves_qty) == (OrdStatus.PARTIALLY_FILLED, 900)
    assert kinds(alarms) == ["fill_on_closed_order"]


def test_a_cancel_of_an_order_the_venue_does_not_know_raises_a_doubt():
    """B.1.f from our side."""
    wish = CancelRequest(cl_ord_id="Y", orig_cl_ord_id="X", requested_at=AT, why="")
    refusal = CancelReject(
        venue="XSIM",
        cl_ord_id="Y",
        orig_cl_ord_id="X",
        order_id="NONE",
        ord_status=OrdStatus.REJECTED,
        cxl_rej_reason=1,
        reason="unknown order",
        transact_time=AT,
    )

    order, alarms = apply(after(SENT, wish), refusal)

    assert order.in_doubt
    assert order.pending == ()
    assert order.status is OrdStatus.INTENDED
    assert kinds(alarms) == ["unknown_at_venue"]


def test_a_status_that_the_table_forbids_is_said_and_not_believed():
    order, alarms = apply(NEW, says(NEW, ExecType.NEW, OrdStatus.FILLED))

    assert order.status is OrdStatus.NEW
    assert "illegal_transition" in kinds(alarms)


def test_numbers_that_disagree_are_said():
    wrong = fill(NEW, 400, "149.25", "1", cum_qty=Decimal(500), leaves_qty=Decimal(500))
    cheap = fill(NEW, 400, "149.25", "1", avg_px=Decimal("149.24"))
    rounded = fill(NEW, 400, "149.25", "1", avg_px=Decimal("149.25004"))

    assert kinds(apply(NEW, wrong)[1]) == ["cum_qty_disagrees"]
    assert kinds(apply(NEW, cheap)[1]) == ["avg_px_disagrees"]
    assert apply(NEW, rounded)[1] == ()


def test_a_day_order_that_trades_on_another_day_shows_two_clocks_that_disagree():
    report = fill(NEW, 400, "149.25", "1")
    tomorrow = replace(report, trade_date=report.trade_date + timedelta(days=1))

    order, alarms = apply(NEW, tomorrow)

    assert order.cum_qty == 400, "a fill is counted whatever it says"
    assert kinds(alarms) == ["trade_date_disagrees"]


def test_a_bust_of_an_execution_we_never_saw_changes_no_quantity():
    bust = says(NEW, ExecType.TRADE_CANCEL, OrdStatus.NEW, exec_ref_id="77", exec_id="78")

    order, alarms = apply(NEW, bust)

    assert order.cum_qty == 0
    assert kinds(alarms) == ["unknown_execution_changed"]


def test_an_order_that_is_done_for_the_day_may_be_restated():
    """A decline of a part of it, told between two days: the next fill is of what is left."""
    done, _ = apply(NEW, says(NEW, ExecType.DONE_FOR_DAY, OrdStatus.DONE_FOR_DAY))
    told = says(done, ExecType.RESTATED, OrdStatus.DONE_FOR_DAY, order_qty=NEW.order_qty - 1)

    order, alarms = apply(done, told)

    assert (order.status, order.order_qty) == (OrdStatus.DONE_FOR_DAY, NEW.order_qty - 1)
    assert kinds(alarms) == ["restated"]
