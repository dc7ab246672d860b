"""The schema's history works both ways on both databases and ends where the code is."""

from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select

import vault.tables  # noqa: F401 - declares every table
from domain.errors import ConfigError, MissingError, TryAgainError
from domain.postings import Leg, TransactionKind
from tests.vault_storage.values import APPLE, a_lot, a_trade, a_transaction
from vault import SqlVault, append_only, migrate
from vault.engine import open_engine
from vault.metadata import append_only_tables, metadata
from vault.schema import ledger_leg, ledger_transaction


def tables(url: str) -> set[str]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = set(inspect(connection).get_table_names()) - {"alembic_version"}
    engine.dispose()
    return found


def leg_rows(url: str) -> list:
    engine = open_engine(url)
    query = select(ledger_leg).join(ledger_transaction)
    with engine.connect() as connection:
        found = connection.execute(
            query.order_by(ledger_transaction.c.number, ledger_leg.c.position)
        ).all()
    engine.dispose()
    return list(found)


def test_up_down_up_leaves_the_same_tables(empty_database_url):
    migrate.upgrade(empty_database_url)
    first = tables(empty_database_url)
    migrate.downgrade(empty_database_url, "base")
    nothing = tables(empty_database_url)
    migrate.upgrade(empty_database_url)

    assert nothing == set()
    assert tables(empty_database_url) == first == set(metadata.tables)
    assert migrate.current(empty_database_url) == migrate.head()


def test_the_migrations_make_exactly_the_declared_tables(database_url):
    engine = open_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_every_declared_fact_table_gets_its_triggers(database_url):
    engine = open_engine(database_url)
    with engine.connect() as connection:
        lacking = append_only.missing(connection, append_only_tables())
    engine.dispose()

    assert len(append_only_tables()) >= 20
    assert lacking == ()


def test_an_upgrade_of_a_current_database_changes_nothing(database_url):
    migrate.upgrade(database_url)

    assert migrate.current(database_url) == migrate.head()


def test_a_failing_upgrade_leaves_the_old_schema_whole(empty_database_url, monkeypatch):
    def fail(_connection, _table):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(append_only, "install", fail)
        with pytest.raises(RuntimeError):
            migrate.upgrade(empty_database_url)

    assert tables(empty_database_url) == set()
    assert migrate.current(empty_database_url) is None


def test_the_schema_stands_still_while_a_service_runs(open_vault, database_url):
    service = open_vault("service")
    service.acquire()

    with pytest.raises(TryAgainError, match="stop it first"):
        migrate.downgrade(database_url, "base")

    assert migrate.current(database_url) == migrate.head()
    service.close()
    migrate.upgrade(database_url)


def test_the_vault_refuses_an_older_schema(empty_database_url, tmp_path, clock):
    migrate.upgrade(empty_database_url, "0001")

    with pytest.raises(ConfigError, match="trimtab init"):
        SqlVault(empty_database_url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")


def test_the_vault_refuses_a_missing_file(tmp_path, clock):
    with pytest.raises(MissingError, match="there is no database"):
        SqlVault(f"sqlite:///{tmp_path}/none.db", clock=clock, holder="a", anchor_path="anchor")


@pytest.mark.parametrize("url", ["sqlite://", "mysql://host/base", "::", "sqlite:///:memory:"])
def test_a_url_that_cannot_be_served_is_refused_with_a_reason(url):
    with pytest.raises(ConfigError, match="database url"):
        open_engine(url)


def test_the_previous_release_finds_every_leg_in_a_row(vault, database_url):
    """Revision 0017 leaves out rows of legs; going back writes them, and coming again is right."""
    block = Leg(book="block:R1-1", asset=APPLE, quantity=Decimal("-0.000001"))
    street = Leg(book="street:XSIM", asset=APPLE, quantity=Decimal("0.000001"))
    fill = a_transaction("T1", block, street, kind=TransactionKind.FILL, cl_ord_id="R1-1")
    given = a_trade("T2", 10, "1902.5", opened=(a_lot("L1", 10, "1902.5"),))
    with vault.write() as uow:
        uow.ledger.append(fill)
        uow.ledger.append(given)
    assert {row.book for row in leg_rows(database_url)} == {"client:A1"}
    vault.close()

    migrate.downgrade(database_url, "0016")
    told = leg_rows(database_url)
    migrate.upgrade(database_url)

    assert [(row.book, row.asset, row.quantity) for row in told] == [
        (leg.book, leg.asset, leg.quantity) for one in (fill, given) for leg in one.legs
    ]
    assert leg_rows(database_url) == told
