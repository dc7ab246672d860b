"""Two persons say whether a broker has an allocation that it never answered."""

from dataclasses import replace

import pytest

from console.allocation_life import allocation_lines
from console.order_wishes import OrderWishes
from domain.allocation_chain import in_force
from domain.allocations import (
    AllocationAck,
    AllocationDoubted,
    AllocationInstruction,
    AllocationMode,
    AllocationSent,
    AllocStatus,
    AllocTransType,
    AllocType,
)
from domain.orders import ExecType, OrdStatus, Settlement
from gateway.notices import take_ack
from oms.settlement import NotSettledError
from tests.oms_orders.desk import LIMITS, NOW, SetClock, report
from tests.oms_orders.test_allocations_told import NAME, Desk

FIRST, SECOND = f"{NAME}-A1", f"{NAME}-A2"
WHY = "their back office, by telephone"


class Doubtful(Desk):
    """A block that is over; its instruction left, and nobody answered."""

    def __init__(self, vault, mode=AllocationMode.AFTER, filled: int = 40) -> None:
        super().__init__(vault, mode=mode)
        if filled:
            self.fill("E1", filled, "148", "0.12")
            self.end()
        self.woken = 0
        self.wishes = OrderWishes(vault, SetClock(), self._wake, LIMITS)
        self.leave(FIRST)
        self.doubt(FIRST)

    def _wake(self) -> None:
        self.woken += 1

    def leave(self, alloc_id: str) -> None:
        with self.vault.write() as uow:
            [one] = [m for m in uow.outbox.waiting("XSIM", 9) if m.body.cl_ord_id == alloc_id]
            uow.outbox.mark_handed([one.number], NOW)
            gone = AllocationSent(alloc_id=alloc_id, order=NAME, venue="XSIM", sent_at=NOW)
            uow.allocations.append(NAME, gone, NOW)

    def doubt(self, alloc_id: str) -> None:
        with self.vault.write() as uow:
            doubt = AllocationDoubted(alloc_id=alloc_id, at=NOW, why="no answer in 60 s")
            uow.allocations.append(NAME, doubt, NOW)

    def settle(self, alloc_id: str, what: Settlement) -> None:
        self.wishes.propose_settlement(alloc_id, what, "anna", WHY)
        self.wishes.second_settlement(alloc_id, "ben")

    def acknowledge(self, alloc_id: str, status: AllocStatus) -> list[str]:
        ack = AllocationAck(venue="XSIM", alloc_id=alloc_id, status=status, transact_time=NOW)
        with self.vault.write() as uow:
            return [alarm.kind for alarm in take_ack(uow, ack, NOW)]


def test_what_never_reached_the_broker_is_said_anew_as_the_books_have_it_by_then(vault):
    desk = Doubtful(vault)
    desk.take(
        report(
            desk.order,
            ExecType.TRADE_CANCEL,
            OrdStatus.CANCELED,
            exec_id="E2",
            exec_ref_id="E1",
            cum_qty=0,
        )
    )
    desk.fill("E3", 20, "149")
    desk.leave(f"{NAME}-A3")
    desk.acknowledge(f"{NAME}-A3", AllocStatus.BLOCK_REJECTED)

    desk.settle(FIRST, Settlement.NEVER_REACHED)

    told = desk.facts(AllocationInstruction)[-1]
    assert (told.transaction, told.quantity) == (AllocTransType.NEW, 20)
    assert told.parts == desk.parts()
    assert desk.queued(AllocationInstruction)[-1] == told
    assert desk.woken == 1


@pytest.mark.parametrize(("what", "stands"), [(Settlement.STANDS, True), (Settlement.ENDED, False)])
def test_what_the_broker_has_or_refused_is_not_said_again(vault, what, stands):
    desk = Doubtful(vault)

    desk.settle(FIRST, what)

    [one] = desk.facts(AllocationInstruction)
    assert (in_force(desk.facts()) == one) is stands
    assert desk.queued(AllocationInstruction) == []


def test_the_outcome_makes_good_for_a_preliminary_instruction_that_never_arrived(vault):
    desk = Doubtful(vault, AllocationMode.BEFORE, filled=0)
    desk.settle(FIRST, Settlement.NEVER_REACHED)
    assert desk.queued(AllocationInstruction) == []

    desk.fill("E1", 140, "148")

    assert [one.kind for one in desk.queued(AllocationInstruction)] == [AllocType.CALCULATED]


def test_a_cancel_of_a_preliminary_instruction_that_never_arrived_is_said_anew(vault):
    desk = Doubtful(vault, AllocationMode.BEFORE, filled=0)
    desk.settle(FIRST, Settlement.STANDS)
    desk.end()
    desk.leave(SECOND)
    desk.doubt(SECOND)

    desk.settle(SECOND, Settlement.NEVER_REACHED)

    [again] = desk.queued(AllocationInstruction)
    first = desk.facts(AllocationInstruction)[1]
    assert again == replace(first, alloc_id=f"{NAME}-A3", requested_at=again.requested_at)


@pytest.mark.parametrize("by", ["anna", "ANNA"])
def test_nobody_agrees_with_himself(vault, by):
    desk = Doubtful(vault)
    desk.wishes.propose_settlement(FIRST, Settlement.STANDS, "anna", WHY)

    with pytest.raises(NotSettledError, match="ask a second person"):
        desk.wishes.second_settlement(FIRST, by)


def test_an_answer_in_between_leaves_nothing_to_settle(vault):
    desk = Doubtful(vault)
    desk.wishes.propose_settlement(FIRST, Settlement.NEVER_REACHED, "anna", WHY)
    desk.acknowledge(FIRST, AllocStatus.ACCEPTED)

    with pytest.raises(NotSettledError, match="is not in doubt"):
        desk.wishes.second_settlement(FIRST, "ben")


def test_what_happens_to_the_block_in_between_makes_the_word_void(vault):
    desk = Doubtful(vault)
    desk.wishes.propose_settlement(FIRST, Settlement.STANDS, "anna", WHY)
    desk.fill("E5", 10, "148")

    with pytest.raises(NotSettledError, match="has changed since anna spoke of it"):
        desk.wishes.second_settlement(FIRST, "ben")


def test_a_broker_that_has_it_after_all_contradicts_two_persons(vault):
    """It may have two now; a rejection only says what they said."""
    desk = Doubtful(vault)
    desk.settle(FIRST, Settlement.NEVER_REACHED)

    assert desk.acknowledge(FIRST, AllocStatus.ACCEPTED) == ["settlement_contradicted"]
    assert desk.acknowledge(FIRST, AllocStatus.BLOCK_REJECTED) == ["allocation_rejected"]


def test_the_settlement_stands_in_the_blocks_life_and_in_the_audit_trail(vault):
    desk = Doubtful(vault)

    desk.settle(FIRST, Settlement.STANDS)

    line = list(allocation_lines(desk.facts()))[-1]
    assert (line.message, line.cl_ord_id) == ("stands", FIRST)
    assert line.note == f"{WHY} (anna, seconded by ben)"
    with vault.read() as view:
        kinds = [(entry.kind, entry.actor) for entry in view.audit.about(FIRST)]
    assert kinds == [("settlement_proposed", "anna"), ("doubt_settled", "ben")]
