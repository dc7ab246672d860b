"""What goes out goes before what came in: booking waits for a hand-over, and not for ever."""

import threading

import pytest

from gateway import right_of_way
from gateway.right_of_way import RightOfWay


def test_who_books_waits_until_what_goes_out_has_gone(monkeypatch):
    monkeypatch.setattr(right_of_way, "_LONGEST_SECONDS", 60)
    way, done = RightOfWay(), []
    booking = threading.Thread(target=lambda: (way.give(), done.append("booked")))

    with way.taken():
        booking.start()
        booking.join(0.05)
        done.append("sent")
    booking.join()

    assert done == ["sent", "booked"]


def test_who_books_does_not_wait_for_ever():
    way = RightOfWay()

    with way.taken():
        way.give()


def test_the_way_is_free_after_a_hand_over_that_failed(monkeypatch):
    monkeypatch.setattr(right_of_way, "_LONGEST_SECONDS", 60)
    way = RightOfWay()
    with pytest.raises(ZeroDivisionError), way.taken():
        1 / 0  # noqa: B018 - it fails

    way.give()
