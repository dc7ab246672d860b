"""Prepared reads: the rows that SQLAlchemy would have given, on each database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Column, Date, MetaData, Table, bindparam, insert, select
from sqlalchemy.exc import DBAPIError

from vault.engine import open_engine
from vault.prepared import Prepared
from vault.types import Instant, RowNumber, Scaled
from vault.writes import attach, detach

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
probe = Table(
    "prepared_probe",
    MetaData(),
    Column("number", RowNumber, primary_key=True, autoincrement=False),
    Column("amount", Scaled),
    Column("at", Instant),
    Column("day", Date),
)
LATER = (
    select(probe.c.number, probe.c.amount, probe.c.at, probe.c.day)
    .where(probe.c.at > bindparam("since"), probe.c.amount < Decimal(3))
    .order_by(probe.c.number)
    .limit(bindparam("most"))
)


@pytest.fixture
def connection(empty_database_url):
    engine = open_engine(empty_database_url)
    with engine.begin() as connection:
        probe.create(connection)
        for number in range(5):
            connection.execute(insert(probe).values(_row(number)))
        yield connection
    engine.dispose()


def _row(number: int) -> dict[str, object]:
    return {
        "number": number,
        "amount": Decimal(number) + Decimal("0.25"),
        "at": NOON + timedelta(hours=number),
        "day": date(2026, 3, 2),
    }


@pytest.mark.parametrize(("since", "most"), [(NOON, 10), (NOON, 1), (NOON - timedelta(1), 2)])
def test_the_rows_are_those_of_the_statement(connection, since, most):
    """Asked twice, as the second time nothing is compiled any more."""
    wanted = [tuple(row) for row in connection.execute(LATER, {"since": since, "most": most})]
    prepared = Prepared(LATER)

    asked = [prepared.rows(connection, since=since, most=most) for _ in range(2)]

    assert asked == [wanted, wanted]
    assert wanted


def test_the_first_row_of_none_is_none(connection):
    assert Prepared(LATER).first(connection, since=NOON + timedelta(days=9), most=1) is None


def test_what_waits_to_be_written_is_read(connection):
    class Waiting:
        def flush(self) -> None:
            connection.exec_driver_sql("delete from prepared_probe where number = 1")

    attach(connection, Waiting())
    found = Prepared(LATER).rows(connection, since=NOON, most=10)
    detach(connection)

    assert [row[0] for row in found] == [2]


def test_a_failure_is_told_as_of_any_statement(connection):
    prepared = Prepared(LATER)
    prepared.rows(connection, since=NOON, most=1)
    probe.drop(connection)

    with pytest.raises(DBAPIError, match="prepared_probe"), connection.begin_nested():
        prepared.rows(connection, since=NOON, most=1)
