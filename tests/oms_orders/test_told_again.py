"""Reports told again: an order is as it is by the newest word, however often older ones come."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.orders import (
    CancelReject,
    ExecType,
    ExecutionReport,
    OrderIntent,
    OrdStatus,
    Side,
    TimeInForce,
)
from domain.ports import Vault
from oms.booking import Booking
from oms.cancel import cancel
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    DAY,
    KO,
    NOW,
    fill,
    go_out,
    intent,
    open_books,
    refusal,
    report,
    snapshot,
)

BOOK = snapshot((), {"A1": "50000", "A2": "50000"})
GOOD_TILL = replace(
    intent("R-0001", Side.BUY, KO, {"A1": 50, "A2": 50}), time_in_force=TimeInForce.GTC
)


class Life:
    """What a venue says of one good-till order; every word has its ExecID and its moment."""

    def __init__(self, vault: Vault, target: OrderIntent = GOOD_TILL) -> None:
        self.vault, self.name, self.sink = vault, target.cl_ord_id, Booking()
        self.told: list[ExecutionReport | CancelReject] = []
        self.day = DAY
        open_books(vault, BOOK)
        with vault.write() as uow:
            uow.orders.add(target)
            go_out(uow, self.name)
        self.says(ExecType.NEW, OrdStatus.NEW)

    @property
    def order(self):
        with self.vault.read() as view:
            return view.orders.get(self.name)

    def take(self, message: ExecutionReport | CancelReject) -> None:
        with self.vault.write() as uow:
            self.sink.apply(uow, message, NOW)

    def says(self, exec_type: ExecType, status: OrdStatus, **changes: object) -> None:
        self._new_word(report(self.order, exec_type, status, **changes))

    def trades(self) -> None:
        self._new_word(fill(self.order, "", 10, "63.50"))

    def refuses(self) -> None:
        """Our last change, whatever it was."""
        order = self.order
        for wish in order.pending:
            said = {"ord_status": _working(order), "transact_time": self._moment()}
            refused = refusal(order, wish.cl_ord_id, **said)
            self.told.append(refused)
            self.take(refused)

    def goes_on(self) -> None:
        """The next morning of an order that was done for the day."""
        self.day += timedelta(days=1)
        order = self.order
        self.says(ExecType.RESTATED, _outranked(order, _working(order)), restatement=1)

    def tell_again(self) -> None:
        """All of it, as after a commit whose answer was lost."""
        for message in tuple(self.told):
            self.take(message)

    def _moment(self):
        return NOW + timedelta(days=(self.day - DAY).days, seconds=len(self.told))

    def _new_word(self, message: ExecutionReport) -> None:
        is_answer = message.exec_type is ExecType.ORDER_STATUS
        exec_id = "0" if is_answer else f"E{len(self.told)}"
        word = replace(message, exec_id=exec_id, trade_date=self.day, transact_time=self._moment())
        self.told.append(word)
        self.take(word)


def _working(order) -> OrdStatus:
    return OrdStatus.PARTIALLY_FILLED if order.cum_qty else OrdStatus.NEW


def _outranked(order, status: OrdStatus) -> OrdStatus:
    """A cancel that is pending takes precedence on the wire."""
    return OrdStatus.PENDING_CANCEL if order.pending else status


def _done_for_day(life: Life) -> None:
    life.says(ExecType.DONE_FOR_DAY, OrdStatus.DONE_FOR_DAY)


def _suspend(life: Life) -> None:
    life.says(ExecType.SUSPENDED, _outranked(life.order, OrdStatus.SUSPENDED))


def _receive_cancel(life: Life) -> None:
    with life.vault.write() as uow:
        order = uow.orders.get(life.name)
        asked = order if order.pending else cancel(uow, order, at=NOW, why="a test")
    name = asked.chain[-1]
    life.says(ExecType.PENDING_CANCEL, OrdStatus.PENDING_CANCEL, cl_ord_id=name)


def _restate(life: Life) -> None:
    order = life.order
    status = _outranked(order, _working(order))
    life.says(ExecType.RESTATED, status, restatement=5, order_qty=order.order_qty - 1)


def _answer(life: Life) -> None:
    life.says(ExecType.ORDER_STATUS, life.order.status)


ACTS: tuple[Callable[[Life], None], ...] = (
    Life.trades,
    Life.refuses,
    _done_for_day,
    _suspend,
    _receive_cancel,
    _restate,
    _answer,
)


def live(life: Life, acts: list[Callable[[Life], None]]) -> None:
    """What may happen to it; after the end of a day the next one comes."""
    for act in acts:
        if life.order.status is OrdStatus.DONE_FOR_DAY and act is not _answer:
            life.goes_on()
        if not life.order.is_closed or act is _answer:
            act(life)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(ACTS), max_size=8))
def test_a_life_that_is_told_again_changes_nothing(acts):
    life = Life(MemoryVault())
    live(life, acts)
    before = life.order

    life.tell_again()

    assert replace(life.order, reason=before.reason) == before


def test_an_older_day_that_is_told_again_does_not_end_the_order(vault):
    """Done for the day, restated, traded; then a lost commit tells of all of it once more."""
    life = Life(vault)
    _done_for_day(life)
    _answer(life)
    life.goes_on()
    life.trades()

    life.tell_again()

    assert life.order.status is OrdStatus.PARTIALLY_FILLED
    assert life.order.leaves_qty == Decimal(90)


def test_an_answer_that_was_not_believed_counts_when_it_comes_again(vault):
    """It told of an end before its executions; they came late, and now it may end the order."""
    life = Life(vault)
    end = {"cum_qty": Decimal(10), "leaves_qty": Decimal(0)}
    answer = report(life.order, ExecType.ORDER_STATUS, OrdStatus.EXPIRED, **end)
    answer = replace(answer, transact_time=NOW + timedelta(minutes=1))
    life.take(answer)
    assert not life.order.is_closed
    life.trades()

    life.take(answer)

    assert life.order.status is OrdStatus.EXPIRED


@pytest.mark.parametrize("time_in_force", [TimeInForce.DAY, TimeInForce.GTC])
def test_the_end_of_each_of_two_days_counts(vault, time_in_force):
    """Some venues name all but their executions 0: another moment makes another report."""
    life = Life(vault, replace(GOOD_TILL, time_in_force=time_in_force))
    for second in (1, 3):
        at = NOW + timedelta(seconds=second)
        done = report(life.order, ExecType.DONE_FOR_DAY, OrdStatus.DONE_FOR_DAY, transact_time=at)
        life.take(done)
        assert life.order.status is OrdStatus.DONE_FOR_DAY
        later = at + timedelta(seconds=1)
        life.take(report(life.order, ExecType.RESTATED, OrdStatus.NEW, transact_time=later))
        assert life.order.status is OrdStatus.NEW
