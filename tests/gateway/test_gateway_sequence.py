"""Sequence numbers: the durable one never passes a message that nobody saw."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.sequence import SequenceTracker


@given(st.permutations(range(1, 12)))
def test_whatever_the_order_nothing_is_skipped(numbers):
    tracker = SequenceTracker(0)
    seen = set()
    for number in numbers:
        tracker.seen(number)
        seen.add(number)
        assert set(range(1, tracker.contiguous + 1)) <= seen
        assert tracker.contiguous + 1 not in seen

    assert tracker.contiguous == 11


def test_a_logon_that_comes_early_waits_for_the_gap_before_it():
    tracker = SequenceTracker(5)
    tracker.seen(9)
    assert tracker.contiguous == 5

    tracker.seen(6)
    tracker.gap_filled(7, 9)

    assert tracker.contiguous == 9


def test_a_gap_fill_from_the_future_or_the_past_changes_nothing():
    tracker = SequenceTracker(5)
    tracker.gap_filled(8, 1_000_000_000)
    tracker.gap_filled(2, 4)

    assert tracker.contiguous == 5


def test_a_hole_is_seen_before_the_message_after_it_is_booked():
    tracker = SequenceTracker(5)
    tracker.seen(8)

    assert list(tracker.holes_before(8)) == [6, 7]
    assert list(tracker.holes_before(6)) == []


def test_a_reset_forgets_what_came_early():
    tracker = SequenceTracker(5)
    tracker.seen(9)
    tracker.reset(0)
    tracker.seen(1)

    assert tracker.contiguous == 1
