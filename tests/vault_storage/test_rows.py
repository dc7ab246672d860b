"""Rows in bulk: the very values that a statement for each row would have written."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Date, MetaData, String, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from domain.postings import Break
from vault.array_text import array_text
from vault.engine import open_engine
from vault.rows import rows_by_table
from vault.types import Canonical, Instant, RawText, RowNumber, Scaled, Uuid

probe = Table(
    "probe",
    MetaData(),
    Column("number", RowNumber, primary_key=True, autoincrement=False),
    Column("amount", Scaled),
    Column("at", Instant),
    Column("day", Date),
    Column("name", Uuid),
    Column("yes", Boolean(create_constraint=False)),
    Column("text", String),
    Column("raw", RawText),
    Column("value", Canonical(Break)),
)
FOUND = Break(kind="cash", subject="A1", ours="1", theirs="2", message="a cent: \N{EURO SIGN}")
VALUES = {
    "amount": Decimal("12345678901.123456"),
    "at": datetime(2026, 3, 2, 15, 0, 0, 123456, tzinfo=UTC),
    "day": date(2026, 3, 2),
    "name": UUID("0190f3a2-0000-7000-8000-00000000abcd"),
    "yes": True,
    "text": "O'Neill; \N{EURO SIGN}",
    "raw": "8=FIX.4.4\x019=\x00\udcff",
    "value": FOUND,
}
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
COLUMNS = text("select * from probe order by number")


@pytest.fixture
def connection(empty_database_url):
    engine = open_engine(empty_database_url)
    probe.create(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def postgres_connection(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        yield connection


def row(number, **changes):
    return {"number": number, **VALUES, **changes}


def bulk(connection, *rows):
    writer = rows_by_table(connection.dialect)[probe]
    return writer, [writer.bound(one) for one in rows]


def test_a_bound_row_is_the_row_that_sqlalchemy_writes(connection):
    nothing = dict.fromkeys(VALUES)
    connection.execute(insert(probe), [row(1), row(2, **nothing)])
    theirs = [tuple(one)[1:] for one in connection.execute(COLUMNS)]
    connection.execute(probe.delete())

    writer, bound = bulk(connection, row(1), row(2, **nothing))
    writer.insert(connection, bound)

    assert [tuple(one)[1:] for one in connection.execute(COLUMNS)] == theirs
    assert connection.execute(select(probe.c.value)).scalars().all() == [FOUND, None]


@pytest.mark.parametrize("count", [1, 3, 4, 21, 300])
def test_any_number_of_rows_is_written_once_each_and_in_order(connection, count):
    writer, bound = bulk(connection, *(row(number) for number in range(count)))

    writer.insert(connection, bound)

    assert connection.execute(select(probe.c.number)).scalars().all() == list(range(count))


@pytest.mark.parametrize(
    "value",
    [
        "", "NULL", "null", " a ", 'say "no"', "back\\slash", '\\"', "{1,2}", "a,b", "two\nlines\t",
        "'", "\\N", "%s", "\N{EURO SIGN}\N{GRINNING FACE}", '{"a":"\\u0000\\"","b":[null]}',
    ],
)  # fmt: skip
def test_no_text_is_taken_for_a_part_of_the_statement(connection, value):
    writer, bound = bulk(connection, row(1, text=value), row(2, text=None), row(3, text=value))

    writer.insert(connection, bound)

    found = connection.execute(select(probe.c.text).order_by(probe.c.number)).scalars().all()
    assert found == [value, None, value]


@given(values=st.lists(st.none() | st.text(CHARACTERS), min_size=1))
def test_an_array_is_written_as_postgresql_reads_it(postgres_connection, values):
    """NUL is in no text of PostgreSQL, and half a character in none at all."""
    query = "select unnest(%s::text[])"

    assert postgres_connection.execute(query, [array_text(values)]).fetchall() == [
        (value,) for value in values
    ]


def test_bytes_are_no_item_of_an_array():
    with pytest.raises(TypeError, match="bytes is no item"):
        array_text([b"1"])


def test_what_is_put_stands_and_what_is_gone_is_gone(connection):
    writer, bound = bulk(connection, row(1), row(2), row(3), row(2, amount=Decimal(7)))
    writer.insert(connection, bound[:3])

    writer.upsert(connection, bound[3:])
    writer.delete(connection, [(1,), (9,)])

    query = select(probe.c.number, probe.c.amount).order_by(probe.c.number)
    found = [tuple(one) for one in connection.execute(query)]
    assert found == [(2, Decimal(7)), (3, VALUES["amount"])]


def test_a_row_that_is_there_already_is_refused_as_sqlalchemy_says_it(connection):
    writer, bound = bulk(connection, row(1), row(1))

    with pytest.raises(IntegrityError), connection.begin_nested():
        writer.insert(connection, bound)

    assert connection.execute(COLUMNS).all() == []


@pytest.mark.parametrize("amount", [0.5, 1, Decimal("0.0000001")])
def test_a_value_that_its_column_cannot_hold_is_refused_before_it_waits(connection, amount):
    with pytest.raises((TypeError, ValueError)):
        bulk(connection, row(1, amount=amount))


def test_a_row_of_other_columns_is_refused(connection):
    writer, _bound = bulk(connection, row(1))

    with pytest.raises((AssertionError, KeyError)):
        writer.bound({**row(1), "else": 1})
    with pytest.raises((AssertionError, KeyError)):
        writer.bound({"number": 1})
