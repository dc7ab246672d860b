"""Cells to values: what is read is exact, and everything else is refused with a remedy."""

from datetime import date
from decimal import Decimal

import pytest
import stdnum.cusip
import stdnum.isin
from hypothesis import given
from hypothesis import strategies as st

from vault.ingest import fields
from vault.ingest.fields import PLAIN, DateFormat, FieldError, NumberFormat

DOLLARS = NumberFormat(currency="$", thousands=",")
LEDGER = NumberFormat(currency="$", thousands=",", negative="parentheses")
GERMAN = NumberFormat(decimal=",", thousands=".")
cents = st.integers(-(10**13), 10**13).map(lambda n: Decimal(n).scaleb(-2))


@given(cents)
def test_a_number_reads_back_from_every_format(value):
    size = f"{abs(value):,.2f}"
    sign = "-" if value < 0 else ""

    assert PLAIN.parse(f"{value:f}") == value
    assert DOLLARS.parse(f"{sign}${size}") == value
    assert LEDGER.parse(f"(${size})" if value < 0 else f"${size}") == value
    assert GERMAN.parse(sign + size.translate(str.maketrans(",.", ".,"))) == value


@given(st.text(max_size=12), st.sampled_from([PLAIN, DOLLARS, LEDGER, GERMAN]))
def test_a_cell_is_a_finite_exact_number_or_is_refused(cell, number_format):
    try:
        value = number_format.parse(cell)
    except FieldError:
        return

    assert value.is_finite()
    assert value.as_tuple().exponent >= -6


@pytest.mark.parametrize(
    ("number_format", "cell", "reason"),
    [
        (PLAIN, "1,5", "is not a plain number"),
        (DOLLARS, "1,5", "where three digits do not follow"),
        (DOLLARS, "12,34,567", "where three digits do not follow"),
        (DOLLARS, "1234,567", "where three digits do not follow"),
        (PLAIN, "1e400", "is not a plain number"),
        (PLAIN, "NaN", "is not a plain number"),
        (PLAIN, "Infinity", "is not a plain number"),
        (PLAIN, "", "is not a plain number"),
        (PLAIN, " 5", "is not a plain number"),
        (PLAIN, "5.", "is not a plain number"),
        (PLAIN, ".5", "is not a plain number"),
        (PLAIN, "--5", "is not a plain number"),
        (PLAIN, "٣", "is not a plain number"),
        (PLAIN, "0.1234567", "more than six decimal places"),
        (PLAIN, "9" * 30, "too large"),
        (DOLLARS, "(5)", "is not a plain number"),
        (GERMAN, "1.5", "where three digits do not follow"),
    ],
)
def test_what_is_no_number_is_refused(number_format, cell, reason):
    with pytest.raises(FieldError, match=reason):
        number_format.parse(cell)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_day_reads_back_from_every_format(day):
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y"):
        assert DateFormat(form).parse(day.strftime(form)) == day


@pytest.mark.parametrize(
    "cell", ["2022-02-29", "2022-13-01", "2022-1-5", "22-01-05", "2022-01-05 ", "", "1899-12-31"]
)
def test_an_impossible_or_unfinished_day_is_refused(cell):
    with pytest.raises(FieldError):
        DateFormat().parse(cell)


@given(st.from_regex(r"US[0-9A-Z]{9}[0-9]", fullmatch=True))
def test_isins_are_those_of_the_oracle(cell):
    assert _accepts(fields.isin, cell) == stdnum.isin.is_valid(cell)


@given(st.from_regex(r"[0-9A-Z]{8}[0-9]", fullmatch=True))
def test_cusips_are_those_of_the_oracle(cell):
    assert _accepts(fields.cusip, cell) == stdnum.cusip.is_valid(cell)


@pytest.mark.parametrize("cell", ["=cmd()", "@SUM(A1)", "+A1", "-cmd", "=1+1", "\tx"])
def test_a_formula_is_refused(cell):
    with pytest.raises(FieldError, match="formula"):
        fields.refuse_formula(cell)


@pytest.mark.parametrize("cell", ["-5", "+5", "-$1.50", "--", "-", "AAPL", "", "-.5", "-(5)"])
def test_what_only_looks_like_a_formula_is_not_refused(cell):
    fields.refuse_formula(cell)


def test_leading_zeros_are_part_of_an_account_number():
    assert fields.identifier("00417702") == "00417702"


def test_the_nearest_word_is_the_remedy():
    with pytest.raises(FieldError, match="did you mean 'taxable'"):
        fields.one_of(["taxable", "exempt"], "a tax status")("taxble")


def _accepts(parser, cell):
    try:
        return parser(cell) == cell
    except FieldError:
        return False
