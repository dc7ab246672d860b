"""What was claimed and never left: a cancel or a question is not forgotten with it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.allocation_chain import preliminary, said_anew
from domain.allocations import (
    AllocationAnswer,
    AllocationSent,
    AllocStatus,
    AllocTransType,
    AllocType,
)
from domain.order_states import apply
from domain.orders import CancelRequest, ExecType, ListCancelRequest, OrdStatus, Sent, Side
from domain.ports import StatusRequest
from gateway.lost import Lost, settle
from gateway.notices import refused
from tests.memory import MemoryVault
from tests.oms_orders.desk import DAY, KO, NOW, intent, open_books, report, snapshot

NAME = "R-0001"
CANCEL = CancelRequest(cl_ord_id=f"{NAME}.1", orig_cl_ord_id=NAME, requested_at=NOW, why="a test")
LIST_CANCEL = ListCancelRequest(list_id="L-0001", requested_at=NOW, why="a test")
QUESTION = StatusRequest(cl_ord_id=NAME, requested_at=NOW)


@pytest.fixture
def uow():
    vault = MemoryVault()
    open_books(vault, snapshot(cash={"A1": "100000"}))
    with vault.write() as uow:
        uow.orders.add(replace(intent(NAME, Side.BUY, KO, {"A1": 100}), list_id="L-0001"))
        happen(uow, Sent(cl_ord_id=NAME, sent_at=NOW))
        happen(uow, report(uow.orders.get(NAME), ExecType.NEW, OrdStatus.NEW))
        yield uow


def happen(uow, event):
    moved, _ = apply(uow.orders.get(NAME), event)
    uow.orders.append(moved, event, NOW)


def waiting(uow):
    return [one.body for one in uow.outbox.waiting("XSIM", 10)]


@pytest.mark.parametrize("body", [CANCEL, LIST_CANCEL, QUESTION])
@pytest.mark.parametrize("is_claimed", [True, False])
def test_a_cancel_or_question_that_was_marked_and_never_left_is_asked_about(uow, body, is_claimed):
    """Its mark may be all that there is of it, and the session need not break: nobody would ask."""
    [alarm] = settle(uow, [Lost("XSIM", body, "a test", is_claimed=is_claimed)], NOW)

    assert alarm.kind == "message_not_sent"
    assert waiting(uow) == [QUESTION]


@pytest.mark.parametrize("body", [CANCEL, LIST_CANCEL, QUESTION])
def test_what_still_waits_because_its_mark_was_not_stored_is_left_alone(uow, body):
    uow.outbox.queue("XSIM", body, NOW)

    assert settle(uow, [Lost("XSIM", body, "a test", is_claimed=False)], NOW) == ()
    assert waiting(uow) == [body]


def test_nothing_is_asked_about_an_order_that_is_over(uow):
    happen(uow, report(uow.orders.get(NAME), ExecType.CANCELED, OrdStatus.CANCELED))

    settle(uow, [Lost("XSIM", CANCEL, "a test")], NOW)

    assert waiting(uow) == []


def test_an_instruction_that_a_later_one_replaces_is_not_said_again(uow):
    """The broker refuses the later one, as it never had the first: then that is said anew."""
    first = replace(
        preliminary(NAME, [("A1", Decimal(100))], trade_date=DAY, at=NOW),
        kind=AllocType.CALCULATED,
    )
    second = said_anew(first, [("A1", Decimal(40))], [first], NOW)
    second = replace(second, kind=AllocType.CALCULATED)
    sent = AllocationSent(alloc_id=first.alloc_id, order=NAME, venue="XSIM", sent_at=NOW)
    for fact in (first, sent, second):
        uow.allocations.append(NAME, fact, NOW)
    uow.outbox.queue("XSIM", second, NOW)

    [*_, alarm] = settle(uow, [Lost("XSIM", first, "a test", is_claimed=False)], NOW)

    assert alarm.kind == "message_not_sent"
    assert waiting(uow) == [second]
    refused(uow, "XSIM", second.alloc_id, f"AllocID {first.alloc_id} is unknown", NOW)
    said = waiting(uow)[-1]
    assert (said.transaction, said.refers_to, said.parts) == (
        AllocTransType.NEW,
        None,
        second.parts,
    )


def test_what_is_settled_by_a_commit_that_seemed_to_fail_is_not_settled_again(uow):
    """An instruction would go out a second time, with words that no longer count."""
    first = replace(
        preliminary(NAME, [("A1", Decimal(100))], trade_date=DAY, at=NOW),
        kind=AllocType.CALCULATED,
    )
    answer = AllocationAnswer(
        venue="XSIM", report_id="AR1", alloc_id="B1", status=AllocStatus.ACCEPTED, at=NOW
    )
    uow.allocations.append(NAME, first, NOW)
    lost = [Lost("XSIM", first, "a test"), Lost("XSIM", answer, "a test")]
    assert len(settle(uow, lost, NOW)) > 0
    [again, answered] = waiting(uow)

    assert settle(uow, lost, NOW) == ()

    assert waiting(uow) == [again, answered]
    assert (again.alloc_id, answered.attempt) == (f"{NAME}-A2", 2)
