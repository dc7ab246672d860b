"""Holding periods: long only when held for more than one year (26 USC 1222, Pub. 550)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.lots import Term, term_of

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1))


@pytest.mark.parametrize(
    ("acquired", "sold", "term"),
    [
        ("2021-11-30", "2022-11-30", Term.SHORT),  # Exactly one year is not more than one.
        ("2021-11-30", "2022-12-01", Term.LONG),
        ("2020-02-29", "2021-02-28", Term.SHORT),
        ("2020-02-29", "2021-03-01", Term.LONG),
        ("2019-02-28", "2020-02-28", Term.SHORT),
        ("2019-02-28", "2020-02-29", Term.LONG),
        ("2019-03-01", "2020-03-01", Term.SHORT),
        ("2022-11-30", "2022-11-30", Term.SHORT),
    ],
)
def test_the_day_after_the_anniversary_is_the_first_long_one(acquired, sold, term):
    assert term_of(date.fromisoformat(acquired), date.fromisoformat(sold)) is term


@given(acquired=days, held=st.integers(0, 800))
def test_the_term_turns_long_once_and_within_two_days_of_a_year(acquired, held):
    found = term_of(acquired, acquired + timedelta(days=held))

    if held <= 365:
        assert found is Term.SHORT
    if held >= 367:
        assert found is Term.LONG
