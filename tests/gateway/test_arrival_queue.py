"""Between the engine's thread and the inbox: in order, none lost, bounded."""

import threading
import time

import pytest
import structlog

from gateway.arrival_queue import ArrivalQueue
from gateway.arrivals import Arrival, ArrivalKind

SECONDS = 20
MANY = 5_000


@pytest.fixture
def fatal():
    return []


def queue_of(limit, fatal):
    log = structlog.get_logger("gateway")
    return ArrivalQueue(limit=limit, patience_seconds=SECONDS, log=log, fatal=fatal.append)


def arrival(number):
    return Arrival(kind=ArrivalKind.APPLICATION, session="A", sequence=number)


def taken(queue):
    while (batch := queue.next_batch()) is not None:
        assert 0 < len(batch) <= 100
        yield from (one.sequence for one in batch)


@pytest.mark.parametrize("limit", [1, 7, 10_000])
def test_what_arrives_is_taken_once_in_its_order_whatever_the_room(limit, fatal):
    queue = queue_of(limit, fatal)

    def arrive():
        for number in range(MANY):
            queue.put(arrival(number))
            assert queue.depth() <= limit
        queue.end()

    thread = threading.Thread(target=arrive)
    thread.start()

    assert list(taken(queue)) == list(range(MANY))
    thread.join(SECONDS)
    assert fatal == []


def test_what_was_queued_before_the_end_is_still_taken(fatal):
    queue = queue_of(500, fatal)
    for number in range(250):
        queue.put(arrival(number))

    queue.end()

    assert list(taken(queue)) == list(range(250))
    assert queue.next_batch() is None


def test_several_sessions_wait_for_room_and_each_goes_on(fatal):
    queue = queue_of(2, fatal)
    threads = [
        threading.Thread(target=lambda: [queue.put(arrival(n)) for n in range(200)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()

    counted, deadline = 0, time.monotonic() + SECONDS
    while counted < 600 and time.monotonic() < deadline:
        counted += len(queue.next_batch() or [])

    for thread in threads:
        thread.join(SECONDS)
    assert (counted, queue.depth(), fatal) == (600, 0, [])
