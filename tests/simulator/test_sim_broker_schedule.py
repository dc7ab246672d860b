"""VWAP's schedule over days: exact, and as quick for a century as for a day."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from simulator.broker.plan import Plan
from simulator.broker.rules import BrokerRules, Strategy
from simulator.broker.schedule import wanted

RULES = BrokerRules(name="ALGO", works_on=("XSIM",))
START = datetime(2022, 11, 30, 15, 0, tzinfo=UTC)
SHARES = 10**12
HALF_HOUR = timedelta(minutes=30)
HALF_HOURS = st.integers(1, 48 * 12)


def done_by(now: datetime, end: datetime) -> int:
    plan = Plan(Strategy.VWAP, START, end)
    return wanted(plan, RULES, shares=SHARES, volume=0, now=now)


@given(HALF_HOURS, HALF_HOURS)
def test_what_is_wanted_follows_the_usual_volume_of_every_day(passed, more):
    """Held against a sum by half hours, which are the parts of the usual curve."""
    end = START + HALF_HOUR * (passed + more)
    whole = usual(passed + more)

    part = Fraction(usual(passed), whole) if whole else Fraction(0)

    if part:
        assert done_by(START + HALF_HOUR * passed, end) == int(SHARES * part)


def usual(half_hours: int) -> int:
    """Weights of the first so many half hours."""
    total = 0
    for number in range(half_hours):
        there = (START + HALF_HOUR * number).astimezone(RULES.time_zone)
        part = there.hour * 2 + there.minute // 30 - 19  # From 9:30.
        if 0 <= part < len(RULES.volume_curve):
            total += RULES.volume_curve[part]
    return total


def test_an_order_that_ends_in_a_century_costs_no_more_than_one_that_ends_today():
    """Day by day, a thousand looks at it would take an hour."""
    end = START + timedelta(days=36_500)
    looks = [done_by(START + timedelta(days=day), end) for day in range(0, 36_500, 36)]

    assert looks == sorted(looks)
    assert len(looks) > 1000
