"""Allocations as messages: what we write is exact, and what a broker writes is read or kept raw."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allocations import AllocationMode, AllocStatus, AllocTransType
from gateway.allocation_reports import read_ack, read_report
from gateway.allocations import of_order
from gateway.dialect import Dialect
from gateway.fields import FieldError
from gateway.list_status import read_list_status
from gateway.wiretext import message
from tests.gateway.desk import intent

REPORT = [
    (755, "R1"), (70, "C1-A1"), (71, "0"), (794, "3"), (87, "0"), (73, "1"), (11, "C1"), (54, "1"),
    (55, "AAPL"), (53, "300"), (6, "148.123456789"), (75, "20221130"), (60, "20221130-20:45:00"),
    (78, "2"), (79, "X-1"), (80, "200"), (12, "0.004"), (13, "1"), (153, "148.12"), (79, "A2"),
    (80, "100"), (12, "0.01"), (13, "2"), (154, "14812.34"),
]  # fmt: skip


def test_a_report_is_read_account_by_account_under_our_names():
    found = read_report(message("AS", REPORT), "XSIM", {"X-1": "A1"})

    first, second = found.parts
    assert (found.report_id, found.cl_ord_id, found.transaction) == ("R1", "C1", AllocTransType.NEW)
    assert found.average_price == Decimal("148.123457")
    assert (first.account_id, first.quantity, first.commission) == ("A1", 200, Decimal("0.80"))
    assert (second.account_id, second.commission) == ("A2", Decimal("1.48"))
    assert second.net_money == Decimal("14812.34")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({53: "-1"}, "plain unsigned"),
        ({6: "1e5"}, "plain decimal"),
        ({71: "9"}, r"AllocTransType \(71\) '9'"),
        ({80: "x"}, "tag 80"),
        ({755: "a b"}, "not a usable identifier"),
        ({60: "noon"}, "UTC time"),
    ],
)
def test_a_report_that_cannot_be_read_says_why(changes, why):
    fields = [(tag, changes.get(tag, value)) for tag, value in REPORT]

    with pytest.raises(FieldError, match=why):
        read_report(message("AS", fields), "XSIM", {})


def test_a_report_on_several_orders_together_is_not_ours():
    fields = [*REPORT[:7], (11, "C2"), *REPORT[7:]]

    with pytest.raises(FieldError, match="2 orders together"):
        read_report(message("AS", fields), "XSIM", {})


def test_a_rejection_is_read_with_its_reason_in_words():
    found = read_ack(
        message("P", [(70, "C1-A1"), (60, "20221130-20:45:00"), (87, "1"), (88, "8"), (58, "no")]),
        "XSIM",
    )

    assert (found.status, found.is_rejection) == (AllocStatus.BLOCK_REJECTED, True)
    assert found.reason == "incorrect allocated quantity: no"


@given(
    st.sampled_from(["P", "AS", "N"]),
    st.lists(
        st.tuples(
            st.sampled_from([6, 11, 12, 13, 39, 53, 54, 55, 60, 66, 70, 71, 79, 80, 87, 431, 755]),
            st.one_of(
                st.sampled_from(["0", "1", "20221130-20:45:00", "A1", "100", "-1", "1e9", ""]),
                st.text(max_size=8).filter(lambda text: "\x01" not in text),
            ),
        ),
        max_size=14,
    ),
)
def test_whatever_a_wire_can_carry_is_read_or_refused_with_a_reason(kind, fields):
    raw = message(kind, fields)

    with suppress(FieldError):
        if kind == "P":
            read_ack(raw, "XSIM")
        elif kind == "AS":
            read_report(raw, "XSIM", {})
        else:
            read_list_status(raw)


def test_accounts_go_by_the_brokers_names():
    dialect = Dialect(allocations=AllocationMode.ON_ORDER, accounts={"A1": "ACME-7"})

    assert of_order(intent("C1"), dialect) == [(78, "1"), (79, "ACME-7"), (80, "300")]
    assert of_order(intent("C1"), Dialect(allocations=AllocationMode.BEFORE)) == [(70, "C1-A1")]
    assert of_order(intent("C1"), Dialect(allocations=AllocationMode.AFTER)) == []
