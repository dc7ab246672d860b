"""Identifiers: check digits against python-stdnum, and UUIDv7 against RFC 9562."""

from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st
from stdnum import cusip, isin

from domain.identifiers import is_cusip, is_isin, short_id, uuid7

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COUNTRIES = st.sampled_from(["US", "CA", "GB", "DE", "JP", "CH"])
random_bytes = st.binary(min_size=10, max_size=10)
nanoseconds = st.integers(0, 2**48 * 1_000_000 - 1)


@given(body=st.text(ALPHABET + "*@#", min_size=8, max_size=8), digit=st.sampled_from("0123456789"))
def test_cusips_are_judged_as_stdnum_judges_them(body, digit):
    assert is_cusip(body + digit) == cusip.is_valid(body + digit)
    assert is_cusip(body + cusip.calc_check_digit(body))


@given(
    country=COUNTRIES,
    body=st.text(ALPHABET, min_size=9, max_size=9),
    digit=st.sampled_from("0123456789"),
)
def test_isins_are_judged_as_stdnum_judges_them(country, body, digit):
    assert is_isin(country + body + digit) == isin.is_valid(country + body + digit)
    assert is_isin(country + body + isin.calc_check_digit(country + body))


@given(text=st.text(max_size=14))
def test_text_of_any_other_shape_is_no_identifier(text):
    if len(text) != 9 or not text.isascii():
        assert not is_cusip(text)
    if len(text) != 12 or not text.isascii():
        assert not is_isin(text)


def test_known_identifiers_hold_and_their_misprints_do_not():
    assert is_isin("US0378331005")
    assert is_cusip("037833100")
    for misprint in ("US0378331006", "US0378313005", "us0378331005", "US037833100", ""):
        assert not is_isin(misprint)
    for misprint in ("037833101", "073833100", "03783310", "037833100\n"):
        assert not is_cusip(misprint)


@given(at=nanoseconds, randomness=random_bytes)
def test_a_uuid7_says_its_version_and_its_millisecond(at, randomness):
    identifier = uuid7(at, randomness)

    assert identifier.version == 7
    assert identifier.variant == RFC_4122
    assert identifier.int >> 80 == at // 1_000_000


@given(one=nanoseconds, other=nanoseconds, randomness=random_bytes)
def test_uuid7s_sort_by_time(one, other, randomness):
    earlier, later = sorted((one, other))
    if earlier // 1_000_000 < later // 1_000_000:
        assert uuid7(earlier, randomness) < uuid7(later, b"\x00" * 10)


@given(at=nanoseconds, randomness=random_bytes)
def test_a_short_id_is_the_random_tail_in_crockfords_letters(at, randomness):
    short = short_id(uuid7(at, randomness))

    assert len(short) == 8
    assert not set(short) & set("ILOU")
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    value = 0
    for letter in short:
        value = value * 32 + alphabet.index(letter)
    assert value == int.from_bytes(randomness[-5:])
