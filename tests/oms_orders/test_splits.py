"""Splits and days: good-till orders over nights, and what a venue takes back afterwards."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.order_states import open_order
from domain.orders import ExecType, OrdStatus, OrdType, Side, TimeInForce
from domain.restatements import after_split
from domain.splits import Split
from ledger import positions
from ledger.wash_facts import traded
from oms import splits
from oms.by_hand.cover import free_shares
from oms.cancel import ChangeRefusedError, change
from oms.exposure import exposure
from oms.splits import SplitRefusedError
from oms.take_over import take_over
from tests.oms_orders.desk import AAPL, DAY, NOW, intent, lot, open_books, snapshot
from tests.oms_orders.test_booking import Desk

MORNING = date(2022, 12, 1)
BOOK = snapshot(
    (lot("A1", AAPL, 100, "9000", 1), lot("A2", AAPL, 60, "4800", 2)),
    {"A1": "90000", "A2": "90000"},
)
TWO_FOR_ONE = Split(security_id=AAPL, day=MORNING, new=2, old=1)


def order(side: Side, parts=None):
    made = intent("G-0001", side, AAPL, parts or {"A1": 60, "A2": 40}, limit="150")
    return replace(made, time_in_force=TimeInForce.GTC)


@pytest.fixture(params=[Side.BUY, Side.SELL], ids=["buy", "sell"])
def desk(request, vault):
    """Of 100 shares 20 were done on the first day, at 148 and at 149."""
    made = Desk(vault, order(request.param), BOOK)
    assert made.fill("E1", 10, "148", "0.10") == []
    assert made.fill("E2", 10, "149", "0.10") == []
    return made


def renew(desk):
    return desk.tell(
        ExecType.RESTATED,
        OrdStatus.PARTIALLY_FILLED,
        exec_id="R1",
        trade_date=MORNING,
        restatement=1,
    )


def restate(desk, ratio: int = 2):
    """The venue's word of the morning: so many shares for each."""
    now = desk.order
    return desk.tell(
        ExecType.RESTATED,
        OrdStatus.PARTIALLY_FILLED,
        exec_id="R1",
        trade_date=MORNING,
        restatement=0,
        order_qty=now.order_qty * ratio,
        cum_qty=now.cum_qty * ratio,
        leaves_qty=now.leaves_qty * ratio,
        limit_price=now.limit_price / ratio,
    )


def book_split(vault, split=TWO_FOR_ONE):
    with vault.write() as uow:
        splits.propose(uow, split, "AAPL", why="8-K of 29 November", by="anna", at=NOW)
        return splits.second(uow, "AAPL", split.day, by="ben", at=NOW)


def fill(desk, name, quantity, price, **changes):
    return desk.fill(name, quantity, price, "0.20", trade_date=MORNING, **changes)


def bust(desk, exec_id, ref, cum):
    return desk.bust(exec_id, of=ref, cum=cum, trade_date=MORNING)


def test_a_renewal_is_no_news_and_gives_the_day_that_is_over_to_its_accounts(desk):
    held = desk.shares(AAPL)

    assert renew(desk) == []

    sign = 1 if desk.order.intent.side is Side.BUY else -1
    moved = {name: desk.shares(AAPL)[name] - held[name] for name in held}
    assert moved == {"A1": sign * 12, "A2": sign * 8}
    assert desk.order.status is OrdStatus.PARTIALLY_FILLED
    desk.books_are_right()


def test_the_next_mornings_files_find_the_day_given_out_though_the_venue_is_silent(desk):
    held = desk.shares(AAPL)

    with desk.vault.write() as uow:
        take_over(uow, DAY, NOW)
        assert desk.block() != {}, "the day is not over"
        take_over(uow, MORNING, NOW)

    sign = 1 if desk.order.intent.side is Side.BUY else -1
    assert desk.block() == {}
    assert desk.shares(AAPL)["A1"] - held["A1"] == sign * 12
    assert not desk.order.is_closed
    desk.books_are_right()


def test_each_day_has_its_own_average_and_its_own_lots(desk):
    renew(desk)
    fill(desk, "E3", 80, "140")

    with desk.vault.read() as view:
        gave = [t for t in view.ledger.of_order(desk.name) if t.kind.value == "allocation"]
    assert [t.trade_date for t in gave] == [DAY, MORNING]
    if desk.order.intent.side is Side.BUY:
        with desk.vault.read() as view:
            ours = [one for one in view.ledger.lots() if one.lot_id.startswith("G-0001")]
        assert {(one.acquired, one.account_id, one.quantity) for one in ours} == {
            (DAY, "A1", 12),
            (DAY, "A2", 8),
            (MORNING, "A1", 48),
            (MORNING, "A2", 32),
        }
        assert sum(one.basis for one in ours) == Decimal("2970.20") + 80 * 140 + Decimal("0.20")
    desk.books_are_right()


def test_a_split_order_goes_on_in_new_shares_for_the_same_dollars(desk):
    book_split(desk.vault)

    assert restate(desk) == ["order_split"]

    now = desk.order
    assert (now.order_qty, now.cum_qty, now.leaves_qty) == (200, 40, 160)
    assert (now.limit_price, now.gross) == (75, 2970)
    assert fill(desk, "E3", 160, "74") == []
    assert desk.order.status is OrdStatus.FILLED


def test_what_was_done_before_the_split_is_given_out_in_old_shares_first(desk):
    """The two persons come before the venue's first word of the morning."""
    held = desk.shares(AAPL)

    book_split(desk.vault)

    sign = 1 if desk.order.intent.side is Side.BUY else -1
    assert desk.block().get(AAPL, 0) == 0
    assert desk.shares(AAPL) == {
        "A1": 2 * (held["A1"] + sign * 12),
        "A2": 2 * (held["A2"] + sign * 8),
    }
    desk.books_are_right()


def test_positions_and_lots_are_right_when_two_persons_book_the_split(desk):
    renew(desk)
    before = desk.shares(AAPL)
    basis = {name: b for account in ("A1", "A2") for name, (_, b) in desk.lots(account).items()}
    gain = desk.gain()

    book_split(desk.vault)

    assert desk.shares(AAPL) == {name: 2 * quantity for name, quantity in before.items()}
    after = {name: b for account in ("A1", "A2") for name, (_, b) in desk.lots(account).items()}
    assert after == basis
    assert desk.gain() == gain
    desk.books_are_right()


def test_a_bust_of_what_was_done_before_the_split_takes_back_new_shares(desk):
    """As if the busted execution had never been: the naive sum of what is left."""
    cash, held = desk.cash(), desk.shares(AAPL)
    renew(desk)
    book_split(desk.vault)
    assert restate(desk) == ["order_split"]
    fill(desk, "E3", 160, "74")

    alarms = bust(desk, "E4", "E1", 180)

    sign = 1 if desk.order.intent.side is Side.BUY else -1
    assert alarms == ["execution_busted"]
    assert (desk.order.cum_qty, desk.order.gross) == (180, 149 * 10 + 160 * 74)
    block = desk.block()
    ours = sum(desk.shares(AAPL).values()) + block.get(AAPL, 0)
    assert ours == 2 * sum(held.values()) + sign * 180
    money = sum(desk.cash().values()) + block.get("USD", 0)
    assert money == sum(cash.values()) - sign * desk.order.gross - desk.order.commission
    desk.books_are_right()


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_bust_of_an_order_that_was_over_before_the_split_takes_back_new_shares(vault, side):
    """Its venue never restated it; what stands of it is given out again in new shares."""
    desk = Desk(vault, order(side), BOOK)
    cash, held = desk.cash(), desk.shares(AAPL)
    desk.fill("E1", 60, "148", "0.10")
    desk.fill("E2", 40, "149", "0.10")
    book_split(desk.vault)

    alarms = desk.bust("E3", of="E1", cum=40, trade_date=MORNING)

    sign = 1 if side is Side.BUY else -1
    assert alarms == ["execution_busted"]
    block = desk.block()
    ours = sum(desk.shares(AAPL).values()) + block.get(AAPL, 0)
    assert ours == 2 * (sum(held.values()) + sign * 40)
    money = sum(desk.cash().values()) + block.get("USD", 0)
    assert money == sum(cash.values()) - sign * 149 * 40 - Decimal("0.10")
    desk.books_are_right()


def test_a_correction_after_the_split_of_an_order_that_was_over_is_given_in_its_own_shares(vault):
    desk = Desk(vault, order(Side.BUY), BOOK)
    desk.fill("E1", 100, "148", "0.10")
    held = desk.shares(AAPL)
    book_split(desk.vault)

    desk.tell(
        ExecType.TRADE_CORRECT,
        OrdStatus.FILLED,
        exec_id="E2",
        exec_ref_id="E1",
        last_qty=Decimal(198),
        last_px=Decimal(74),
        commission=Decimal("0.10"),
        trade_date=MORNING,
        cum_qty=Decimal(198),
        leaves_qty=Decimal(0),
    )

    assert sum(desk.shares(AAPL).values()) == 2 * (sum(held.values()) - 100) + 198
    assert desk.block() == {}
    desk.books_are_right()


def test_a_correction_keeps_the_day_on_which_the_shares_were_bought(vault):
    desk = Desk(vault, order(Side.BUY), BOOK)
    desk.fill("E1", 10, "148", "0.10")
    renew(desk)
    fill(desk, "E2", 90, "140")

    desk.tell(
        ExecType.TRADE_CORRECT,
        OrdStatus.FILLED,
        exec_id="E3",
        exec_ref_id="E1",
        last_qty=Decimal(10),
        last_px=Decimal(147),
        commission=Decimal("0.10"),
        trade_date=MORNING,
        cum_qty=Decimal(100),
        leaves_qty=Decimal(0),
    )

    with desk.vault.read() as view:
        ours = [one for one in view.ledger.lots() if one.lot_id.startswith("G-0001")]
    assert {(one.acquired, one.account_id, one.quantity) for one in ours} == {
        (DAY, "A1", 6),
        (DAY, "A2", 4),
        (MORNING, "A1", 54),
        (MORNING, "A2", 36),
    }
    assert sum(one.basis for one in ours if one.acquired == DAY) == Decimal("1470.10")
    desk.books_are_right()


def test_nothing_is_taken_back_from_accounts_whose_split_is_not_booked(desk):
    renew(desk)
    restate(desk)
    held = desk.shares(AAPL)

    alarms = bust(desk, "E4", "E1", 20)

    assert alarms == ["execution_busted", "allocation_not_reversed"]
    assert desk.shares(AAPL) == held


def test_a_restatement_whose_figures_do_not_agree_is_no_split(desk):
    alarms = desk.tell(
        ExecType.RESTATED,
        OrdStatus.PARTIALLY_FILLED,
        exec_id="R1",
        trade_date=MORNING,
        restatement=0,
        order_qty=Decimal(200),
        cum_qty=Decimal(20),
        leaves_qty=Decimal(180),
    )

    assert alarms == ["restated"]
    assert desk.order.splits == ()
    assert desk.order.cum_qty == 20


def test_a_renewal_under_other_terms_is_told(desk):
    alarms = desk.tell(
        ExecType.RESTATED,
        OrdStatus.PARTIALLY_FILLED,
        exec_id="R1",
        trade_date=MORNING,
        restatement=1,
        order_qty=Decimal(90),
        leaves_qty=Decimal(70),
    )

    assert alarms == ["restated"]
    assert desk.order.order_qty == 90


def test_one_person_books_no_split(vault):
    open_books(vault, BOOK)
    with vault.write() as uow:
        with pytest.raises(SplitRefusedError, match="nobody has proposed"):
            splits.second(uow, "AAPL", MORNING, by="ben", at=NOW)
        splits.propose(uow, TWO_FOR_ONE, "AAPL", why="8-K", by="anna", at=NOW)
        with pytest.raises(SplitRefusedError, match="ask a second person"):
            splits.second(uow, "AAPL", MORNING, by="Anna", at=NOW)

    with vault.read() as view:
        assert view.ledger.splits(AAPL) == ()


def test_a_split_is_booked_once(vault):
    open_books(vault, BOOK)
    book_split(vault)

    with pytest.raises(SplitRefusedError, match="is booked already"):
        book_split(vault)
    with pytest.raises(SplitRefusedError, match="which was of later shares"):
        book_split(vault, replace(TWO_FOR_ONE, day=MORNING - timedelta(days=1)))

    with vault.read() as view:
        assert view.ledger.splits(AAPL) == (TWO_FOR_ONE,)
        assert positions.positions(view.ledger.balances())["A1", AAPL] == 200


def test_what_was_traded_before_the_split_is_dated_by_its_day_and_counted_in_new_shares(vault):
    """A wash sale and a term follow from the day of the trade, not from that of the split."""
    desk = Desk(vault, order(Side.SELL), BOOK)
    desk.fill("E1", 10, "148", "0.10")
    desk.fill("E2", 10, "149", "0.10")
    renew(desk)
    book_split(vault)
    restate(desk)
    fill(desk, "E3", 160, "74")
    bust(desk, "E4", "E1", 180)
    with vault.write() as uow:
        take_over(uow, MORNING + timedelta(days=1), NOW)

    with vault.read() as view:
        gave = [t for t in view.ledger.of_order(desk.name) if t.kind.value == "allocation"]

    dated = [(traded(t), t.trade_date, sum(r.quantity for r in t.relieved)) for t in gave]
    assert dated[-2:] == [(DAY, MORNING, 20), (MORNING, MORNING, 160)]


def test_an_open_sale_of_before_a_split_may_still_take_the_shares_that_its_own_became(vault):
    """Of A1's 60 shares 12 are sold and given out; the other 48 are 96 of the 176 that it holds."""
    desk = Desk(vault, order(Side.SELL), BOOK)
    desk.fill("E1", 20, "148", "0.10")
    with vault.read() as view:
        assert free_shares(view, "A1", AAPL) == (100, 40)

    restate(desk)
    book_split(vault)

    with vault.read() as view:
        assert free_shares(view, "A1", AAPL) == (176, 80)
        assert free_shares(view, "A1", AAPL, ["G-0001"]) == (176, 176)


@pytest.mark.parametrize(
    ("ratio", "quantity", "limit"), [(Decimal(2), 200, "74"), (Decimal("0.5"), 50, "296")]
)
def test_a_split_order_is_changed_within_what_was_approved_in_new_shares(
    vault, ratio, quantity, limit
):
    """100 were approved at about 148: they are 200 at 74, or 50 at 296."""
    desk = Desk(vault, order(Side.BUY), BOOK)
    desk.fill("E1", 20, "148", "0.10")
    restate(desk, ratio)
    terms = {"quantity": Decimal(quantity), "limit_price": Decimal(limit)}

    with vault.write() as uow:
        usual = {"at": NOW, "why": "a test", "collar": Decimal("0.1")}
        with pytest.raises(ChangeRefusedError, match=f"more than the {quantity} that were"):
            change(uow, desk.order, **{**terms, "quantity": Decimal(quantity + 1)}, **usual)
        with pytest.raises(ChangeRefusedError, match="away from"):
            change(uow, desk.order, **{**terms, "limit_price": Decimal(148)}, **usual)
        [wish] = change(uow, desk.order, **terms, **usual).pending

    assert (wish.quantity, wish.limit_price) == (quantity, Decimal(limit))


@pytest.mark.parametrize("ratio", [Decimal(2), Decimal("0.5")])
def test_a_split_takes_the_same_dollars_also_of_an_order_without_a_limit(ratio):
    wanted = {"ord_type": OrdType.STOP, "limit_price": None, "stop_price": Decimal(100)}
    before = open_order(replace(order(Side.BUY), **wanted))
    split = Split(security_id=AAPL, day=MORNING, new=int(ratio * 2), old=2)

    after = after_split(before, split)

    assert exposure(after, Decimal("0.1")) == exposure(before, Decimal("0.1"))
