"""The demo's words: wrapped without losing any, and the right sign on every number."""

import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.demo.progress import Progress
from console.demo.report import _bars, _held_words, _tax_words
from console.wrapping import PIPED, columns_of, hanging
from domain.recommendations import HeldAccount

words = st.lists(st.text("abc$-,.", min_size=1, max_size=30), max_size=30).map(" ".join)


@given(front=st.text("x ", max_size=30), text=words, width=st.integers(20, 120))
def test_wrapping_loses_no_word_and_fits_where_words_allow(front, text, width):
    lines = hanging(front, text, width)

    assert " ".join(lines).split() == (front + text).split()
    assert all(len(line) <= width or len(line.split()) <= 1 + len(front.split()) for line in lines)


def test_lines_begin_below_the_text_and_a_percent_sign_stays_with_its_number():
    lines = hanging("  Rules  ", "the limit is 25 % of the account", 24)

    assert lines == ["  Rules  the limit is", "        25 % of the", "        account"]


def test_a_pipe_gets_a_fixed_width():
    assert columns_of(io.StringIO()) == PIPED


@pytest.mark.parametrize(
    ("realised", "cost", "said"),
    [
        ("-85.5", "-29", "$85.50 of losses realised, which saves $29.00 of tax"),
        ("100", "23.8", "$100.00 of gains realised, which costs $23.80 of tax"),
        ("10", "-3", "$10.00 of gains realised, which saves $3.00 of tax"),
        ("0", "0", "$0.00 of gains realised, which costs $0.00 of tax"),
    ],
)
def test_taxes_are_told_without_a_minus_sign(realised, cost, said):
    assert _tax_words(Decimal(realised), Decimal(cost)) == f"{said} at the clients' rates"


def test_the_longer_bar_is_the_larger_error():
    (_, before), (_, after) = _bars(Decimal("0.0211"), Decimal("0.0088"))

    assert before == "before " + "█" * 40 + " 2.11 %"
    assert after == "after  " + "█" * 16 + " 0.88 %"


def test_a_held_account_without_a_rule_keeps_its_own_reason():
    held = HeldAccount(account_id="H1", reason="its buys need the cash of a held account")

    assert _held_words(held, ()) == held.reason


def test_progress_is_one_line_a_step_where_nobody_watches():
    out = io.StringIO()

    with Progress(out).step("approve") as step:
        step.done("because " + "36 orders are more than the policy releases; " * 10)

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().startswith("✓ approve     because 36 orders")
