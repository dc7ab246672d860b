"""kill -9 around an allocation: it is said once, and a person hears when nobody knows."""

from dataclasses import replace
from decimal import Decimal

import pytest
import quickfix as fix

from console.order_wishes import OrderWishes
from domain.allocations import (
    AllocatedPart,
    AllocationAck,
    AllocationDoubted,
    AllocationInstruction,
    AllocationLost,
    AllocationMode,
    AllocationSent,
    AllocationSettled,
    AllocStatus,
    AllocTransType,
    AllocType,
)
from domain.orders import Settlement
from gateway.dialect import Dialect
from gateway.dictionary import standard_path
from gateway.wiretext import message, value_of
from tests.gateway.desk import RealClock, intent, new_id, place, settings_for
from tests.gateway.test_gateway_kills import run_and_die
from tests.gateway.venue import until
from tests.oms_orders.desk import LIMITS

pytestmark = pytest.mark.integration


def strict(wired) -> None:
    """A venue that refuses whatever the standard's dictionary does not allow."""
    wired.venue.start(UseDataDictionary="Y", DataDictionary=str(standard_path()))


def settings(wired, patience: float = 60.0):
    made = settings_for(wired.directory, wired.venue.port)
    profile = replace(made.profiles[0], dialect=Dialect(allocations=AllocationMode.AFTER))
    return replace(made, profiles=(profile,), allocation_seconds=patience)


def instructed(wired) -> tuple[str, AllocationInstruction]:
    """A block whose order has ended unsent elsewhere, and an instruction that waits."""
    order = intent(new_id())
    name = place(wired.vault, order)
    one = AllocationInstruction(
        alloc_id=f"{name}-A1",
        order=name,
        kind=AllocType.CALCULATED,
        transaction=AllocTransType.NEW,
        quantity=Decimal(300),
        average_price=Decimal("190.123456"),
        trade_date=order.trade_date,
        parts=(
            AllocatedPart(
                account_id="A1",
                quantity=Decimal(200),
                commission=Decimal("1.05"),
                net_money=Decimal("38025.74"),
            ),
            AllocatedPart(
                account_id="A2",
                quantity=Decimal(100),
                commission=Decimal(0),
                net_money=Decimal("19012.35"),
            ),
        ),
        requested_at=RealClock().now(),
    )
    with wired.vault.write() as uow:
        uow.outbox.withdraw(name, RealClock().now())
        uow.allocations.append(name, one, RealClock().now())
        uow.outbox.queue("XSIM", one, RealClock().now())
    return name, one


def facts(wired, name: str, kind: type):
    with wired.vault.read() as view:
        return [one for one in view.allocations.of_order(name) if isinstance(one, kind)]


def acknowledgement(text: str) -> str:
    alloc_id = value_of(text, 70)
    return message("P", [(70, alloc_id), (75, "20221130"), (60, "20221130-20:45:00"), (87, "0")])


def test_an_instruction_passes_the_standards_dictionary_and_is_acknowledged(wired):
    strict(wired)
    name, _ = instructed(wired)

    wired.connected(settings=settings(wired))
    until(lambda: wired.venue.of_type("J"), "the instruction")
    wired.venue.say(acknowledgement(wired.venue.of_type("J")[0]))
    until(lambda: facts(wired, name, AllocationAck), "the acknowledgement")

    assert facts(wired, name, AllocationAck)[0].status is AllocStatus.ACCEPTED
    assert wired.quarantined() == ()


def test_a_kill_before_the_engine_leaves_the_instruction_in_doubt_and_unsaid(wired):
    strict(wired)
    name, one = instructed(wired)
    run_and_die(wired, "before_send")

    wired.connected(settings=settings(wired, patience=0.3))
    until(lambda: wired.alarms("allocation_in_doubt"), "the alarm")

    assert wired.venue.of_type("J") == []
    [doubt] = facts(wired, name, AllocationDoubted)
    assert (doubt.alloc_id, len(facts(wired, name, AllocationSent))) == (one.alloc_id, 1)
    assert (
        f"ask the broker whether it has {one.alloc_id}"
        in (wired.alarms("allocation_in_doubt")[0]["detail"])
    )


def test_two_persons_end_the_doubt_of_a_kill_and_the_answer_to_it_agrees(wired):
    """The broker said by telephone that it has it; its acknowledgement comes later."""
    strict(wired)
    name, one = instructed(wired)
    run_and_die(wired, "after_send")
    gateway = wired.connected(settings=settings(wired, patience=0.3))
    until(lambda: facts(wired, name, AllocationDoubted), "the doubt")
    wishes = OrderWishes(wired.vault, RealClock(), gateway.wake, LIMITS)

    wishes.propose_settlement(one.alloc_id, Settlement.STANDS, "anna", "the desk, 15:02")
    wishes.second_settlement(one.alloc_id, "ben")
    wired.venue.say(acknowledgement(wired.venue.of_type("J")[0]))
    until(lambda: facts(wired, name, AllocationAck), "the acknowledgement")

    assert len(wired.venue.of_type("J")) == 1
    assert [settled.seconded_by for settled in facts(wired, name, AllocationSettled)] == ["ben"]
    assert wired.alarms("settlement_contradicted") == []


def test_a_kill_after_the_engine_says_nothing_twice_and_the_answer_still_counts(wired):
    strict(wired)
    name, _ = instructed(wired)
    run_and_die(wired, "after_send")
    until(lambda: wired.venue.of_type("J"), "the instruction")

    wired.connected(settings=settings(wired))
    wired.venue.say(acknowledgement(wired.venue.of_type("J")[0]))
    until(lambda: facts(wired, name, AllocationAck), "the acknowledgement")

    assert len(wired.venue.of_type("J")) == 1
    assert facts(wired, name, AllocationDoubted) == []


def test_an_instruction_that_the_broker_asks_for_again_is_not_said_again(wired):
    """It got a gap fill, and most likely never had it: a person hears, and decides."""
    strict(wired)
    made = wired.connected(settings=settings(wired))
    name, one = instructed(wired)
    made.wake()
    until(lambda: wired.venue.of_type("J"), "the instruction")

    session = fix.Session.lookupSession(wired.venue._session)
    number = int(value_of(wired.venue.of_type("J")[0], 34))
    session.setNextTargetMsgSeqNum(number)
    wired.venue.drop()
    until(lambda: facts(wired, name, AllocationDoubted), "the doubt")

    assert len(wired.venue.of_type("J")) == 1
    assert "gap fill" in facts(wired, name, AllocationDoubted)[0].why
    assert [sent.alloc_id for sent in facts(wired, name, AllocationSent)] == [one.alloc_id]


def test_what_the_engine_provably_never_took_is_said_under_another_id(wired, monkeypatch):
    strict(wired)
    made = wired.connected(settings=settings(wired))
    engine, send, refusals = made._core.engine, made._core.engine.send, []

    def refusing(session, text):
        if value_of(text, 35) == "J" and not refusals:
            refusals.append(text)
            return False
        return send(session, text)

    monkeypatch.setattr(engine, "send", refusing)
    name, one = instructed(wired)
    made.wake()
    until(lambda: wired.venue.of_type("J"), "the second instruction")

    assert [value_of(text, 70) for text in wired.venue.of_type("J")] == [f"{name}-A2"]
    assert [lost.alloc_id for lost in facts(wired, name, AllocationLost)] == [one.alloc_id]


def test_a_broker_that_takes_no_instructions_counts_as_having_refused(wired):
    strict(wired)
    name, _ = instructed(wired)
    wired.connected(settings=settings(wired))
    until(lambda: wired.venue.of_type("J"), "the instruction")

    number = value_of(wired.venue.of_type("J")[0], 34)
    wired.venue.say(
        message("j", [(45, number), (372, "J"), (380, "3"), (58, "no allocations here")])
    )
    until(lambda: wired.alarms("allocation_rejected"), "the alarm")

    assert facts(wired, name, AllocationAck)[0].status is AllocStatus.BLOCK_REJECTED
    assert "no allocations here" in wired.alarms("allocation_rejected")[0]["detail"]
