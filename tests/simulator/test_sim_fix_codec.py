"""Bytes to messages and back: nothing is lost, nothing raises, nothing grows."""

import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fix.codec import DATA_FIELDS, Framer, checksum, encode, group, joined, parse

ANY_TEXT = st.text(
    st.characters(codec="latin-1", exclude_characters="\x01"), min_size=1, max_size=40
)
TAGS = st.integers(1, 9999).filter(lambda tag: tag not in (8, 9, 10, 35)).map(str)
PLAIN_TAGS = TAGS.filter(lambda tag: tag not in DATA_FIELDS)
FIELDS = st.lists(st.tuples(PLAIN_TAGS, ANY_TEXT), max_size=20)
LONGEST = 1 << 16


def message(fields: list[tuple[str, str]], kind: str = "D") -> bytes:
    return encode("FIX.4.4", f"35={kind}\x01{joined(fields)}")


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(FIELDS)
def test_what_is_encoded_is_parsed_again(fields):
    (raw,) = Framer(LONGEST).feed(message(fields))

    parsed = parse(raw)

    assert parsed.kind == "D"
    assert parsed.pairs[3:] == fields
    for tag, value in reversed(fields):
        assert parsed.get(tag) == next(first for name, first in fields if name == tag)
        assert value


@given(st.lists(FIELDS, min_size=1, max_size=5), st.lists(st.integers(0, 10_000), max_size=30))
def test_a_stream_may_be_split_anywhere(contents, cuts):
    messages = [message(fields) for fields in contents]
    framer = Framer(LONGEST)

    found = [raw for piece in pieces(b"".join(messages), cuts) for raw in framer.feed(piece)]

    assert found == messages
    assert framer.waiting == framer.garbled == 0


@given(
    st.binary(max_size=60).filter(lambda noise: b"8" not in noise),
    st.lists(st.integers(0, 300), max_size=10),
)
def test_garbage_is_skipped_to_the_next_message(noise, cuts):
    whole = message([("11", "A1")])
    framer = Framer(LONGEST)

    found = [raw for piece in pieces(noise + whole, cuts) for raw in framer.feed(piece)]

    assert found == [whole]
    assert framer.skipped == len(noise)


HOSTILE = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [b"8=FIX.4.4\x01", b"8=FIX", b"9=5\x01", b"9=99999999999\x01", b"9=-1\x01",
             b"10=000\x01",
             b"35=D\x01", b"\x01", b"=", b"95=3\x0196=a\x01b\x01", b"\xff", b"34=1\x01", b"8"],
        ),
        max_size=40,
    ).map(b"".join),
)  # fmt: skip


@given(HOSTILE, st.lists(st.integers(0, 300), max_size=10))
def test_hostile_bytes_never_raise_and_never_pile_up(data, cuts):
    framer = Framer(200)

    for piece in pieces(data, cuts):
        for raw in framer.feed(piece):
            parse(raw)
        assert framer.waiting <= 200 + len(piece)


@given(HOSTILE)
def test_how_bytes_arrive_does_not_change_what_is_found(data):
    at_once, singly = Framer(200), Framer(200)
    whole = message([("11", "A1")])

    found = list(at_once.feed(data + whole))
    one_by_one = [raw for byte in data + whole for raw in singly.feed(bytes([byte]))]

    assert one_by_one == found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda raw: raw.replace(b"11=A1", b"11=A2"), "the checksum is of another text"),
        (lambda raw: raw.replace(b"9=11", b"9=12"), "the length is one too many"),
        (lambda raw: raw.replace(b"9=11", b"9=10"), "the length is one too few"),
        (lambda raw: raw[:-4] + b"1\x01", "a checksum of one digit"),
    ],
)
def test_a_garbled_message_is_skipped_and_the_next_is_found(change, why):
    whole = message([("11", "A1")])
    assert change(whole) != whole
    framer = Framer(LONGEST)

    assert list(framer.feed(change(whole) + whole)) == [whole], why
    assert framer.garbled == 1


def test_a_message_longer_than_allowed_costs_no_memory():
    framer = Framer(1000)

    assert list(framer.feed(b"8=FIX.4.4\x019=900000000\x0135=D\x01")) == []
    assert framer.waiting < 10
    assert framer.garbled == 1


def test_data_may_hold_the_delimiter():
    """EncodedText with an SOH and a false CheckSum inside; the field after it is found."""
    data = "a\x0110=000\x01b"
    raw = message([("354", str(len(data))), ("355", data), ("58", "after")])

    (found,) = Framer(LONGEST).feed(raw)

    assert parse(found).get("355") == data
    assert parse(found).get("58") == "after"


@pytest.mark.parametrize("length", ["99999", "0", "x", "²", "999999999999"])
def test_a_wrong_data_length_does_not_swallow_fields(length):
    parsed = parse(message([("95", length), ("96", "abc"), ("58", "after")]))

    assert parsed.get("58") == "after"
    assert parsed.get("96") == "abc"


def test_every_byte_comes_back():
    text = "".join(chr(code) for code in range(256) if code != 1)

    assert parse(message([("58", text)])).get("58") == text


@given(st.binary(max_size=3000))
def test_the_checksum_is_the_sum_of_all_bytes(data):
    assert checksum(data) == sum(data) % 256
    assert zlib.adler32(b"\xff" * 256) & 0xFFFF == 256 * 255 + 1  # Why 256 at once are exact.


def test_a_group_ends_with_the_first_field_that_is_not_of_it():
    pairs = [
        ("78", "2"),
        ("79", "a"),
        ("80", "1"),
        ("79", "b"),
        ("80", "2"),
        ("58", "x"),
        ("79", "c"),
    ]

    found = group(pairs, "78", "79", frozenset({"79", "80"}))

    assert found == [{"79": "a", "80": "1"}, {"79": "b", "80": "2"}]
