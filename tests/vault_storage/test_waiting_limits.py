"""PostgreSQL: nobody waits for ever behind a session that stands still."""

import threading

import psycopg
import pytest

from vault import SqlVault, engine
from vault.faults import StorageUnavailableError

SECONDS = 20.0
LEASE = "select epoch from writer_lease for update"


@pytest.fixture
def impatient(migrated_postgres, monkeypatch, tmp_path, clock):
    """A vault that waits a second for a lock, and whose transactions may rest a second."""
    monkeypatch.setattr(engine, "LOCK_SECONDS", 1)
    monkeypatch.setattr(engine, "IDLE_SECONDS", 1)
    migrated_postgres.empty()
    vault = SqlVault(
        migrated_postgres.url, clock=clock, holder="test", anchor_path=tmp_path / "anchor"
    )
    yield vault
    vault.close()


def test_a_writer_behind_one_that_stands_still_is_told_so_and_goes_on_later(
    impatient, migrated_postgres
):
    """It was cut off with the lease's row locked: a follower must not hang without a word."""
    impatient.acquire()
    with psycopg.connect(migrated_postgres.url) as still:
        still.execute(LEASE)

        with pytest.raises(StorageUnavailableError, match="does not let go of what is needed"):
            impatient.renew()
        still.rollback()

    impatient.renew()


def test_a_writer_that_stands_still_is_ended_by_the_server_and_told_so(
    impatient, migrated_postgres
):
    impatient.acquire()
    with pytest.raises(StorageUnavailableError), impatient.write() as uow:  # noqa: PT012 - the block is what raises
        with psycopg.connect(migrated_postgres.url) as follower:
            follower.execute(LEASE)  # Waits until the server has ended the writer.
            follower.rollback()
        uow.kills.active()
        uow.runs.recent(1)

    impatient.renew()


def test_threads_that_wait_for_each_others_turn_get_it_though_the_row_is_held(
    impatient, migrated_postgres
):
    """The turn is taken before the row, by all: one behind the row lets the next one try."""
    impatient.acquire()
    told: list[str] = []

    def write() -> None:
        try:
            impatient.renew()
        except StorageUnavailableError as error:
            told.append(str(error))

    with psycopg.connect(migrated_postgres.url) as still:
        still.execute(LEASE)
        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        still.rollback()

    assert len(told) == 3
    impatient.renew()


def test_the_databases_own_limits_go_first(migrated_postgres, clock, tmp_path):
    url = f"{migrated_postgres.url}&options=-clock_timeout%3D77s"
    opened = engine.open_engine(url)
    with opened.connect() as connection:
        lock, idle = (
            connection.exec_driver_sql(f"show {name}").scalar_one()
            for name in ("lock_timeout", "idle_in_transaction_session_timeout")
        )
    opened.dispose()

    assert (lock, idle) == ("77s", "10min")
