"""Fields of a message: the quick way to read the ordinary ones reads what the plain way does."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.exact import InexactError, parse_decimal
from gateway.fields import FieldError, Fields, trade_date_of, transact_time_of
from gateway.wiretext import SOH, pairs

numbers = st.text("0123456789", max_size=14)
written_numbers = st.builds(
    "{}{}{}{}".format, st.sampled_from(["", "", "", "-", "+"]), numbers,
    st.sampled_from(["", ".", ".."]), numbers,
)  # fmt: skip
odd = st.sampled_from(["1e5", "NaN", "1 ", " 1", "1_0", "١", "1\n", "Infinity", "1,5", ""])
instants = st.builds(
    "{}{}{}{}".format,
    st.datetimes().filter(lambda at: at.year > 999).map("{:%Y%m%d-%H:%M:%S}".format),
    st.sampled_from(["", "."]),
    st.text("0123456789", max_size=10),
    st.sampled_from(["", "", "", "Z", "+01:00", " "]),
)
odd_instants = st.sampled_from(
    (
        "20261123-24:00:00",
        "20261123-23:59:60",
        "20261123T10:00:00",
        "20261123",
        "2026-11-23-10:00:00",
        "20261323-10:00:00",
        "20260230-10:00:00",
        "00001123-10:00:00",
        "٢٠٢٦١١٢٣-10:00:00",
    )
)


def plain_number(text: str) -> Decimal | None:
    """As the field is defined: an unsigned decimal number of six places below 10^11."""
    try:
        value = parse_decimal(text)
    except InexactError:
        return None
    is_short = len(text) <= 32 and value < 10**11
    return value if is_short and text[:1] not in ("+", "-") else None


def plain_instant(text: str) -> datetime | None:
    """YYYYMMDD-HH:MM:SS with up to nine digits of a second, cut to microseconds."""
    whole, dot, fraction = text.partition(".")
    if not text.isascii() or (dot and not (fraction.isdigit() and len(fraction) <= 9)):
        return None
    try:
        at = datetime.strptime(whole, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    is_padded = len(whole) == len("20261123-10:00:00") and at.strftime("%Y") == whole[:4]
    return at.replace(microsecond=int(fraction.ljust(6, "0")[:6])) if is_padded else None


@given(written_numbers | odd)
@example("00000000000.000000")
@example("99999999999.999999")
@example("1.0000000")
@example("100000000000")
def test_a_number_is_read_exactly_or_refused(text):
    fields = Fields([(38, text)])

    expected = plain_number(text)

    if expected is None:
        with pytest.raises(FieldError, match="tag 38"):
            fields.quantity(38)
    else:
        assert str(fields.quantity(38)) == str(expected)


@given(numbers, numbers)
def test_an_average_price_is_rounded_to_six_places(whole, fraction):
    text = f"{whole}.{fraction}" if fraction else whole
    fields = Fields([(6, text)])

    if len(whole) > 11 or not (whole or fraction):
        with pytest.raises(FieldError, match="tag 6"):
            fields.average(6)
    else:
        expected = Decimal(text if whole else f"0{text}")
        assert fields.average(6) == expected.quantize(Decimal("0.000001"))


@given(instants | odd_instants)
def test_a_time_is_read_to_the_microsecond_or_noted(text):
    fields = Fields([(60, text), (52, "20261123-10:00:00")])
    notes: list[str] = []

    found = transact_time_of(fields, notes)

    expected = plain_instant(text)
    assert found == (expected or datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert bool(notes) == (expected is None)


@given(st.text("0123456789-W", min_size=7, max_size=9))
@example("20261123")
@example("20260230")
@example("2026W451")
def test_a_trade_date_is_a_day_of_eight_digits(text):
    fields = Fields([(75, text)])
    now = datetime(2026, 11, 23, tzinfo=UTC)

    try:
        expected = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        expected = None

    if expected is None or len(text) != 8 or not text.isdigit():
        with pytest.raises(FieldError, match="75"):
            trade_date_of(fields, now)
    else:
        assert trade_date_of(fields, now) == expected


tagged = st.tuples(st.integers(0, 6), st.text("ab=", max_size=2))


@given(st.lists(tagged), st.frozensets(st.integers(0, 6)))
def test_the_first_value_of_a_tag_counts_and_single_tags_that_repeat_are_told(given_, single):
    raw = "".join(f"{tag}={value}{SOH}" for tag, value in given_)

    fields = Fields(pairs(raw), single=single)

    tags = [tag for tag, _ in given_]
    assert fields.text == {tag: given_[tags.index(tag)][1] for tag in tags}
    assert fields.doubled == {tag for tag in single if tags.count(tag) > 1}
