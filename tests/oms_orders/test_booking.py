"""Booking: from what a venue says to every account's last share and cent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import LotMethod
from domain.orders import (
    Alarm,
    CancelReject,
    CancelRequest,
    ExecType,
    ExecutionReport,
    OrderIntent,
    OrdStatus,
    Side,
    TimeInForce,
)
from domain.ports import StatusRequest, Vault
from domain.postings import TransactionKind
from ledger import positions
from oms.booking import Booking, ExecutionConflictError, UnusableExecutionError
from oms.cancel import cancel
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    KO,
    NOW,
    fill,
    go_out,
    intent,
    lot,
    open_books,
    refusal,
    report,
    snapshot,
)
from vault.ledger import SqlLedger

HOLDINGS = (
    lot("A1", AAPL, 100, "9000", 1),
    lot("A1", AAPL, 100, "16000", 2),
    lot("A2", AAPL, 50, "5000"),
)
BOOK = snapshot(HOLDINGS, {"A1": "50000", "A2": "50000", "A3": "50000"})
BUY = intent("R-0002", Side.BUY, KO, {"A1": 50, "A2": 30, "A3": 20})
SELL = intent("R-0001", Side.SELL, AAPL, {"A1": 150, "A2": 30})


class Desk:
    """One order at work, and what its venue says about it."""

    def __init__(self, vault: Vault, target: OrderIntent, book: object = BOOK) -> None:
        self.vault, self.name, self.sink = vault, target.cl_ord_id, Booking()
        open_books(vault, book)
        with vault.write() as uow:
            uow.orders.add(target)
            go_out(uow, self.name)
        self.tell(ExecType.NEW, OrdStatus.NEW)

    @property
    def order(self):
        with self.vault.read() as uow:
            return uow.orders.get(self.name)

    def tell(self, exec_type: ExecType, status: OrdStatus, **changes: object) -> list[str]:
        return self.take(report(self.order, exec_type, status, **changes))

    def fill(self, *numbers: object, **changes: object) -> list[str]:
        return self.take(fill(self.order, *numbers, **changes))

    def bust(self, exec_id: str, *, of: str, cum: int, **changes: object) -> list[str]:
        """The venue takes back its execution `of`, after which `cum` shares have traded."""
        told: dict[str, object] = {
            "exec_id": exec_id,
            "exec_ref_id": of,
            "cum_qty": Decimal(cum),
            "leaves_qty": self.order.order_qty - cum,
        }
        status = OrdStatus.PARTIALLY_FILLED if cum else OrdStatus.NEW
        return self.tell(ExecType.TRADE_CANCEL, status, **(told | changes))

    def take(self, message: ExecutionReport | CancelReject) -> list[str]:
        with self.vault.write() as uow:
            alarms: Sequence[Alarm] = self.sink.apply(uow, message, NOW)
        return [alarm.kind for alarm in alarms]

    def shares(self, security_id: str) -> dict[str, Decimal]:
        with self.vault.read() as uow:
            held = positions.positions(uow.ledger.balances())
        return {account: q for (account, name), q in held.items() if name == security_id}

    def cash(self) -> dict[str, Decimal]:
        with self.vault.read() as uow:
            return positions.cash(uow.ledger.balances())

    def block(self) -> dict[str, Decimal]:
        with self.vault.read() as uow:
            held = uow.ledger.balances(f"block:{self.name}")
        return {asset: quantity for (_, asset), quantity in held.items()}

    def lots(self, account: str) -> dict[str, tuple[Decimal, Decimal]]:
        with self.vault.read() as uow:
            return {one.lot_id: (one.quantity, one.basis) for one in uow.ledger.lots(account)}

    def kinds(self) -> list[TransactionKind]:
        with self.vault.read() as uow:
            return [t.kind for t in uow.ledger.of_order(self.name)]

    def traces(self) -> tuple[int, int]:
        """How many order events and audit entries there are."""
        with self.vault.read() as uow:
            return len(uow.orders.events(self.name)), len(uow.audit.entries())

    def gain(self) -> Decimal:
        with self.vault.read() as uow:
            return sum((r.gain for r in positions.realised(uow.ledger.all())), Decimal(0))

    def books_are_right(self) -> None:
        """The invariants of the ledger, whatever happened."""
        with self.vault.read() as uow:
            facts = uow.ledger.all()
            assert positions.is_balanced(facts)
            assert positions.balances(facts) == dict(uow.ledger.balances())
            assert sorted(positions.lots(facts), key=lambda one: one.lot_id) == sorted(
                uow.ledger.lots(), key=lambda one: one.lot_id
            )
            held = positions.positions(positions.balances(facts))
            by_lots: dict[tuple[str, str], Decimal] = {}
            for one in uow.ledger.lots():
                key = (one.account_id, one.security_id)
                by_lots[key] = by_lots.get(key, Decimal(0)) + one.quantity
            assert by_lots == held


def test_fills_stay_with_the_block_until_it_is_done(vault):
    desk = Desk(vault, BUY)

    alarms = desk.fill("E1", 40, "63.50", "0.20")

    assert alarms == []
    assert desk.shares(KO) == {}
    assert desk.block() == {KO: Decimal(40), "USD": Decimal("-2540.20")}


def test_everybody_gets_the_blocks_exact_average_and_a_lot(vault):
    desk = Desk(vault, BUY)

    desk.fill("E1", 40, "63.50", "0.20")
    alarms = desk.fill("E2", 60, "63.60", "0.31")

    assert alarms == []
    assert desk.block() == {}
    assert desk.shares(KO) == {"A1": 50, "A2": 30, "A3": 20}
    # 40 x 63.50 + 60 x 63.60 = 6356.00, and 0.51 of commission, in cents.
    assert 150000 - sum(desk.cash().values()) == Decimal("6356.51")
    quantity, basis = desk.lots("A1")["R-0002:A1"]
    assert (quantity, basis - Decimal("3178.00")) in {
        (50, Decimal("0.25")),
        (50, Decimal("0.26")),
    }
    desk.books_are_right()


def test_a_cancelled_block_allocates_what_it_filled(vault):
    desk = Desk(vault, BUY)
    desk.fill("E1", 7, "63.50")

    desk.tell(ExecType.CANCELED, OrdStatus.CANCELED)

    shares = desk.shares(KO)
    assert sum(shares.values()) == 7
    assert {shares["A1"], shares["A2"], shares["A3"]} <= {1, 2, 3, 4}
    desk.books_are_right()


def test_a_sale_relieves_the_lots_of_the_mandates_method(vault):
    """HIFO: A1 sells its dear lot first, then half of the cheap one."""
    desk = Desk(vault, SELL)

    desk.fill("E1", 180, "148", "1.80")

    assert desk.lots("A1") == {"A1:AAPL:1": (Decimal(50), Decimal(4500))}
    assert desk.lots("A2") == {"A2:AAPL:1": (Decimal(20), Decimal(2000))}
    # Proceeds 180 x 148 - 1.80, basis 16000 + 4500 + 3000.
    assert desk.gain() == 180 * 148 - Decimal("1.80") - 23500
    desk.books_are_right()


def test_specific_lots_are_those_that_the_recommendation_named(vault):
    book = snapshot(HOLDINGS, method=LotMethod.SPECIFIC)
    target = intent("R-0001", Side.SELL, AAPL, {"A1": 60}, lot_ids=("A1:AAPL:1",))
    desk = Desk(vault, target, book)

    desk.fill("E1", 60, "148")

    assert desk.lots("A1")["A1:AAPL:1"] == (Decimal(40), Decimal(3600))


def test_the_same_execution_twice_is_booked_once(vault):
    desk = Desk(vault, BUY)
    message = fill(desk.order, "E1", 100, "63.50")
    desk.take(message)
    before = (desk.order, desk.kinds(), desk.cash(), desk.traces())

    alarms = desk.take(message)

    assert alarms == []
    assert (desk.order, desk.kinds(), desk.cash(), desk.traces()) == before


def test_an_exec_id_with_other_content_is_refused_for_quarantine(vault):
    desk = Desk(vault, BUY)
    message = fill(desk.order, "E1", 40, "63.50")
    desk.take(message)

    with pytest.raises(ExecutionConflictError, match="ExecID E1 of XSIM on 2022-11-30"):
        desk.take(replace(message, last_px=Decimal("64.50")))
    assert desk.order.gross == 40 * Decimal("63.50")


@pytest.mark.parametrize(
    "wrong", [{"last_px": None}, {"last_px": Decimal(-1)}, {"last_qty": Decimal(0)}]
)
def test_an_execution_without_its_numbers_is_refused_for_quarantine(wrong):
    desk = Desk(MemoryVault(), BUY)

    with pytest.raises(UnusableExecutionError, match="execution E1 of XSIM on order R-0002"):
        desk.take(replace(fill(desk.order, "E1", 40, "63.50"), **wrong))


def test_a_late_fill_is_booked_and_allocated_on_top(vault):
    """Pain 10: the cancel crossed a fill."""
    desk = Desk(vault, BUY)
    desk.fill("E1", 50, "63.50")
    desk.tell(ExecType.CANCELED, OrdStatus.CANCELED)

    alarms = desk.fill("E2", 20, "63.40", leaves_qty=Decimal(0))

    assert alarms == ["fill_on_closed_order"]
    assert sum(desk.shares(KO).values()) == 70
    assert desk.kinds().count(TransactionKind.ALLOCATION) == 2
    assert desk.block() == {}
    desk.books_are_right()


def test_an_over_fill_is_booked_and_allocated_with_an_alarm(vault):
    desk = Desk(vault, BUY)

    alarms = desk.fill("E1", 110, "63.50")

    assert alarms == ["over_filled"]
    assert desk.shares(KO) == {"A1": 55, "A2": 33, "A3": 22}
    desk.books_are_right()


def test_a_bust_of_an_allocated_sale_restores_lots_and_gains_exactly(vault):
    """Two fills, allocated; one is busted: as if it had never been."""
    desk = Desk(vault, SELL)
    desk.fill("E1", 100, "148.10", "1.00")
    desk.fill("E2", 80, "147.90", "0.80")

    alarms = desk.bust("E3", of="E1", cum=80)

    assert alarms == ["execution_busted"]
    assert desk.gain() == 0
    assert desk.lots("A1") == {
        "A1:AAPL:1": (Decimal(100), Decimal(9000)),
        "A1:AAPL:2": (Decimal(100), Decimal(16000)),
    }
    assert desk.block() == {AAPL: Decimal(-80), "USD": Decimal("11831.20")}
    desk.books_are_right()

    desk.tell(ExecType.CANCELED, OrdStatus.CANCELED)

    assert sum(desk.shares(AAPL).values()) == 250 - 80
    assert desk.block() == {}
    desk.books_are_right()


def test_a_corrected_price_reaches_every_accounts_basis(vault):
    desk = Desk(vault, BUY)
    desk.fill("E1", 100, "63.50")

    alarms = desk.tell(
        ExecType.TRADE_CORRECT,
        OrdStatus.FILLED,
        exec_id="E2",
        exec_ref_id="E1",
        last_qty=Decimal(100),
        last_px=Decimal("63.00"),
    )

    assert alarms == ["execution_corrected"]
    assert desk.shares(KO) == {"A1": 50, "A2": 30, "A3": 20}
    assert desk.cash()["A1"] == 50000 - 50 * 63
    assert desk.lots("A3")["R-0002:A3:2"] == (Decimal(20), Decimal(1260))
    desk.books_are_right()


def test_a_bust_of_shares_that_were_sold_on_is_left_to_a_person(vault):
    """The bust is booked; the allocation cannot be undone, so the block shows the difference."""
    desk = Desk(vault, BUY)
    desk.fill("E1", 100, "63.50")
    sale = intent("R-0003", Side.SELL, KO, {"A1": 50})
    with vault.write() as uow:
        uow.orders.add(sale)
        sold = uow.orders.get("R-0003")
        desk.sink.apply(uow, fill(sold, "E7", 50, "64"), NOW)

    alarms = desk.bust("E9", of="E1", cum=0)

    assert alarms == ["execution_busted", "allocation_not_reversed"]
    assert desk.block() == {KO: Decimal(-100), "USD": Decimal(6350)}
    desk.books_are_right()


def test_a_bust_of_a_bust_is_booked_once(vault):
    desk = Desk(vault, BUY)
    desk.fill("E1", 10, "63.50")
    bust = report(
        desk.order,
        ExecType.TRADE_CANCEL,
        OrdStatus.NEW,
        exec_id="E2",
        exec_ref_id="E1",
        cum_qty=Decimal(0),
        leaves_qty=Decimal(100),
    )
    desk.take(bust)

    desk.take(replace(bust, exec_id="E3"))

    assert desk.block() == {}


def test_an_execution_whose_bust_was_heard_before_it_does_not_count(vault):
    """The engine lost it; after its bust the venue is asked for everything again."""
    desk = Desk(vault, BUY)
    assert desk.bust("E2", of="E1", cum=0) == ["unknown_execution_changed"]

    alarms = desk.fill("E1", 10, "63.50", cum_qty=Decimal(10), leaves_qty=Decimal(90))

    assert "execution_busted" in alarms
    assert (desk.order.cum_qty, desk.order.gross, desk.order.fills) == (0, 0, ())
    assert desk.block() == {}
    desk.fill("E3", 20, "63.50")
    assert desk.order.cum_qty == 20
    desk.books_are_right()


def test_a_chain_of_corrections_that_is_heard_backwards_counts_its_last_word(vault):
    desk = Desk(vault, BUY)
    told = {"last_px": Decimal(63), "leaves_qty": Decimal(70), "cum_qty": Decimal(30)}
    for name, of, shares in (("E3", "E2", 30), ("E2", "E1", 20)):
        numbers = {"exec_id": name, "exec_ref_id": of, "last_qty": Decimal(shares)}
        desk.tell(ExecType.TRADE_CORRECT, OrdStatus.PARTIALLY_FILLED, **told, **numbers)
    desk.fill("E1", 10, "63.50")

    assert [(one.exec_id, one.quantity) for one in desk.order.fills] == [("E3", 30)]
    assert desk.order.undone == ()
    assert desk.block() == {KO: Decimal(30), "USD": Decimal(-30 * 63)}
    desk.books_are_right()


def test_a_correction_that_names_itself_counts(vault):
    desk = Desk(vault, BUY)
    numbers = {"last_qty": Decimal(10), "last_px": Decimal(63), "cum_qty": Decimal(10)}

    desk.tell(
        ExecType.TRADE_CORRECT,
        OrdStatus.PARTIALLY_FILLED,
        exec_id="E1",
        exec_ref_id="E1",
        leaves_qty=Decimal(90),
        **numbers,
    )

    assert (desk.order.cum_qty, desk.order.undone) == (10, ())
    assert desk.block()[KO] == 10


def test_the_next_days_execution_of_the_same_name_as_one_undone_unheard_counts(vault):
    """Venues count ExecIDs anew each day."""
    desk = Desk(vault, BUY)
    desk.bust("E2", of="E1", cum=0)
    tomorrow = {"trade_date": DAY + timedelta(days=1), "transact_time": NOW + timedelta(days=1)}

    desk.fill("E1", 10, "63.50", **tomorrow)

    assert desk.order.cum_qty == 10


def test_an_execution_of_an_unknown_order_whose_bust_came_before_it_is_not_booked(vault):
    desk = Desk(vault, BUY)
    stranger = replace(fill(desk.order, "E1", 40, "63.50"), cl_ord_id="NOT-OURS")
    bust = replace(stranger, exec_type=ExecType.TRADE_CANCEL, exec_id="E2", exec_ref_id="E1")
    desk.take(bust)

    assert desk.take(stranger) == ["unknown_order"]

    with vault.read() as view:
        assert not any(book.startswith("block:") for book, _ in view.ledger.balances())


@pytest.fixture
def without_the_whole_ledger(monkeypatch):
    """It may be years long, and a bust is booked while everything else waits."""

    def refuse(_ledger: SqlLedger) -> None:
        raise AssertionError("all of the ledger was read")

    with monkeypatch.context() as patched:
        yield lambda: patched.setattr(SqlLedger, "all", refuse)


def test_a_bust_of_an_allocated_sale_reads_the_history_of_what_it_sold_alone(
    vault, without_the_whole_ledger
):
    desk = Desk(vault, SELL)
    desk.fill("E1", 180, "148.10")
    without_the_whole_ledger()

    alarms = desk.bust("E2", of="E1", cum=0)

    assert alarms == ["execution_busted"]
    assert desk.lots("A1") == {
        "A1:AAPL:1": (Decimal(100), Decimal(9000)),
        "A1:AAPL:2": (Decimal(100), Decimal(16000)),
    }


def test_a_bust_on_an_unknown_order_is_booked_once_and_reads_that_order_alone(
    vault, without_the_whole_ledger
):
    desk = Desk(vault, BUY)
    stranger = replace(fill(desk.order, "E1", 40, "63.50"), cl_ord_id="NOT-OURS")
    bust = replace(stranger, exec_type=ExecType.TRADE_CANCEL, exec_id="E2", exec_ref_id="E1")
    desk.take(stranger)
    without_the_whole_ledger()

    desk.take(bust)
    desk.take(replace(bust, exec_id="E3"))

    with vault.read() as uow:
        assert not any(uow.ledger.balances("block:UNKNOWN:NOT-OURS").values())


def test_a_fill_on_an_unknown_order_is_booked_with_an_alarm(vault):
    desk = Desk(vault, BUY)
    stranger = replace(fill(desk.order, "E1", 40, "63.50", "0.2"), cl_ord_id="NOT-OURS")

    alarms = desk.take(stranger)

    assert alarms == ["unknown_order"]
    with vault.read() as uow:
        held = uow.ledger.balances("block:UNKNOWN:NOT-OURS")
        assert held["block:UNKNOWN:NOT-OURS", "KO"] == 40
        assert uow.audit.about("NOT-OURS")
    assert desk.order.cum_qty == 0
    desk.books_are_right()


def test_a_fill_of_another_symbol_under_our_clordid_does_not_touch_our_order(vault):
    desk = Desk(vault, BUY)

    alarms = desk.fill("E1", 40, "63.50", symbol="PEP")

    assert alarms == ["unknown_order"]
    assert desk.order.cum_qty == 0


def test_without_mandates_the_fills_stay_with_the_block_and_it_is_said(vault):
    """The run's snapshot does not know the account."""
    desk = Desk(vault, intent("R-0002", Side.BUY, KO, {"A1": 50, "A9": 50}))

    alarms = desk.fill("E1", 100, "63.50")

    assert alarms == ["not_allocated"]
    assert desk.block()[KO] == 100


def test_a_sale_without_lots_is_booked_with_an_alarm(vault):
    desk = Desk(vault, intent("R-0001", Side.SELL, AAPL, {"A2": 60}))

    alarms = desk.fill("E1", 60, "148")

    assert alarms == ["sold_without_lots"]
    assert desk.shares(AAPL)["A2"] == -10
    assert desk.gain() == 50 * 148 - 5000


def test_a_refused_cancel_leaves_the_order_working(vault):
    desk = Desk(vault, BUY)

    desk.take(refusal(desk.order, "R-0002.1"))

    assert desk.order.status is OrdStatus.NEW
    with vault.read() as uow:
        assert [e.kind for e in uow.audit.about("R-0002")][-1] == "change_refused"


def test_a_doubt_that_a_refusal_raises_is_asked_about(vault):
    """The venue does not know the order that it acknowledged: ask, and let nothing new out."""
    desk = Desk(vault, BUY)

    unknown = {"order_id": "NONE", "ord_status": OrdStatus.REJECTED, "cxl_rej_reason": 1}
    alarms = desk.take(refusal(desk.order, "R-0002.1", **unknown))

    assert alarms == ["unknown_at_venue"]
    assert desk.order.in_doubt
    with vault.read() as uow:
        (question,) = uow.outbox.waiting("XSIM", 10)
    assert question.body == StatusRequest(cl_ord_id="R-0002", requested_at=NOW)
    desk.tell(ExecType.ORDER_STATUS, OrdStatus.NEW)
    assert not desk.order.in_doubt


def test_an_order_that_a_bust_opens_again_is_asked_about_while_it_was_to_be_cancelled(vault):
    """The cancel was lost with a session while the order filled; its bust shows that it matters."""
    desk = Desk(vault, BUY)
    with vault.write() as uow:
        cancel(uow, desk.order, at=NOW, why="a test")
        uow.outbox.mark_handed([one.number for one in uow.outbox.waiting("XSIM", 10)], NOW)
    desk.fill("E1", 100, "63.50")

    desk.bust("E2", of="E1", cum=0)

    with vault.read() as uow:
        (question,) = uow.outbox.waiting("XSIM", 10)
    assert question.body == StatusRequest(cl_ord_id="R-0002", requested_at=NOW)
    desk.tell(ExecType.ORDER_STATUS, OrdStatus.NEW)
    with vault.read() as uow:
        assert isinstance(uow.outbox.waiting("XSIM", 10)[-1].body, CancelRequest)


def test_a_replace_that_is_told_again_after_the_last_fill_opens_nothing(vault):
    desk = Desk(vault, BUY)
    told = {"exec_id": "E1", "cum_qty": Decimal(0), "leaves_qty": Decimal(100)}
    desk.tell(ExecType.REPLACED, OrdStatus.NEW, **told)
    desk.fill("E2", 100, "63.50")

    assert desk.tell(ExecType.REPLACED, OrdStatus.NEW, **told) == []

    assert desk.order.status is OrdStatus.FILLED


def test_an_order_that_trades_though_its_venue_did_not_know_it_is_asked_about_while_it_was_to_end(
    vault,
):
    """The cancel was lost with a session, and the answer about it said nothing of the order."""
    desk = Desk(vault, BUY)
    with vault.write() as uow:
        cancel(uow, desk.order, at=NOW, why="a test")
    unknown = {"ord_rej_reason": 5, "cum_qty": Decimal(0), "leaves_qty": Decimal(0)}
    desk.tell(ExecType.ORDER_STATUS, OrdStatus.REJECTED, **unknown)
    assert desk.order.in_doubt
    with vault.write() as uow:
        uow.outbox.mark_handed([one.number for one in uow.outbox.waiting("XSIM", 10)], NOW)

    desk.fill("E1", 40, "63.50")

    assert not desk.order.in_doubt
    with vault.read() as uow:
        (question,) = uow.outbox.waiting("XSIM", 10)
    assert question.body == StatusRequest(cl_ord_id="R-0002", requested_at=NOW)


def test_a_good_till_order_is_asked_about_in_the_morning_while_it_was_to_be_cancelled(vault):
    """The cancel was lost on the evening before, and the venue restates the order."""
    desk = Desk(vault, replace(BUY, time_in_force=TimeInForce.GTC))
    with vault.write() as uow:
        cancel(uow, desk.order, at=NOW, why="a test")
        uow.outbox.mark_handed([one.number for one in uow.outbox.waiting("XSIM", 10)], NOW)
    desk.tell(ExecType.DONE_FOR_DAY, OrdStatus.DONE_FOR_DAY, exec_id="E1")

    desk.tell(ExecType.RESTATED, OrdStatus.NEW, exec_id="E2", restatement=1)

    assert not desk.order.is_closed
    with vault.read() as uow:
        (question,) = uow.outbox.waiting("XSIM", 10)
    assert question.body == StatusRequest(cl_ord_id="R-0002", requested_at=NOW)


def test_executions_are_dated_by_the_venue(vault):
    desk = Desk(vault, BUY)
    desk.fill("E1", 40, "63.50")

    desk.fill("E1", 60, "63.50", trade_date=DAY + timedelta(days=1))

    assert desk.order.cum_qty == 100  # The same ExecID on another day is another execution.
    desk.books_are_right()


steps = st.lists(
    st.tuples(
        st.sampled_from(["fill", "fill", "fill", "bust", "correct", "cancel"]),
        st.integers(1, 60),
        st.integers(14000, 15500),
        st.integers(0, 200),
    ),
    max_size=9,
)


@given(st.sampled_from([Side.BUY, Side.SELL]), steps)
def test_any_day_ends_with_right_books(side, day):
    """Fills, busts and corrections before and after the end: shares, cash and lots agree."""
    parts = {"A1": 100, "A2": 40} if side is Side.SELL else {"A1": 70, "A2": 31, "A3": 39}
    desk = Desk(MemoryVault(), intent("R-0001", side, AAPL, parts))
    start = desk.cash()
    for number, (what, quantity, cents, fee) in enumerate(day):
        order, price = desk.order, str(Decimal(cents) / 100)
        room = int(order.intent.quantity - order.cum_qty)
        if what == "fill" and room:
            desk.fill(f"E{number}", min(quantity, room), price, str(Decimal(fee) / 100))
        elif what == "cancel" and not order.is_closed:
            desk.tell(ExecType.CANCELED, OrdStatus.CANCELED)
        elif what in {"bust", "correct"} and order.fills:
            old = order.fills[quantity % len(order.fills)]
            again = min(Decimal(quantity), old.quantity) if what == "correct" else Decimal(0)
            desk.take(
                report(
                    order,
                    ExecType.TRADE_CORRECT if again else ExecType.TRADE_CANCEL,
                    order.status if order.status in CLOSED_BY_VENUE else OrdStatus.PARTIALLY_FILLED,
                    exec_id=f"E{number}",
                    exec_ref_id=old.exec_id,
                    last_qty=again,
                    last_px=Decimal(price),
                    cum_qty=order.cum_qty - old.quantity + again,
                )
            )
        desk.books_are_right()

    order = desk.order
    if order.is_closed:
        assert desk.block() == {}
        sign = 1 if side is Side.BUY else -1
        spent = sum(start.values()) - sum(desk.cash().values())
        assert spent == sign * order.gross + order.commission


CLOSED_BY_VENUE = {OrdStatus.CANCELED}
