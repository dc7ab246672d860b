"""What goes out goes before what came in: booking waits for a hand-over, and not for ever."""

import threading
import time

import pytest

from gateway import right_of_way
from gateway.right_of_way import RightOfWay


@pytest.fixture
def patient(monkeypatch):
    monkeypatch.setattr(right_of_way, "_LONGEST_SECONDS", 60)


def free_way(*, is_awaited=False):
    return RightOfWay(time.monotonic, lambda: is_awaited)


@pytest.mark.usefixtures("patient")
def test_who_books_waits_until_what_goes_out_has_gone():
    way, done = free_way(), []
    booking = threading.Thread(target=lambda: (way.give(), done.append("booked")))

    with way.taken():
        booking.start()
        booking.join(0.05)
        done.append("sent")
    booking.join()

    assert done == ["sent", "booked"]


@pytest.mark.usefixtures("patient")
def test_who_books_already_stands_still_while_messages_are_handed_over():
    way, done = free_way(), []
    part = way.begin()
    booking = threading.Thread(target=lambda: (part.goes_on(), done.append("booked")))

    with way.taken(), way.handing_over():
        booking.start()
        booking.join(0.05)
        done.append("sent")
    booking.join()

    assert done == ["sent", "booked"]


@pytest.mark.usefixtures("patient")
def test_who_books_does_not_stand_still_for_who_waits_to_write():
    """Else the two would wait for each other."""
    way = free_way()
    part = way.begin()

    with way.taken():
        assert part.goes_on()


def test_who_books_does_not_wait_for_ever():
    way = free_way()
    part = way.begin()

    with way.taken(), way.handing_over():
        way.give()
        part.goes_on()


@pytest.mark.parametrize("is_awaited", [False, True])
def test_a_transaction_ends_early_only_when_others_wait_to_write(is_awaited):
    now = [0.0]
    way = RightOfWay(lambda: now[0], lambda: is_awaited)
    part = way.begin()

    assert part.goes_on()
    now[0] = 1.0
    assert part.goes_on() is not is_awaited


@pytest.mark.usefixtures("patient")
def test_who_waits_to_write_does_not_wait_for_a_hand_over():
    """Booking stands still with the writer's turn in its hands."""
    is_awaited = threading.Event()
    way = RightOfWay(time.monotonic, is_awaited.is_set)
    part, found = way.begin(), []
    booking = threading.Thread(target=lambda: found.append(part.goes_on()))

    with way.taken(), way.handing_over():
        booking.start()
        is_awaited.set()
        booking.join(30)

    assert found == [False]


@pytest.mark.parametrize(
    ("commit_seconds", "longest"),
    [(0.0, 0.001), (0.001, 0.002), (0.005, 0.006), (0.08, 0.02), (9.0, 0.05)],
)
def test_a_transaction_lasts_as_its_commit_asks_for_when_others_wait(commit_seconds, longest):
    now = [0.0]
    way = RightOfWay(lambda: now[0], lambda: True)
    before = way.begin()
    before.booked()
    now[0] += commit_seconds
    before.committed()

    part = way.begin()
    now[0] += longest * 0.9
    assert part.goes_on()
    now[0] += longest * 0.2
    assert not part.goes_on()


@pytest.mark.usefixtures("patient")
def test_the_way_is_free_after_a_hand_over_that_failed():
    way = free_way()
    with pytest.raises(ZeroDivisionError), way.taken(), way.handing_over():
        1 / 0  # noqa: B018 - it fails

    way.give()
    assert way.begin().goes_on()
