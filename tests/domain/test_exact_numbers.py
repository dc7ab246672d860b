"""Exact numbers: read strictly, scaled without loss, written in one way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exact import (
    MAX_SCALED,
    InexactError,
    from_scaled,
    parse_decimal,
    plain,
    to_cents,
    to_scaled,
)

scaled = st.integers(-MAX_SCALED, MAX_SCALED)


@given(number=scaled)
def test_scaling_loses_nothing_in_either_direction(number):
    assert to_scaled(from_scaled(number)) == number


@given(number=scaled)
def test_plain_text_is_read_back_as_the_same_number(number):
    value = from_scaled(number)

    assert parse_decimal(plain(value)) == value


@given(number=scaled, zeros=st.integers(0, 6))
def test_equal_numbers_have_equal_text(number, zeros):
    value = from_scaled(number)
    padded = Decimal(f"{value:f}" + ("" if "." in f"{value:f}" else ".") + "0" * zeros)

    assert plain(padded) == plain(value)
    assert "e" not in plain(value).lower()


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "+", ".", "1.", "1,5", "1,000", "1e3", "1E400", "NaN", "sNaN", "Infinity",
        "-Infinity", "0x10", "1 000", " 1", "1 ", "1_000", "--1", "+-1", "١٢", "½", "1.2.3",
        "1\x00", "1\n", "0.0000001", "9223372036854.775808", "=1+1", "1d",
    ],
)  # fmt: skip
def test_what_is_not_a_plain_number_is_refused(text):
    with pytest.raises(InexactError):
        parse_decimal(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"), ("-0", "0"), ("+7", "7"), ("007", "7"), (".5", "0.5"), ("-.5", "-0.5"),
        ("1.000000", "1"), ("1.0000000", "1"), ("9223372036854.775807", "9223372036854.775807"),
    ],
)  # fmt: skip
def test_plain_decimal_notation_is_read(text, value):
    assert plain(parse_decimal(text)) == value


@given(text=st.text(max_size=12))
def test_any_text_is_read_exactly_or_refused(text):
    try:
        value = parse_decimal(text)
    except InexactError:
        return
    assert value == Decimal(text)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1E-7", "1E+20", "1E+999999"])
def test_a_value_that_millionths_cannot_hold_is_refused(value):
    with pytest.raises(InexactError):
        to_scaled(Decimal(value))


@given(cents=st.integers(-(10**9), 10**9))
def test_a_half_cent_goes_to_the_even_cent(cents):
    half = Decimal(cents) / 100 + Decimal("0.005")

    rounded = to_cents(half)

    assert abs(rounded - half) == Decimal("0.005")
    assert int(rounded * 100) % 2 == 0
