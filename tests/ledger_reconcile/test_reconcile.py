"""Whole days through the ledger's own postings, reconciled; then one thing at a time is bent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.lots import TaxLot
from domain.orders import (
    Allocation,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    OrdStatus,
    OrdType,
    Side,
    TimeInForce,
)
from domain.ports import CustodyPosition
from domain.postings import WitnessExecution
from domain.snapshot import CashBalance
from domain.sources import Source
from ledger import positions, postings
from ledger.reconcile import (
    executions_against_ledger,
    intended_against_executed,
    ledger_against_venue,
)
from ledger.reconcile_positions import blocks_left_over, ledger_against_custody

DAY = date(2022, 11, 30)
AT = datetime(2022, 11, 30, 20, 46, tzinfo=UTC)
ISIN = {"XOM": "US30231G1022", "KO": "US1912161007"}


def intent(cl_ord_id="R-0001", symbol="XOM", side=Side.BUY, quantity="100") -> OrderIntent:
    return OrderIntent(
        cl_ord_id=cl_ord_id,
        run_id=UUID(int=1),
        venue="XSIM",
        security_id=ISIN[symbol],
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        ord_type=OrdType.LIMIT,
        limit_price=Decimal("112.00"),
        time_in_force=TimeInForce.DAY,
        reference_price=Decimal("110.00"),
        trade_date=DAY,
        decided_at=AT,
        allocations=(Allocation(account_id="A1", quantity=Decimal(quantity)),),
    )


def order(**changes) -> Order:
    meant = intent()
    usual = Order(
        intent=meant,
        status=OrdStatus.FILLED,
        current=meant.cl_ord_id,
        chain=(meant.cl_ord_id,),
        order_qty=meant.quantity,
        limit_price=meant.limit_price,
        cum_qty=meant.quantity,
        leaves_qty=Decimal(0),
        gross=Decimal(11000),
    )
    return replace(usual, **changes)


def report(exec_id, quantity, price, meant=None, **changes) -> ExecutionReport:
    meant = meant or intent()
    usual = ExecutionReport(
        venue="XSIM",
        exec_id=exec_id,
        order_id="V1",
        cl_ord_id=meant.cl_ord_id,
        orig_cl_ord_id=None,
        exec_type=ExecType.TRADE,
        ord_status=OrdStatus.PARTIALLY_FILLED,
        symbol=meant.symbol,
        side=meant.side,
        order_qty=meant.quantity,
        cum_qty=Decimal(quantity),
        leaves_qty=Decimal(0),
        avg_px=None,
        last_qty=Decimal(quantity),
        last_px=Decimal(price),
        limit_price=meant.limit_price,
        commission=Decimal("0.35"),
        exec_ref_id=None,
        reason="",
        trade_date=DAY,
        transact_time=AT,
    )
    return replace(usual, **changes)


def row(said: ExecutionReport, line=2, **changes) -> WitnessExecution:
    """The same execution as the venue's end-of-day file has it."""
    usual = WitnessExecution(
        venue=said.venue,
        trade_date=said.trade_date,
        exec_id=said.exec_id,
        exec_type=said.exec_type,
        cl_ord_id=said.cl_ord_id,
        symbol=said.symbol,
        side=said.side,
        quantity=said.last_qty,
        price=said.last_px,
        fee=said.commission,
        source=Source("XSIM_20221130_executions.csv", line, "0" * 64),
        exec_ref_id=said.exec_ref_id,
    )
    return replace(usual, **changes)


BUY = intent()
SELL = intent("R-0002", "KO", Side.SELL, "50")
FIRST, SECOND = report("E1", "60", "109.99"), report("E2", "40", "110.01")
THIRD = report("E3", "50", "63.05", SELL)
REPORTS = (FIRST, SECOND, THIRD)
BOOKED = (
    postings.fill(FIRST, BUY, AT),
    postings.fill(SECOND, BUY, AT),
    postings.fill(THIRD, SELL, AT),
)
ROWS = (row(FIRST, 2), row(SECOND, 3), row(THIRD, 4))


def kinds(breaks) -> list[str]:
    assert all(b.message and b.subject and b.ours != b.theirs for b in breaks)
    return [b.kind for b in breaks]


def test_a_day_on_which_everything_agrees_has_no_breaks():
    assert intended_against_executed((order(),)) == ()
    assert executions_against_ledger(REPORTS, BOOKED) == ()
    assert ledger_against_venue(BOOKED, ROWS, "XSIM", DAY) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cum_qty": Decimal(40), "gross": Decimal(4400), "status": OrdStatus.CANCELED},
         ["not_fully_executed"]),
        ({"cum_qty": Decimal(0), "gross": Decimal(0), "status": OrdStatus.REJECTED},
         ["not_fully_executed"]),
        ({"cum_qty": Decimal(101), "gross": Decimal(11110)}, ["over_filled"]),
        ({"status": OrdStatus.PARTIALLY_FILLED, "cum_qty": Decimal(40), "gross": Decimal(4400)},
         ["order_open"]),
        ({"in_doubt": True, "status": OrdStatus.INTENDED, "cum_qty": Decimal(0),
          "gross": Decimal(0)}, ["order_in_doubt"]),
        ({"gross": Decimal("11200.01")}, ["beyond_limit"]),
        ({"gross": Decimal("11200.00")}, []),
        ({"order_qty": Decimal(40), "cum_qty": Decimal(40), "gross": Decimal(4400)},
         ["not_fully_executed"]),  # The venue cut it by itself.
        ({"order_qty": Decimal(40), "cum_qty": Decimal(40), "gross": Decimal(4400),
          "chain": ("R-0001", "R-0001B")}, []),  # We asked for it.
    ],
)  # fmt: skip
def test_an_order_is_held_to_what_was_meant(changes, expected):
    assert kinds(intended_against_executed((order(**changes),))) == expected


def test_a_sale_below_its_limit_is_a_break_and_above_it_is_not():
    sale = replace(BUY, side=Side.SELL)

    assert kinds(intended_against_executed((order(intent=sale, gross=Decimal("11199.99")),))) == [
        "beyond_limit"
    ]
    assert intended_against_executed((order(intent=sale, gross=Decimal(11300)),)) == ()


def test_an_execution_that_was_not_booked_is_missing_by_name():
    (found,) = executions_against_ledger(REPORTS, BOOKED[1:])

    assert (found.kind, found.subject) == ("execution_missing_in_ledger", "XSIM E1")
    assert found.theirs == "buy 60 XOM for 6599.4"


def test_a_fill_that_the_wire_never_said_stands_out():
    (found,) = executions_against_ledger(REPORTS[:2], BOOKED)

    assert (found.kind, found.subject) == ("execution_only_in_ledger", "XSIM E3")
    assert found.ours == f"sell 50 {ISIN['KO']} for 3152.5"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"last_qty": Decimal(59)}, ["execution_quantity_differs", "execution_gross_differs"]),
        ({"last_px": Decimal("109.98")}, ["execution_gross_differs"]),
        ({"commission": Decimal("0.36")}, ["execution_fee_differs"]),
        ({"side": Side.SELL}, ["execution_quantity_differs"]),
    ],
)
def test_an_execution_that_was_booked_wrongly_is_named_by_what_differs(changes, expected):
    said = (replace(FIRST, **changes), SECOND, THIRD)

    assert kinds(executions_against_ledger(said, BOOKED)) == expected


def test_a_bust_undoes_the_fill_on_both_sides():
    bust = report("E9", "60", "109.99", exec_type=ExecType.TRADE_CANCEL, exec_ref_id="E1")
    reversal = postings.fill_reversal(BOOKED[0], bust, AT)
    said, booked = (*REPORTS, bust), (*BOOKED, reversal)
    told = (*ROWS, row(bust, 5))

    assert executions_against_ledger(said, booked) == ()
    assert ledger_against_venue(booked, told, "XSIM", DAY) == ()
    assert kinds(executions_against_ledger(said, BOOKED)) == ["execution_only_in_ledger"]
    assert "execution_missing_in_ledger" in kinds(executions_against_ledger(REPORTS, booked))


def test_a_correction_replaces_the_fill_on_both_sides():
    fixed = report("E9", "60", "109.90", exec_type=ExecType.TRADE_CORRECT, exec_ref_id="E1")
    booked = (
        *BOOKED,
        postings.fill_reversal(BOOKED[0], fixed, AT),
        postings.fill(fixed, BUY, AT),
    )

    assert executions_against_ledger((*REPORTS, fixed), booked) == ()
    assert ledger_against_venue(booked, (*ROWS, row(fixed, 5)), "XSIM", DAY) == ()


def test_a_bust_that_names_nothing_in_the_file_is_a_break():
    bust = report("E9", "1", "1", exec_type=ExecType.TRADE_CANCEL, exec_ref_id="E77")

    (found,) = ledger_against_venue(BOOKED, (*ROWS, row(bust, 5)), "XSIM", DAY)

    assert (found.kind, found.theirs) == ("bust_of_nothing", "E77")
    assert found.message.startswith("XSIM_20221130_executions.csv:5:")


def test_the_venues_file_is_compared_by_execution_and_in_total():
    """A row that the ledger lacks shows as itself and in its name's totals."""
    extra = row(report("E4", "10", "110.00"), 5)

    found = ledger_against_venue(BOOKED, (*ROWS, extra), "XSIM", DAY)

    assert kinds(found) == [
        "execution_missing_in_ledger",
        "total_bought_differs",
        "total_cash_differs",
        "total_fees_differs",
    ]
    assert [(b.ours, b.theirs) for b in found[1:]] == [
        ("100", "110"), ("-10999.8", "-12099.8"), ("0.7", "1.05"),
    ]  # fmt: skip


def test_a_file_of_another_day_or_venue_says_so_row_by_row():
    strange = (*ROWS[:2], replace(ROWS[2], trade_date=date(2022, 11, 29)))

    found = ledger_against_venue(BOOKED, strange, "XSIM", DAY)

    assert kinds(found)[:2] == ["row_of_another_day_or_venue", "execution_only_in_ledger"]


def test_an_execution_that_stands_twice_in_the_file_is_a_break():
    found = ledger_against_venue(BOOKED, (*ROWS, replace(ROWS[0], source=Source("f", 9, ""))), "XSIM", DAY)  # fmt: skip  # noqa: E501

    assert kinds(found) == ["execution_doubled_in_file"]


def test_two_names_booked_under_one_security_are_found():
    mixed = (ROWS[0], replace(ROWS[1], symbol="CVX"), ROWS[2])

    assert "security_differs" in kinds(ledger_against_venue(BOOKED, mixed, "XSIM", DAY))


def test_fills_of_other_venues_and_days_are_left_alone():
    later = replace(BOOKED[0], transaction_id="x", exec_id="E8", trade_date=date(2022, 12, 1))
    other = postings.fill(replace(FIRST, venue="YSIM", exec_id="Y1"), BUY, AT)

    assert ledger_against_venue((*BOOKED, later, other), ROWS, "XSIM", DAY) == ()


fills = st.lists(
    st.tuples(
        st.sampled_from([BUY, SELL]),
        st.integers(1, 10_000),
        st.integers(1, 1_000_000).map(lambda n: Decimal(n) / 10_000),
        st.integers(0, 1000).map(lambda n: Decimal(n) / 100),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(day=fills, data=st.data())
def test_one_bent_row_is_always_found_and_only_there(day, data):
    said = [
        report(f"E{n}", str(quantity), str(price), meant, commission=fee)
        for n, (meant, quantity, price, fee) in enumerate(day)
    ]
    booked = [postings.fill(r, intent_of(r), AT) for r in said]
    rows = [row(r, n + 2) for n, r in enumerate(said)]
    bent = data.draw(st.integers(0, len(rows) - 1))
    more = data.draw(st.sampled_from(["quantity", "price", "fee"]))
    wrong = replace(rows[bent], **{more: getattr(rows[bent], more) + Decimal("0.01")})

    found = ledger_against_venue(booked, [*rows[:bent], wrong, *rows[bent + 1 :]], "XSIM", DAY)

    assert ledger_against_venue(booked, rows, "XSIM", DAY) == ()
    assert found
    by_execution = {b.subject for b in found if b.kind.startswith("execution")}
    assert by_execution == {f"XSIM E{bent}"}


def intent_of(said: ExecutionReport) -> OrderIntent:
    return BUY if said.cl_ord_id == BUY.cl_ord_id else SELL


LOTS = (
    TaxLot(
        lot_id="H:A1:XOM:1",
        account_id="A1",
        security_id=ISIN["XOM"],
        quantity=Decimal(100),
        basis=Decimal("4000.00"),
        acquired=date(2019, 2, 3),
        source=Source("harbor_positions.csv", 7, "0" * 64),
    ),
    TaxLot(
        lot_id="H:A1:KO:1",
        account_id="A1",
        security_id=ISIN["KO"],
        quantity=Decimal(30),
        basis=Decimal("1500.00"),
        acquired=date(2021, 2, 3),
        source=Source("harbor_positions.csv", 8, "0" * 64),
    ),
)
CUSTODY = CustodyPosition(
    account_id="A1",
    custodian="Harbor Trust",
    as_of=DAY,
    lots=LOTS,
    cash=CashBalance(
        account_id="A1", amount=Decimal("250.10"), source=Source("harbor_cash.csv", 3, "0" * 64)
    ),
)
OPENED = (postings.opening(CUSTODY, AT),)


def against(custody: CustodyPosition, lots=None):
    ours = positions.lots(OPENED) if lots is None else lots
    return ledger_against_custody(positions.balances(OPENED), ours, (custody,))


def test_an_account_that_was_just_taken_over_agrees_with_its_custodian():
    assert against(CUSTODY) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lots": LOTS[:1]}, ["position_differs"]),
        ({"lots": (replace(LOTS[0], quantity=Decimal(99)), LOTS[1])}, ["position_differs"]),
        ({"lots": (replace(LOTS[0], basis=Decimal("4000.02")), LOTS[1])}, ["basis_differs"]),
        ({"lots": (replace(LOTS[0], basis=Decimal("4000.01")), LOTS[1])}, []),
        ({"cash": replace(CUSTODY.cash, amount=Decimal("250.11"))}, ["cash_differs"]),
        ({"account_id": "A2"}, ["account_missing_in_ledger"]),
    ],
)
def test_a_custodian_that_disagrees_is_told_by_account_and_security(changes, expected):
    assert kinds(against(replace(CUSTODY, **changes))) == expected


def test_a_break_with_a_custodian_points_into_its_file():
    lots = (replace(LOTS[0], quantity=Decimal(99)), LOTS[1])
    found = against(replace(CUSTODY, lots=lots))

    assert found[0].message == (
        f"A1 {ISIN['XOM']}: the ledger holds 100 shares, Harbor Trust says 99 "
        "(harbor_positions.csv:7)"
    )


def test_our_own_lots_must_add_up_to_our_own_position():
    assert "lots_do_not_add_up" in kinds(against(CUSTODY, lots=LOTS[1:]))


def test_fills_that_no_account_received_are_left_over():
    shares, cash = blocks_left_over(positions.balances((*OPENED, BOOKED[0])))

    assert (shares.subject, shares.ours) == (f"R-0001 {ISIN['XOM']}", "60")
    assert (cash.subject, cash.ours) == ("R-0001 USD", "-6599.75")
    assert blocks_left_over(positions.balances(OPENED)) == ()
