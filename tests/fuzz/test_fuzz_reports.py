"""A logged-on venue talks nonsense: nothing crashes, and a fill is booked or kept for a person."""

from decimal import Decimal

import pytest

from tests.fuzz.attack import talk_nonsense, violations
from tests.fuzz.nonsense import Reports

pytestmark = pytest.mark.integration

# What the engine could not take apart, or died of: added to a good fill.
POISON = {
    "a tag beyond 31 bits": [(2147483648, "x")],
    "a tag that is no number": [(b"abc", "x")],
    "no tag": [(b"", "x")],
    "a data length that lies": [(95, 500), (96, "abc")],
    "a negative data length": [(95, -5), (96, "abc")],
    "a huge data length": [(95, "99999999999"), (96, "abc")],
    "encoded text that is too long": [(354, 9), (355, "ab")],
    "a second BeginString": [(8, "FIX.4.2")],
    "a CheckSum inside": [(10, "000")],
    "a group that has fewer entries than it says": [(453, 5)],
    "a group with a negative count": [(453, -1)],
    "a group with a huge count": [(453, 2147483647)],
    "NUL": [(58, b"a\x00b")],
    "bytes that are no UTF-8": [(58, b"\xff\xfe")],
}


@pytest.mark.parametrize("seed", [1, 2])
def test_bent_reports_are_booked_or_kept_and_crash_nothing(target, seed):
    said = talk_nonsense(target, seed, 400)

    assert list(violations(target, said)) == []
    assert target.fills()
    assert target.quarantined()


def test_no_single_message_can_stop_a_session(target):
    """Each is taken in, as a fill or as something for a person, and never asked for again."""
    reports = Reports(1, target.order())

    numbers = {
        name: target.venue.report("8", [*reports.fill(), *extra]) for name, extra in POISON.items()
    }
    target.venue.ping()
    target.settle()

    assert target.venue.withheld == set()
    booked = len(target.fills())
    kept = [name for name, number in numbers.items() if number in target.quarantined()]
    assert booked + len(kept) == len(POISON)
    assert booked > 0


def test_a_fill_that_the_engine_rejects_is_booked(target):
    """Text (58) twice is a reason for the engine, and none to lose shares."""
    reports = Reports(1, target.order())

    number = target.venue.report("8", [*reports.fill(7), (58, "a"), (58, "b")])
    rejected = target.venue.hear()
    target.settle()

    assert (rejected[35], rejected[45]) == ("3", str(number))
    assert next(leg.quantity for fill in target.fills() for leg in fill.legs) == 7
    assert any("engine refused it" in e.get("detail", "") for e in target.events)


def test_fills_whose_money_cannot_be_kept_exactly_are_kept_raw_at_once(target):
    """They would fail at every commit, and hold up those that come after them."""
    reports = Reports(1, target.order())
    unusable = [("0.000001", "48.61"), ("99999999999", "99999999999"), ("1", "999999999999")]

    numbers = [
        target.venue.report("8", [(t, {32: q, 31: p}.get(t, v)) for t, v in reports.fill()])
        for q, p in unusable
    ]
    target.venue.report("8", reports.fill(3))
    target.venue.ping()
    target.settle()

    assert target.quarantined() >= set(numbers)
    assert sum(Decimal(3) == abs(leg.quantity) for fill in target.fills() for leg in fill.legs) == 2
    assert not [e for e in target.events if e["event"] == "inbox_commit_failed"]
