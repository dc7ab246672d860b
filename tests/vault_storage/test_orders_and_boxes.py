"""Orders, executions, outbox and inbox keep what reliability asks of them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.errors import InvariantError
from domain.order_states import apply
from domain.orders import CancelRequest, DoubtRaised, OrderIntent, OrdStatus, ReplaceRequest, Sent
from domain.ports import ExecutionOutcome, StatusRequest
from tests.vault_storage.values import AT, DAY, RUN, a_report, an_intent
from vault.rebuild import differences

SESSION = "FIX.4.4:TRIMTAB->XSIM"


def append(uow, event, cl_ord_id="R1-1"):
    order, _alarms = apply(uow.orders.get(cl_ord_id), event)
    uow.orders.append(order, event, AT)
    return order


@pytest.fixture
def uow(vault):
    with vault.write() as uow:
        yield uow
        assert differences(uow.connection) == ()


def test_an_intent_is_an_open_order(uow):
    uow.orders.add(an_intent())

    order = uow.orders.get("R1-1")
    assert order.intent == an_intent()
    assert order.status is OrdStatus.INTENDED
    assert uow.orders.open() == uow.orders.of_run(RUN) == (order,)
    assert uow.orders.open_names() == {"R1-1"}


def test_an_order_is_its_events_folded_and_reads_back_equal(uow):
    uow.orders.add(an_intent())
    events = (
        Sent(cl_ord_id="R1-1", sent_at=AT),
        a_report("E1"),
        a_report(
            "E2",
            cum_qty=Decimal(100),
            leaves_qty=Decimal(0),
            last_qty=Decimal(60),
            ord_status=OrdStatus.FILLED,
            avg_px=Decimal("190.2"),
        ),
    )

    for event in events:
        order = append(uow, event)

    assert uow.orders.events("R1-1") == events
    assert uow.orders.get("R1-1") == order
    assert order.cum_qty == 100
    assert uow.orders.open() == ()
    assert uow.orders.open_names() == frozenset()


def test_doubts_are_counted_by_venue_and_only_of_open_orders(uow):
    uow.orders.add(an_intent())

    order = append(uow, DoubtRaised(cl_ord_id="R1-1", at=AT, why="the session was lost"))

    assert order.in_doubt
    assert uow.orders.in_doubt(order.intent.venue) == 1
    assert uow.orders.in_doubt("another") == 0


def test_an_order_is_found_by_every_name_it_had(uow):
    """A replace asked for under a new ClOrdID; a fill or a reject may name either."""
    uow.orders.add(an_intent())
    wish = ReplaceRequest(
        cl_ord_id="R1-1a",
        orig_cl_ord_id="R1-1",
        quantity=Decimal(80),
        limit_price=Decimal("190.3"),
        requested_at=AT,
        why="less",
    )
    cancel = CancelRequest(cl_ord_id="R1-1b", orig_cl_ord_id="R1-1", requested_at=AT, why="stop")

    append(uow, wish)
    order = append(uow, cancel)

    assert [uow.orders.get(name) for name in ("R1-1", "R1-1a", "R1-1b")] == [order] * 3
    assert uow.orders.events("R1-1b") == (wish, cancel)
    assert order.pending == (wish, cancel)
    assert uow.orders.get("R1-2") is None


def test_a_cl_ord_id_is_used_once_for_ever(uow):
    uow.orders.add(an_intent("R1-1"))
    uow.orders.add(an_intent("R1-2"))
    append(uow, CancelRequest(cl_ord_id="R1-9", orig_cl_ord_id="R1-1", requested_at=AT, why="x"))

    with pytest.raises(InvariantError, match="used before"):
        uow.orders.add(an_intent("R1-1"))
    with pytest.raises(InvariantError, match="used before"):
        uow.orders.add(an_intent("R1-9"))
    with pytest.raises(InvariantError, match="names the orders"), uow.savepoint():
        append(
            uow,
            CancelRequest(cl_ord_id="R1-9", orig_cl_ord_id="R1-2", requested_at=AT, why="x"),
            "R1-2",
        )


def test_recent_orders_come_newest_first(uow):
    for number in range(1, 5):
        uow.orders.add(an_intent(f"R1-{number}"))

    assert [order.current for order in uow.orders.recent(2)] == ["R1-4", "R1-3"]
    assert [order.current for order in uow.orders.of_run(RUN)] == ["R1-1", "R1-2", "R1-3", "R1-4"]
    assert uow.orders.of_run(UUID(int=1)) == ()


def test_an_execution_is_booked_once(uow):
    first = uow.orders.record_execution(a_report(), AT)
    again = uow.orders.record_execution(a_report(), AT + timedelta(seconds=1))
    other = uow.orders.record_execution(a_report(last_qty=Decimal(41)), AT)

    assert (first, again, other) == (
        ExecutionOutcome.NEW,
        ExecutionOutcome.DUPLICATE,
        ExecutionOutcome.CONFLICT,
    )
    assert uow.orders.executions(DAY, "XSIM") == (a_report(),)


def test_an_exec_id_is_of_its_venue_and_day(uow):
    reports = (
        a_report(),
        a_report(venue="YSIM"),
        a_report(trade_date=DAY + timedelta(days=1)),
        a_report("E2"),
    )

    outcomes = {uow.orders.record_execution(report, AT) for report in reports}

    assert outcomes == {ExecutionOutcome.NEW}
    assert uow.orders.executions(DAY, "XSIM") == (reports[0], reports[3])


def test_equal_numbers_are_the_same_execution(uow):
    """The venue may write 190.2 one time and 190.20 the next."""
    uow.orders.record_execution(a_report(), AT)

    again = uow.orders.record_execution(a_report(last_px=Decimal("190.20")), AT)

    assert again is ExecutionOutcome.DUPLICATE


def test_messages_wait_in_order_until_they_are_handed_over(uow):
    bodies = (
        an_intent("R1-1"),
        StatusRequest(cl_ord_id="R1-1", requested_at=AT),
        an_intent("R1-2"),
    )
    for body in bodies:
        uow.outbox.queue("XSIM", body, AT)
    uow.outbox.queue("YSIM", an_intent("R1-3"), AT)

    waiting = uow.outbox.waiting("XSIM", 10)
    uow.outbox.mark_handed([message.number for message in waiting[:2]], AT)

    assert tuple(message.body for message in waiting) == bodies
    assert uow.outbox.waiting("XSIM", 1) == waiting[2:]
    assert len(uow.outbox.waiting("YSIM", 10)) == 1


def test_a_message_is_handed_over_once(uow):
    uow.outbox.queue("XSIM", an_intent(), AT)
    numbers = [message.number for message in uow.outbox.waiting("XSIM", 10)]
    uow.outbox.mark_handed(numbers, AT)

    with pytest.raises(InvariantError, match="not all waiting"), uow.savepoint():
        uow.outbox.mark_handed(numbers, AT)
    with pytest.raises(InvariantError, match="queued before"):
        uow.outbox.queue("XSIM", an_intent(), AT)


def test_a_withdrawn_message_is_never_handed_over(uow):
    uow.outbox.queue("XSIM", an_intent(), AT)
    number = uow.outbox.waiting("XSIM", 1)[0].number

    assert uow.outbox.withdraw("R1-1", AT)

    assert uow.outbox.waiting("XSIM", 10) == ()
    with pytest.raises(InvariantError), uow.savepoint():
        uow.outbox.mark_handed([number], AT)


def test_what_was_handed_over_or_never_queued_cannot_be_withdrawn(uow):
    """Only a True proves that the order never reached the engine."""
    uow.outbox.queue("XSIM", an_intent(), AT)
    uow.outbox.mark_handed([uow.outbox.waiting("XSIM", 1)[0].number], AT)

    assert not uow.outbox.withdraw("R1-1", AT)
    assert not uow.outbox.withdraw("R1-7", AT)


def test_a_message_waits_until_it_is_handed_over_whatever_is_asked_about_it(uow):
    uow.outbox.queue("XSIM", an_intent(), AT)
    uow.outbox.queue("XSIM", StatusRequest(cl_ord_id="R1-1", requested_at=AT), AT)
    assert uow.outbox.is_waiting("R1-1")
    assert not uow.outbox.is_waiting("R1-7")

    uow.outbox.mark_handed([uow.outbox.waiting("XSIM", 1)[0].number], AT)

    assert not uow.outbox.is_waiting("R1-1")
    assert uow.outbox.is_asked("R1-1")


def test_the_newest_message_of_a_session_says_when_it_was_taken_in(uow):
    assert uow.inbox.taken_at(SESSION) is None
    uow.inbox.record(SESSION, 7, "8=FIX.4.4|35=8", AT)
    uow.inbox.reset_sequence(SESSION, 0, AT)
    later = AT + timedelta(seconds=1)
    uow.inbox.record(SESSION, 1, "8=FIX.4.4|35=8", later)

    assert uow.inbox.taken_at(SESSION) == later


def test_messages_of_some_kinds_are_passed_over(uow):
    uow.outbox.queue("XSIM", an_intent(), AT)
    uow.outbox.queue("XSIM", StatusRequest(cl_ord_id="R1-1", requested_at=AT), AT)

    (found,) = uow.outbox.waiting("XSIM", 10, (OrderIntent,))

    assert isinstance(found.body, StatusRequest)


def test_an_inbound_message_is_taken_in_once(uow):
    assert uow.inbox.durable_sequence(SESSION) == 0
    assert uow.inbox.record(SESSION, 1, "8=FIX.4.4|35=8", AT)
    assert uow.inbox.record(SESSION, 2, "8=FIX.4.4|35=8", AT)

    assert not uow.inbox.record(SESSION, 2, "8=FIX.4.4|35=8|43=Y", AT)
    assert uow.inbox.durable_sequence(SESSION) == 2
    assert uow.inbox.durable_sequence("FIX.4.4:TRIMTAB->YSIM") == 0


def test_after_a_reset_the_same_numbers_are_other_messages(uow):
    for sequence in (1, 2, 3):
        uow.inbox.record(SESSION, sequence, "yesterday", AT)

    uow.inbox.reset_sequence(SESSION, 0, AT)

    assert uow.inbox.durable_sequence(SESSION) == 0
    assert uow.inbox.record(SESSION, 1, "today", AT)
    assert not uow.inbox.record(SESSION, 1, "today", AT)
    assert uow.inbox.durable_sequence(SESSION) == 1


def test_a_gap_fill_moves_on_within_the_epoch(uow):
    uow.inbox.record(SESSION, 1, "first", AT)
    uow.inbox.reset_sequence(SESSION, 9, AT)

    assert uow.inbox.durable_sequence(SESSION) == 9
    assert not uow.inbox.record(SESSION, 1, "first", AT)
    assert uow.inbox.record(SESSION, 10, "tenth", AT)


def test_a_quarantined_message_is_kept_raw_and_counts_as_taken_in(uow):
    raw = "8=FIX.4.4\x0135=8\x0111=' or 1=1 --\x01"

    uow.inbox.quarantine(SESSION, 4, raw, "unknown order", AT)

    assert uow.inbox.quarantined() == ((SESSION, 4, raw, "unknown order"),)
    assert uow.inbox.durable_sequence(SESSION) == 4


@given(raw=st.text(alphabet=st.characters(exclude_categories=())), why=st.text())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(raw="8=FIX.4.4\x0158=\x00\udcff\\x00 é\x01", why="NUL, half a character")
def test_any_raw_text_is_kept_as_it_came(uow, raw, why):
    sequence = uow.inbox.durable_sequence(SESSION) + 1

    uow.inbox.quarantine(SESSION, sequence, raw, why, AT)

    assert uow.inbox.quarantined()[-1] == (SESSION, sequence, raw, why)


def test_an_order_nobody_added_takes_no_event(uow):
    uow.orders.add(an_intent())
    order = uow.orders.get("R1-1")
    stranger = replace(order, intent=an_intent("R1-2"))

    with pytest.raises(Exception, match="there is no order R1-2"), uow.savepoint():
        uow.orders.append(stranger, Sent(cl_ord_id="R1-2", sent_at=AT), AT)
