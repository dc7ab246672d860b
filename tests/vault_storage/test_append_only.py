"""Facts cannot be changed, not even by our own hand."""

import pytest
from sqlalchemy import text

from domain.errors import InvariantError
from tests.vault_storage.values import AT, RUN, a_run, a_trade
from vault.engine import open_engine
from vault.metadata import append_only_tables


@pytest.fixture
def filled(vault):
    with vault.write() as uow:
        uow.audit.append(at=AT, actor="ann", kind="run_started", subject=RUN.hex, body={"n": 1})
        uow.runs.add(a_run())
        uow.ledger.append(a_trade("T1", 10, "1902"))
    return vault


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set actor = 'bob'",
        "delete from audit_entry",
        "update ledger_leg set quantity = 1",
        "delete from ledger_transaction",
        "update run_change set at = 0",
        "delete from run_change where number = 1",
    ],
)
def test_an_edit_or_deletion_of_a_fact_is_refused(filled, statement):
    with pytest.raises(InvariantError, match="append-only"), filled.write() as uow:
        uow.connection.execute(text(statement))

    with filled.read() as uow:
        assert [entry.actor for entry in uow.audit.entries()] == ["ann"]
        assert len(uow.ledger.all()) == 1


def test_replacing_a_fact_is_refused(filled):
    """INSERT OR REPLACE would walk past the delete trigger without recursive triggers."""
    with filled.read() as uow:
        is_sqlite = uow.connection.dialect.name == "sqlite"
    columns = "(sequence, at, actor, kind, subject, body, previous_hash, hash)"
    row = "(1, 0, 'bob', 'k', 's', '', 'p', 'h')"
    statement = (
        f"insert or replace into audit_entry {columns} values {row}"
        if is_sqlite
        else f"insert into audit_entry {columns} values {row} "
        "on conflict (sequence) do update set actor = excluded.actor"
    )

    with pytest.raises(InvariantError, match="append-only"), filled.write() as uow:
        uow.connection.execute(text(statement))


def test_emptying_a_fact_table_is_refused(filled):
    """SQLite has no TRUNCATE: there an unqualified DELETE must not take its shortcut."""
    with filled.read() as uow:
        is_sqlite = uow.connection.dialect.name == "sqlite"
    statement = "delete from run_change" if is_sqlite else "truncate run_change"

    with pytest.raises(InvariantError, match="append-only"), filled.write() as uow:
        uow.connection.execute(text(statement))


def test_no_fact_table_takes_an_update(database_url):
    """The triggers fire on rows, so each table is asked for its definition instead."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        query = (
            "select tbl_name from sqlite_master where type = 'trigger' and sql like '%update%'"
            if connection.dialect.name == "sqlite"
            else "select tgrelid::regclass::text from pg_trigger where tgname like '%_row'"
        )
        guarded = set(connection.execute(text(query)).scalars())
    engine.dispose()

    assert guarded >= set(append_only_tables())
