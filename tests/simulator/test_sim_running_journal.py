"""The journal: what was written is read back; a torn end is dropped, damage is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.running.journal import Item, Journal, JournalError, Kind, Place
from simulator.running.sent import SentIndex

NOON = datetime(2022, 11, 30, 12, tzinfo=UTC)
names = st.sampled_from(["XSIM/TRIMTAB", "XSIM/OTHER", "YSIM"])
raws = st.binary(max_size=60) | st.just(b"\nE\nI XSIM/A 1 2\n") | st.just(b"8=FIX.4.4\x0135=D\x01")
items = st.builds(Item, st.sampled_from(Kind), names, st.integers(0, 10**9), raws)
batches = st.lists(st.lists(items, max_size=4), min_size=1, max_size=4)


def written(directory, contents):
    journal = Journal(directory, durable=False)
    for number, content in enumerate(contents):
        journal.write(NOON + timedelta(microseconds=number), content)
    return journal


def read(journal, first=1):
    return [list(batch.items) for _, batch in journal.batches(first)]


@given(contents=batches, more=batches)
@settings(max_examples=60)
def test_what_was_written_is_read_back_and_every_place_leads_to_its_bytes(
    tmp_path_factory, contents, more
):
    journal = written(tmp_path_factory.mktemp("journal"), contents)
    first = [(item, place) for content in contents for item, place in
             zip(content, journal.write(NOON, content), strict=True)]  # fmt: skip
    assert journal.begin_segment() == 2
    for content in more:
        journal.write(NOON, content)

    assert read(journal) == [*contents, *contents, *more]
    assert read(journal, 2) == more
    assert all(journal.read(place) == item.raw for item, place in first)
    journal.close()


@given(contents=batches, data=st.data())
@settings(max_examples=80)
def test_a_record_that_was_cut_off_anywhere_is_dropped_and_the_others_stay(
    tmp_path_factory, contents, data
):
    directory = tmp_path_factory.mktemp("journal")
    journal = written(directory, [[Item(Kind.IN, "V/C", 1, b"raw")], *contents])
    ends = [batch.offset for _, batch in journal.batches(1)] + [journal.length]
    journal.close()
    path = directory / "000001.journal"
    whole = path.read_bytes()
    cut = data.draw(st.integers(ends[-2], ends[-1] - 1))
    if whole[:cut].endswith(b"\nE\n") and cut != ends[-2]:
        return  # A message that looks like the end of a record: refused, not dropped.

    path.write_bytes(whole[:cut])
    again = Journal(directory)

    assert read(again) == [[Item(Kind.IN, "V/C", 1, b"raw")], *contents[:-1]]
    again.write(NOON, [Item(Kind.OUT, "V/C", 2, b"new")])
    assert read(again)[-1] == [Item(Kind.OUT, "V/C", 2, b"new")]
    again.close()


@pytest.mark.parametrize("at", ["header", "length", "item", "raw", "crc"])
def test_a_flipped_bit_refuses_the_start_and_names_file_and_offset(tmp_path, at):
    """Also in the last record: it was answered, and dropping it would lose an order."""
    item = Item(Kind.IN, "XSIM/TRIMTAB", 7, b"8=FIX.4.4\x0111=X1\x01")
    journal = written(tmp_path, [[item], [item]])
    offset = [batch.offset for _, batch in journal.batches(1)][1]
    journal.close()
    path = tmp_path / "000001.journal"
    octets = bytearray(path.read_bytes())
    place = {
        "header": offset,
        "length": octets.index(b" ", offset + 3) + 1,
        "item": octets.index(b"I XSIM", offset),
        "raw": octets.index(b"X1", offset),
        "crc": octets.index(b"\n", offset) - 1,
    }[at]
    octets[place] ^= 0x01
    path.write_bytes(octets)
    again = Journal(tmp_path)

    with pytest.raises(JournalError, match=f"000001.journal: the record at byte {offset} is"):
        read(again)
    again.close()


def test_a_missing_segment_is_named(tmp_path):
    journal = written(tmp_path, [[]])
    journal.begin_segment()
    journal.begin_segment()
    (tmp_path / "000002.journal").unlink()

    with pytest.raises(JournalError, match=r"000002\.journal: this part of the journal is missing"):
        read(journal)
    journal.close()


def test_what_was_sent_is_found_by_its_number_and_gaps_are_left_out(tmp_path):
    index = SentIndex(tmp_path / "V~C.sent")
    index.add(1, Place(1, 10, 5))
    index.add(2, Place(1, 20, 5))
    length = index.length
    index.add(5, Place(2, 0, 9))

    assert index.count == 5
    assert index.find(2, 9) == [(2, Place(1, 20, 5)), (5, Place(2, 0, 9))]
    assert index.find(3, 4) == []
    index.cut(length)
    index.skip_to(4)
    assert index.count == 3
    assert index.find(1, 3) == [(1, Place(1, 10, 5)), (2, Place(1, 20, 5))]
    index.go_back(2)
    assert index.count == 1
    index.add(2, Place(3, 0, 4))
    assert index.find(1, 9) == [(2, Place(3, 0, 4))]
    index.go_back(1)
    assert index.count == 0
    index.add(1, Place(3, 9, 4))
    assert index.find(1, 9) == [(1, Place(3, 9, 4))]
    index.close()
