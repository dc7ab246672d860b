"""Instructions that cross the broker's answers on their way."""

import pytest

from domain.allocations import AllocationInstruction, AllocStatus, AllocTransType
from domain.orders import Settlement
from tests.oms_orders.test_allocation_doubts import FIRST, SECOND, Doubtful
from tests.oms_orders.test_allocations_told import NAME

REJECTED = AllocStatus.BLOCK_REJECTED
THIRD = SECOND.replace("A2", "A3")


@pytest.fixture
def desk(vault):
    """The outcome left, and one more fill had it replaced before its answer came."""
    desk = Doubtful(vault)
    desk.fill("E5", 10, "148")
    desk.leave(SECOND)
    return desk


def told(desk):
    return [
        (one.alloc_id, one.transaction, one.refers_to, one.quantity)
        for one in desk.facts(AllocationInstruction)
    ]


def test_a_replace_of_what_was_rejected_is_said_as_new(desk):
    desk.acknowledge(FIRST, REJECTED)
    desk.acknowledge(SECOND, REJECTED)

    assert told(desk)[2:] == [(THIRD, AllocTransType.NEW, None, 50)]
    assert desk.queued(AllocationInstruction)[-1].parts == desk.parts()


def test_a_replace_of_what_never_arrived_is_said_as_new(desk):
    desk.settle(FIRST, Settlement.NEVER_REACHED)
    desk.acknowledge(SECOND, REJECTED)

    assert told(desk)[2:] == [(THIRD, AllocTransType.NEW, None, 50)]


def test_a_replace_that_is_rejected_for_itself_is_left_to_a_person(desk):
    desk.acknowledge(FIRST, AllocStatus.ACCEPTED)
    desk.acknowledge(SECOND, REJECTED)

    assert len(told(desk)) == 2


def test_what_stood_before_both_is_replaced(desk):
    desk.acknowledge(FIRST, AllocStatus.ACCEPTED)
    desk.fill("E6", 20, "148")
    desk.leave(THIRD)
    desk.acknowledge(SECOND, REJECTED)
    desk.acknowledge(THIRD, REJECTED)

    fourth = THIRD.replace("A3", "A4")
    assert told(desk)[3:] == [(fourth, AllocTransType.REPLACE, FIRST, 70)]


def test_a_cancel_of_what_was_rejected_cancels_what_stands(desk):
    """The fills were busted while the answer to their Replace was on its way."""
    desk.acknowledge(FIRST, AllocStatus.ACCEPTED)
    desk.bust("E1", "E7")
    desk.bust("E5", "E8")
    names = [one.alloc_id for one in desk.facts(AllocationInstruction)]
    for name in names[2:]:
        desk.leave(name)

    for name in names[1:]:
        desk.acknowledge(name, REJECTED)

    last = f"{NAME}-A{len(names) + 1}"
    assert told(desk)[len(names) :] == [(last, AllocTransType.CANCEL, FIRST, 40)]


def test_a_cancel_of_what_was_rejected_is_not_said_again_where_nothing_stands(desk):
    desk.bust("E1", "E7")
    desk.bust("E5", "E8")
    names = [one.alloc_id for one in desk.facts(AllocationInstruction)]
    for name in names[2:]:
        desk.leave(name)

    for name in names:
        desk.acknowledge(name, REJECTED)

    assert len(told(desk)) == len(names)
