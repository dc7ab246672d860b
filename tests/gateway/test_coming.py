"""What comes next is only guessed at: whatever is odd is left for the booking to judge."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ports import ComingFill
from gateway.arrivals import Arrival, ArrivalKind
from gateway.coming import coming_fills

FILL = {150: "F", 11: "R1-1", 17: "E1", 75: "20260302"}
VENUES = {"S": "XSIM"}


def arrival(fields, kind=ArrivalKind.APPLICATION):
    raw = "".join(f"{tag}={value}\x01" for tag, value in {8: "FIX.4.4", 35: "8", **fields}.items())
    return Arrival(kind=kind, session="S", sequence=1, raw=raw)


def seen(*arrivals):
    return list(coming_fills(arrivals, VENUES))


def test_a_fill_is_seen_by_its_order_and_its_key():
    assert seen(arrival(FILL)) == [ComingFill("R1-1", "XSIM", date(2026, 3, 2), "E1")]


@pytest.mark.parametrize(
    "changed",
    [
        {150: "0"}, {150: ""}, {75: "20260230"}, {75: "2026-03-02"}, {75: "260302"}, {75: ""},
        {17: "E\0"}, {17: "E\udcff"}, {11: "\N{EURO SIGN}"},
    ],
)  # fmt: skip
def test_what_is_no_plain_fill_is_passed_over(changed):
    assert seen(arrival({**FILL, **changed})) == []


@pytest.mark.parametrize("tag", [11, 17, 75, 150])
def test_a_fill_that_lacks_a_part_is_passed_over(tag):
    assert seen(arrival({known: value for known, value in FILL.items() if known != tag})) == []


@pytest.mark.parametrize("kind", [one for one in ArrivalKind if one is not ArrivalKind.APPLICATION])
def test_nothing_else_is_looked_at(kind):
    assert seen(arrival(FILL, kind), arrival(FILL)) == seen(arrival(FILL))


@given(raw=st.text())
def test_no_text_of_a_wire_raises(raw):
    found = seen(Arrival(kind=ArrivalKind.APPLICATION, session="S", sequence=1, raw=raw))

    assert len(found) <= 1
