"""An account's books as they are told: by day, and within one as they were booked."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from ledger.adjustments import Adjustment, adjustment
from oms.explain import explain_books

DAY = date(2022, 11, 30)
AT = datetime(2022, 11, 30, 14, tzinfo=UTC)


def fee(number: int, day: date, at: datetime):
    wanted = Adjustment(account_id="A1", day=day, cash=Decimal(-number))
    return adjustment(wanted, number, custodian="custody:Harbor", at=at, why=f"fee {number}")


def test_what_a_clock_that_began_anew_dated_earlier_is_told_where_it_was_booked():
    booked = (
        fee(1, DAY, AT + timedelta(milliseconds=31)),
        fee(2, DAY, AT + timedelta(milliseconds=30)),
        fee(3, DAY - timedelta(days=1), AT + timedelta(milliseconds=32)),
    )

    told = explain_books("A1", account=None, transactions=booked, lots=(), symbols={}, signed={})

    told_of = {section.heading: section.sentences for section in told.sections}
    assert [one.split(" on ")[0] for one in told_of["What was booked"]] == [
        f"adjustment:A1:{n}" for n in (3, 1, 2)
    ]
