"""A copy agrees with what it copies; whatever it says otherwise is named."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders import ExecType, ExecutionReport, OrdStatus, Side
from gateway.comparison import contradiction, missing

AT = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
BOOKED = ExecutionReport(
    venue="XSIM",
    exec_id="E1",
    order_id="O1",
    cl_ord_id="C1",
    orig_cl_ord_id=None,
    exec_type=ExecType.TRADE,
    ord_status=OrdStatus.PARTIALLY_FILLED,
    symbol="AAPL",
    side=Side.BUY,
    order_qty=Decimal(300),
    cum_qty=Decimal(100),
    leaves_qty=Decimal(200),
    avg_px=Decimal("190.2"),
    last_qty=Decimal(100),
    last_px=Decimal("190.2"),
    limit_price=Decimal(191),
    commission=Decimal("0.3"),
    exec_ref_id=None,
    reason="",
    trade_date=date(2022, 11, 30),
    transact_time=AT,
    ord_rej_reason=None,
)


@given(
    seconds=st.integers(0, 60),
    cum_qty=st.integers(0, 300),
    cl_ord_id=st.sampled_from(["", "C1"]),
    commission=st.sampled_from(["0", "0.3"]),
    text=st.text(max_size=20),
)
def test_what_brokers_leave_out_of_a_copy_is_no_difference(
    seconds, cum_qty, cl_ord_id, commission, text
):
    copy = replace(
        BOOKED,
        transact_time=AT + timedelta(seconds=seconds),
        cum_qty=Decimal(cum_qty),
        avg_px=None,
        cl_ord_id=cl_ord_id,
        commission=Decimal(commission),
        reason=text,
    )

    assert contradiction(copy, BOOKED) is None


@pytest.mark.parametrize(
    ("change", "ours", "theirs"),
    [
        ({"last_qty": Decimal(101)}, "LastQty 100", "LastQty 101"),
        ({"last_px": Decimal("190.21")}, "LastPx 190.2", "LastPx 190.21"),
        ({"last_px": None}, "LastPx 190.2", "LastPx none"),
        ({"side": Side.SELL}, "Side BUY", "Side SELL"),
        ({"symbol": "MSFT"}, "Symbol AAPL", "Symbol MSFT"),
        ({"cl_ord_id": "C2"}, "ClOrdID C1", "ClOrdID C2"),
        ({"commission": Decimal("0.4")}, "Commission 0.3", "Commission 0.4"),
        (
            {"exec_type": ExecType.TRADE_CANCEL, "exec_ref_id": "E0"},
            "ExecType TRADE, ExecRefID none",
            "ExecType TRADE_CANCEL, ExecRefID E0",
        ),
    ],
)
def test_what_a_copy_says_otherwise_is_named_on_both_sides(change, ours, theirs):
    found = contradiction(replace(BOOKED, **change), BOOKED)

    assert found is not None
    assert (found.kind, found.subject) == ("drop_copy_differs", "XSIM 2022-11-30 E1")
    assert (found.ours, found.theirs) == (ours, theirs)
    assert "ask the venue" in found.message


def test_a_missing_execution_is_told_with_what_it_was():
    found = missing(BOOKED, 30)

    assert found.kind == "drop_copy_unmatched"
    assert found.message == (
        "XSIM 2022-11-30 E1 of order C1, TRADE BUY 100 AAPL at 190.2, was copied to us and is "
        "not booked after 30 s: ask the venue to send it again"
    )
