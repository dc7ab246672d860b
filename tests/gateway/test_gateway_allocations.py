"""A broker is told of a block's accounts, and what it reports is compared with the books.

Our outbox, the FIX wire, the venue program and the ledger, in both versions of FIX.
"""

from decimal import Decimal

import pytest

from domain.allocations import (
    AllocationAck,
    AllocationAnswer,
    AllocationDoubted,
    AllocationInstruction,
    AllocationReport,
    AllocationSent,
    AllocRejCode,
    AllocStatus,
    AllocTransType,
    AllocType,
)
from domain.orders import OrdStatus, Side
from domain.runs import Kill
from oms.instructing import announce
from tests.gateway.allocation_desk import Desk, started
from tests.gateway.desk import RealClock
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, intent

pytestmark = pytest.mark.integration

VERSIONS = pytest.mark.parametrize("begin_string", ["FIX.4.4", "FIXT.1.1"])


@pytest.fixture
def desk(wired, tmp_path):
    programs = []

    def make(begin_string="FIX.4.4", *, venue: str = "", **table: object) -> Desk:
        programs.append(started(tmp_path, begin_string, venue))
        return Desk(wired, programs[-1], begin_string, **table)

    yield make
    wired.stop_gateways()
    for program in programs:
        assert program.stop() == 0
    assert wired.quarantined() == ()


def test_the_accounts_go_with_the_order_and_the_report_on_them_is_accepted(desk):
    on = desk(allocations="on_order", allocation_accounts={"A1": "8839-1144"})

    on.buy("AAAA-0001", {"A1": 200, "A2": 100})
    on.wait_for("AAAA-0001")
    on.sells(300)
    answer = on.wait_for_fact("AAAA-0001", AllocationAnswer)

    report = on.facts("AAAA-0001", AllocationReport)[0]
    parts = [(part.account_id, part.quantity, part.commission) for part in report.parts]
    assert parts == [("A1", 200, Decimal("0.60")), ("A2", 100, Decimal("0.30"))]
    assert (answer.status, answer.code) == (AllocStatus.ACCEPTED, None)
    until(lambda: on.shown()["reports"] == {report.report_id: "0"}, "our answer at the venue")
    assert on.breaks() == ()
    assert on.facts("AAAA-0001", AllocationInstruction) == []


def test_a_preliminary_instruction_is_there_before_its_order(desk):
    """And is taken back after a block that got nothing."""
    on = desk("FIXT.1.1", allocations="before")

    on.buy("AAAA-0001", {"A1": 200, "A2": 100})
    on.wait_for_fact("AAAA-0001", AllocationAck, 2)
    on.wait_for("AAAA-0001")
    on.sells(300)
    answer = on.wait_for_fact("AAAA-0001", AllocationAnswer)

    [instruction] = on.facts("AAAA-0001", AllocationInstruction)
    acks = [ack.status for ack in on.facts("AAAA-0001", AllocationAck)]
    report = on.facts("AAAA-0001", AllocationReport)[0]
    assert instruction.kind is AllocType.PRELIMINARY
    assert acks == [AllocStatus.RECEIVED, AllocStatus.ACCEPTED]
    assert (report.alloc_id, answer.status) == (instruction.alloc_id, AllocStatus.ACCEPTED)

    on.buy("AAAA-0002", {"A1": 5})
    on.wait_for("AAAA-0002")
    on.cancel("AAAA-0002")
    on.wait_for_fact("AAAA-0002", AllocationAck, 4)

    [left] = on.shown()["instructions"]
    assert left["accounts"] == [["A1", "200"], ["A2", "100"]]


@VERSIONS
def test_an_order_that_dies_unsent_leaves_no_preliminary_instruction_at_the_broker(
    desk, begin_string
):
    """Said ahead of an order that a kill switch then stops."""
    on = desk(begin_string, allocations="before")
    order = intent("AAAA-0001", Side.BUY, AAPL, {"A1": 200, "A2": 100})
    with on.vault.write() as uow:
        uow.orders.add(order)
        announce(uow, order, on.settings.ways, RealClock().now())
    on.gateway.wake()
    until(lambda: on.shown()["instructions"], "the instruction at the venue")

    kill = Kill(scope="account", name="A2", by="ops", why="a drill", set_at=RealClock().now())
    with on.gateway.setting(kill), on.vault.write() as uow:
        uow.outbox.queue("XSIM", order, RealClock().now())
        uow.kills.set(kill)
    on.gateway.wake()
    until(lambda: on.shown()["instructions"] == [], "its cancel")

    assert on.order("AAAA-0001").status is OrdStatus.UNSENT
    on.wait_for_fact("AAAA-0001", AllocationAck, 4)
    assert on.wired.alarms("allocation_rejected") == []


@VERSIONS
def test_after_the_block_the_broker_hears_what_the_ledger_gave(desk, begin_string):
    """Partly filled and cancelled; then a correction replaces what was said."""
    on = desk(begin_string, allocations="after")
    on.buy("AAAA-0001", {"A1": 200, "A2": 100})
    on.wait_for("AAAA-0001")
    on.sells(40)
    on.wait_for("AAAA-0001", filled=40)
    on.cancel("AAAA-0001")
    on.wait_for_fact("AAAA-0001", AllocationAck, 2)

    first = on.facts("AAAA-0001", AllocationInstruction)[0]
    given = {part.account_id: part.quantity for part in first.parts}
    assert given == on.client_shares()
    assert sum(part.net_money for part in first.parts) == Decimal("5920.12")
    assert on.shown()["instructions"][0]["alloc_id"] == "AAAA-0001-A1"

    fill = on.order("AAAA-0001").fills[0]
    on.operate("correct", {"exec_id": fill.exec_id, "quantity": 30, "price": "147.50"})
    on.wait_for_fact("AAAA-0001", AllocationAck, 4)

    second = on.facts("AAAA-0001", AllocationInstruction)[1]
    assert (second.transaction, second.refers_to) == (AllocTransType.REPLACE, first.alloc_id)
    assert (second.quantity, second.average_price) == (30, Decimal("147.5"))
    [standing] = on.shown()["instructions"]
    assert (standing["alloc_id"], standing["quantity"]) == ("AAAA-0001-A2", "30")
    accounts = {account: Decimal(shares) for account, shares in standing["accounts"]}
    assert accounts == on.client_shares()
    assert on.wired.alarms("allocation_rejected") == []


def test_a_report_that_is_not_the_ledgers_is_refused_and_answered_with_ours(desk):
    """One share for two: the venue gives it to the first, our draw of this block to the second."""
    on = desk(allocations="before")
    on.buy("AAAA-0004", {"A1": 1, "A2": 1})
    on.wait_for("AAAA-0004")
    on.sells(1)
    on.wait_for("AAAA-0004", filled=1)
    on.cancel("AAAA-0004")

    answer = on.wait_for_fact("AAAA-0004", AllocationAnswer)
    on.wait_for_fact("AAAA-0004", AllocationAck, 4)

    assert on.client_shares() == {"A2": 1}
    assert (answer.status, answer.code) == (
        AllocStatus.BLOCK_REJECTED,
        AllocRejCode.UNKNOWN_ACCOUNT,
    )
    [broken] = on.breaks()
    assert (broken.kind, broken.ours) == ("allocation_differs", "shares of A1 0, shares of A2 1")
    [_, told] = on.facts("AAAA-0004", AllocationInstruction)
    assert [(part.account_id, part.quantity) for part in told.parts] == [("A2", 1)]
    assert on.shown()["instructions"][-1]["accounts"] == [["A2", "1"]]
    assert list(on.shown()["reports"].values()) == ["1"]
    until(lambda: len(on.wired.alarms("allocation_differs")) == 1, "the alarm")


def test_a_rejected_instruction_is_an_alarm_with_the_reason_in_words(desk):
    """A venue that forgets closed orders at once does not know the block any more."""
    on = desk(allocations="after", venue="closed_orders = 0")
    on.buy("AAAA-0001", {"A1": 10})
    on.wait_for("AAAA-0001")
    on.sells(10)

    on.wait_for_fact("AAAA-0001", AllocationAck, 2)

    until(lambda: on.wired.alarms("allocation_rejected"), "the alarm")
    [alarm] = on.wired.alarms("allocation_rejected")
    assert "unknown cl ord id: ClOrdID(11) 'AAAA-0001' is unknown" in alarm["detail"]
    assert on.facts("AAAA-0001", AllocationAck)[-1].status is AllocStatus.BLOCK_REJECTED


def test_an_instruction_waits_for_its_session_and_goes_out_once(desk):
    """The gateway is down when the block's last report is booked late; nothing is lost."""
    on = desk(allocations="after")
    on.buy("AAAA-0001", {"A1": 10})
    on.wait_for("AAAA-0001")
    on.wired.stop_gateways()
    on.sells(10)
    on.gateway = on.start()

    on.wait_for_fact("AAAA-0001", AllocationAck, 2)

    assert len(on.facts("AAAA-0001", AllocationSent)) == 1
    assert len(on.facts("AAAA-0001", AllocationInstruction)) == 1
    assert on.facts("AAAA-0001", AllocationDoubted) == []
    assert len(on.shown()["instructions"]) == 1
