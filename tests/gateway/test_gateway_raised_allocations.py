"""An order gets more shares after its broker was told who gets what of it.

What the broker has is replaced with the order, and divides what is filled as our books do.
"""

from decimal import Decimal

import pytest

from domain.allocations import (
    AllocationAck,
    AllocationAnswer,
    AllocationInstruction,
    AllocationReport,
    AllocStatus,
    AllocTransType,
    AllocType,
)
from domain.orders import OrdStatus
from oms import raising
from oms.replacing import Terms, replace_order
from tests.gateway.allocation_desk import BOOK, Desk, started
from tests.gateway.desk import RealClock
from tests.gateway.venue import until
from tests.oms_orders.desk import LIMITS

pytestmark = pytest.mark.integration

NAME = "AAAA-0001"
VERSIONS = pytest.mark.parametrize("begin_string", ["FIX.4.4", "FIXT.1.1"])


@pytest.fixture
def desk(wired, tmp_path):
    programs = []

    def make(begin_string, **table: object) -> Desk:
        programs.append(started(tmp_path, begin_string))
        made = Desk(wired, programs[-1], begin_string, **table)
        made.buy(NAME, {"A1": 200, "A2": 99, "A3": 1})
        made.wait_for(NAME)
        return made

    yield make
    wired.stop_gateways()
    for program in programs:
        assert program.stop() == 0
    assert wired.quarantined() == ()


def raised(on: Desk, quantity: int) -> dict[str, Decimal]:
    """By two persons, and taken by the venue; the accounts' parts."""
    with on.vault.write() as uow:
        now = RealClock().now()
        order, shares = uow.orders.get(NAME), Decimal(quantity)
        asked = raising.ask(uow, order, shares, snapshot=BOOK, rules=(), at=order.intent.decided_at)
        terms = Terms(quantity=shares, limit_price=order.limit_price)
        raising.propose(uow, order, terms, why="a call", by="ann", at=now)
        raising.second(uow, order, asked, limits=LIMITS, by="ben", at=order.intent.decided_at)
    on.gateway.wake()
    until(lambda: on.order(NAME).order_qty == quantity, "the replace")
    return {part.account_id: part.quantity for part in on.order(NAME).intent.allocations}


def reported(on: Desk, filled: int) -> dict[str, Decimal]:
    """What the broker says that each got of it, and we agree."""
    on.sells(filled)
    answer = on.wait_for_fact(NAME, AllocationAnswer)
    assert (answer.status, answer.text) == (AllocStatus.ACCEPTED, "")
    assert on.breaks() == ()
    [report] = on.facts(NAME, AllocationReport)
    assert on.order(NAME).status is OrdStatus.FILLED
    return {part.account_id: part.quantity for part in report.parts}


@VERSIONS
def test_what_was_said_before_the_order_is_replaced_before_its_change(desk, begin_string):
    on = desk(begin_string, allocations="before")

    parts = raised(on, 350)
    on.wait_for_fact(NAME, AllocationAck, 4)
    theirs = reported(on, 350)

    first, second = on.facts(NAME, AllocationInstruction)
    assert (second.kind, second.transaction) == (AllocType.PRELIMINARY, AllocTransType.REPLACE)
    assert second.refers_to == first.alloc_id
    [standing] = on.shown()["instructions"]
    assert {name: int(shares) for name, shares in standing["accounts"]} == parts == theirs
    assert sum(parts.values()) == 350


@VERSIONS
def test_what_the_order_said_itself_its_change_says_again(desk, begin_string):
    """Also one to fewer shares: the parts of a message add up to its OrderQty."""
    on = desk(begin_string, allocations="on_order")

    parts = raised(on, 350)
    with on.vault.write() as uow:
        order = uow.orders.get(NAME)
        fewer = Terms(quantity=Decimal(301), limit_price=order.limit_price)
        at = order.intent.decided_at
        replace_order(uow, order, fewer, limits=LIMITS, at=at, why="a call", by="ann")
    on.gateway.wake()
    until(lambda: on.order(NAME).order_qty == 301, "the second replace")
    theirs = reported(on, 301)

    assert sum(parts.values()) == 350
    assert on.client_shares() == {name: shares for name, shares in theirs.items() if shares}
    assert on.wired.alarms("message_withdrawn") == []
