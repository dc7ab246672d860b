"""A good-till order of several days: the broker hears of each day's fills as of a block."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.allocations import AllocationAck, AllocationInstruction, AllocTransType
from domain.orders import Side, TimeInForce
from tests.gateway.allocation_desk import Desk, started
from tests.gateway.venue import until
from tests.oms_orders.desk import AAPL, DAY, intent

pytestmark = pytest.mark.integration

NAME = "GTCX-0001"
MORNING = date(2022, 12, 1)


@pytest.fixture
def desk(wired, tmp_path):
    programs = []

    def make(begin_string: str, **table: object) -> Desk:
        programs.append(started(tmp_path, begin_string, 'open_time = "09:30"', stepped=True))
        return Desk(wired, programs[-1], begin_string, allocations="after", **table)

    yield make
    wired.stop_gateways()
    for program in programs:
        assert program.stop() == 0
    assert wired.quarantined() == ()


@pytest.mark.parametrize("begin_string", ["FIX.4.4", "FIXT.1.1"])
def test_each_day_is_told_by_itself_and_corrected_by_itself(desk, begin_string):
    """Filled on two days and ended; then a fill of the first day is corrected."""
    on = desk(begin_string, daily_allocations=True)
    order = intent(NAME, Side.BUY, AAPL, {"A1": 60, "A2": 40})
    on.enter(replace(order, time_in_force=TimeInForce.GTC))
    on.wait_for(NAME)
    on.sells(20)
    on.wait_for(NAME, filled=20)
    venues_id = on.order(NAME).order_id

    status, _ = on.program.ask("POST", "/clock/step", {"to": "2022-12-01T15:00:00Z"})
    assert status == 200
    on.operate("execute", {"order_id": venues_id, "quantity": 30, "price": "147.50"})
    on.wait_for(NAME, filled=50)
    on.wait_for_fact(NAME, AllocationAck, 2)
    assert not on.order(NAME).is_closed
    on.cancel(NAME)
    on.wait_for_fact(NAME, AllocationAck, 4)
    fill = on.order(NAME).fills[0]
    on.operate("correct", {"exec_id": fill.exec_id, "quantity": 10, "price": "147.90"})
    on.wait_for_fact(NAME, AllocationAck, 6)

    told = on.facts(NAME, AllocationInstruction)
    assert [(one.day, one.trade_date, one.quantity, one.average_price) for one in told] == [
        (DAY, DAY, 20, Decimal(148)),
        (MORNING, MORNING, 30, Decimal("147.50")),
        (DAY, DAY, 10, Decimal("147.90")),
    ]
    assert [(one.transaction, one.refers_to) for one in told[1:]] == [
        (AllocTransType.NEW, None),
        (AllocTransType.REPLACE, told[0].alloc_id),
    ]
    given: dict[str, Decimal] = {}
    for one in (told[1], told[2]):
        for part in one.parts:
            given[part.account_id] = given.get(part.account_id, Decimal(0)) + part.quantity
    assert given == on.client_shares()
    until(lambda: len(on.shown()["instructions"]) == 2, "both days at the venue")
    assert on.wired.alarms("allocation_rejected") == []
