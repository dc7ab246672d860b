"""A venue sends bytes that are no FIX, or FIX at the wrong moment: the session comes back.

Nothing of it reaches the ledger, and memory and time stay bounded.
"""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fuzz.nonsense import Reports
from tests.fuzz.venue import PATIENCE_SECONDS, HungUpError, summed

pytestmark = pytest.mark.integration
MEBIBYTE = 2**20


def say(venue, kind="0", fields=(), **header):
    venue.say(kind, dict(fields), **header)


def too_low(venue):
    venue.next_out -= 2
    say(venue)
    venue.next_out += 1


def too_high(venue):
    venue.next_out += 50
    say(venue)


# What is sent in mid-session. The gateway may pass over it, or hang up and come again.
HOSTILE = {
    "garbage": lambda venue: venue.send(bytes(range(256)) * 20),
    "HTTP": lambda venue: venue.send(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
    "TLS": lambda venue: venue.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)),
    "a negative BodyLength": lambda venue: venue.send(b"8=FIX.4.4\x019=-5\x0135=0\x01"),
    "a BodyLength that is none": lambda venue: venue.send(b"8=FIX.4.4\x019=abc\x0135=0\x01"),
    "a BodyLength of thirty digits": lambda venue: venue.send(
        b"8=FIX.4.4\x019=" + b"9" * 30 + b"\x0135=0\x01"
    ),
    "a wrong CheckSum": lambda venue: venue.send(venue.message("0", {})[:-4] + b"999\x01"),
    "another SenderCompID": lambda venue: say(venue, t49="EVIL"),
    "another TargetCompID": lambda venue: say(venue, t56="EVIL"),
    "another BeginString": lambda venue: venue.send(
        venue.message("0", {}).replace(b"FIX.4.4", b"FIX.4.2")
    ),
    "a stale SendingTime": lambda venue: say(venue, t52="20200101-00:00:00"),
    "a SendingTime that is none": lambda venue: say(venue, t52="yesterday"),
    "no MsgSeqNum": lambda venue: say(venue, t34=None),
    "a MsgSeqNum that is none": lambda venue: say(venue, t34="abc"),
    "a MsgSeqNum of twenty digits": lambda venue: say(venue, t34="9" * 20),
    "a MsgSeqNum that is too low": too_low,
    "a MsgSeqNum that is too high": too_high,
    "no MsgType": lambda venue: venue.send(summed(b"8=FIX.4.4\x019=5\x0149=X\x01")),
    "a second Logon": lambda venue: say(venue, "A", {98: 0, 108: 30}),
    "a wish for everything again": lambda venue: say(venue, "2", {7: 1, 16: 0}),
    "a wish for what never was": lambda venue: say(venue, "2", {7: 10**6, 16: 0}),
    "a ResendRequest backwards": lambda venue: say(venue, "2", {7: 5, 16: 2}),
    "a SequenceReset backwards": lambda venue: say(venue, "4", {36: 1}),
    "a gap fill backwards": lambda venue: say(venue, "4", {123: "Y", 36: 1}),
    "a Reject of nothing": lambda venue: say(venue, "3", {45: 999999, 58: "no"}),
    "a Logout": lambda venue: say(venue, "5", {58: "good bye"}),
}


def come_back(target):
    """The venue behaves again, however the session stands."""
    venue = target.venue
    try:
        venue.ping(2)
    except (HungUpError, TimeoutError):
        venue.log_on()


@pytest.mark.parametrize("names", [list(HOSTILE)[::2], list(HOSTILE)[1::2]])
def test_after_whatever_a_venue_sends_the_session_comes_back(target, names):
    order = target.order()
    before = target.ledger()

    for name in names:
        with suppress(HungUpError):
            HOSTILE[name](target.venue)
        come_back(target)

    assert target.ledger() == before
    assert not target.stored(order.cl_ord_id).is_closed
    target.venue.report("8", Reports(1, order).fill(7))
    target.venue.ping()
    target.settle()  # Not before every number is accounted for.
    assert target.stored(order.cl_ord_id).cum_qty == 7


def test_a_logon_that_is_refused_is_tried_again(target):
    for _ in range(2):
        target.venue.accept()
        target.venue.say("5", {58: "not today"})
    target.venue.log_on()

    assert target.gateway.sessions()[0].logged_on


def test_what_is_no_message_and_never_ends_is_cut_off(target):
    """A BodyLength of two gigabytes, and then half a gigabyte."""
    target.order()
    before = resident_bytes()

    target.venue.send(b"8=FIX.4.4\x019=2000000000\x0135=0\x0158=")
    sent = flood(target.venue, b"x" * MEBIBYTE, 512)
    most = resident_bytes()
    target.venue.log_on()

    assert sent < 512
    assert most - before < 400 * MEBIBYTE
    target.until(lambda: is_told(target), "the alarm")


def test_messages_whose_turn_never_comes_are_cut_off(target):
    """The venue skipped a number, says nothing of it when asked, and goes on talking."""
    target.order()
    target.venue.next_out += 1
    many = b"".join(target.venue.message("B", {148: "x" * 60_000}) for _ in range(1000))

    sent = flood(target.venue, many, 20)

    assert sent < 20
    target.until(lambda: is_told(target), "the alarm")


def test_thousands_of_tiny_messages_are_taken_in(target):
    order = target.order()

    target.venue.send(b"".join(target.venue.message("0", {}) for _ in range(5000)))
    target.venue.report("8", Reports(1, order).fill(7))
    target.venue.ping()
    target.settle()

    assert target.stored(order.cl_ord_id).cum_qty == 7


def is_told(target):
    return any(e.get("kind") == "session_flooded" for e in target.events)


def flood(venue, text, times):
    """How often the text was sent before the connection was cut; a test fails that waits."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for count in range(times):
        assert time.monotonic() < deadline
        try:
            venue.send(text)
        except HungUpError:
            return count
    return times


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
