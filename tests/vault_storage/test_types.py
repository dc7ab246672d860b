"""Columns hold exactly what was put in, on both databases, or refuse it."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, func, insert, select
from sqlalchemy.exc import StatementError

from domain.exact import MAX_SCALED, from_scaled
from vault.engine import is_safe, open_engine, sqlite_module
from vault.types import Instant, RowNumber, Scaled, Uuid, from_microseconds, to_microseconds

probe = Table(
    "probe",
    MetaData(),
    Column("number", RowNumber, primary_key=True),
    Column("amount", Scaled),
    Column("at", Instant),
    Column("name", Uuid),
)


@pytest.fixture
def engine(empty_database_url):
    engine = open_engine(empty_database_url)
    probe.create(engine)
    yield engine
    engine.dispose()


AMOUNTS = [
    Decimal("12345678901.123456"),  # A float would bring back 12345678901.123455.
    Decimal("-0.000001"),
    Decimal(0),
    from_scaled(MAX_SCALED),
    from_scaled(-MAX_SCALED),
]


def test_amounts_come_back_exactly(engine):
    with engine.begin() as connection:
        connection.execute(insert(probe), [{"amount": amount} for amount in AMOUNTS])

        found = connection.execute(select(probe.c.amount).order_by(probe.c.number)).scalars().all()

    assert found == AMOUNTS
    assert all(isinstance(amount, Decimal) for amount in found)


def test_sums_and_comparisons_in_sql_are_exact(engine):
    with engine.begin() as connection:
        connection.execute(insert(probe), [{"amount": Decimal("0.1")}] * 10)

        total = connection.execute(select(func.sum(probe.c.amount))).scalar_one()
        below = select(func.count()).where(probe.c.amount < Decimal("0.100001"))

        assert total == 1
        assert connection.execute(below).scalar_one() == 10


@pytest.mark.parametrize(
    "amount", [0.5, 1, "1", Decimal("0.0000001"), Decimal("NaN"), Decimal(10) ** 13]
)
def test_what_would_be_rounded_or_is_no_decimal_is_refused(engine, amount):
    with engine.begin() as connection, pytest.raises(StatementError):
        connection.execute(insert(probe).values(amount=amount))


def test_instants_come_back_in_utc(engine):
    new_york = timezone(timedelta(hours=-5))
    with engine.begin() as connection:
        connection.execute(
            insert(probe).values(at=datetime(2026, 3, 2, 9, 30, 0, 1, tzinfo=new_york))
        )

        found = connection.execute(select(probe.c.at)).scalar_one()

    assert found == datetime(2026, 3, 2, 14, 30, 0, 1, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


def test_naive_times_are_refused(engine):
    with engine.begin() as connection, pytest.raises(StatementError, match="offset from UTC"):
        connection.execute(insert(probe).values(at=datetime(2026, 3, 2)))  # noqa: DTZ001 - the point


def test_uuids_come_back(engine):
    name = UUID("0190f3a2-0000-7000-8000-00000000abcd")
    with engine.begin() as connection:
        connection.execute(insert(probe).values(name=name))

        assert connection.execute(select(probe.c.name)).scalar_one() == name


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_lose_nothing(instant):
    assert from_microseconds(to_microseconds(instant)) == instant


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_a_sqlite_with_the_wal_reset_bug_is_not_safe(version, safe):
    assert is_safe(version) is safe


def test_the_driver_that_is_used_is_safe():
    assert is_safe(sqlite_module().sqlite_version_info)


def test_the_writer_runs_with_the_durable_pragmas(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    engine.dispose()

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }
    assert (tmp_path / "x.db").stat().st_mode & 0o777 == 0o600
