"""One transaction is durable together or not at all, and readers see only what is."""

import threading

import pytest
from sqlalchemy import text

from domain.errors import InvariantError, TryAgainError
from domain.runs import RunStatus
from tests.vault_storage.values import AT, RUN, a_kill, a_run, a_trade
from vault import SqlVault
from vault.anchor import read_anchors
from vault.engine import open_engine
from vault.faults import StorageUnavailableError


def test_what_raises_leaves_nothing_behind(vault):
    with pytest.raises(ZeroDivisionError), vault.write() as uow:  # noqa: PT012 - the block is what raises
        uow.runs.add(a_run())
        uow.audit.append(at=AT, actor="ann", kind="run_started", subject="r", body={})
        raise ZeroDivisionError

    with vault.read() as uow:
        assert uow.runs.get(RUN) is None
        assert uow.audit.entries() == ()
    assert [anchor.sequence for anchor in read_anchors(vault.anchor_path)] == [0]


def test_a_reader_sees_nothing_of_an_open_write(vault):
    with vault.write() as writing:
        writing.runs.add(a_run())
        with vault.read() as reading:
            assert reading.runs.get(RUN) is None

    with vault.read() as reading:
        assert reading.runs.get(RUN) == a_run()


def test_a_reader_sees_one_moment(vault):
    """What is committed while a view is open is not in it."""
    with vault.write() as uow:
        uow.kills.set(a_kill("venue", "XSIM"))
    with vault.read() as reading:
        before = reading.kills.active()
        with vault.write() as uow:
            uow.kills.set(a_kill("firm"))

        assert reading.kills.active() == before


def test_writing_through_a_reader_raises(vault):
    with pytest.raises(InvariantError, match="read-only"), vault.read() as uow:
        uow.runs.add(a_run())


def test_a_savepoint_undoes_only_itself(vault):
    with vault.write() as uow:
        uow.runs.add(a_run())
        with pytest.raises(ZeroDivisionError), uow.savepoint():  # noqa: PT012 - the block is what raises
            uow.ledger.append(a_trade("T1", 10, "1902"))
            uow.audit.append(at=AT, actor="ann", kind="booked", subject="T1", body={})
            raise ZeroDivisionError
        uow.audit.append(at=AT, actor="ann", kind="quarantined", subject="T1", body={})

    with vault.read() as uow:
        assert uow.runs.get(RUN) is not None
        assert uow.ledger.all() == ()
        assert uow.ledger.balances() == {}
        assert [entry.kind for entry in uow.audit.entries()] == ["quarantined"]


def test_a_refused_statement_inside_a_savepoint_leaves_the_transaction_usable(vault):
    with vault.write() as uow:
        uow.runs.add(a_run())
        with pytest.raises(InvariantError), uow.savepoint():
            uow.connection.execute(text("insert into run_change (number) values (1)"))
        uow.runs.update(a_run(status=RunStatus.DONE), AT)

    with vault.read() as uow:
        assert uow.runs.get(RUN).status is RunStatus.DONE


def test_a_write_inside_a_write_raises_instead_of_waiting_for_itself(vault):
    with pytest.raises(InvariantError, match="inside a write"), vault.write(), vault.write():
        pass


def test_a_closed_vault_writes_no_more(vault):
    vault.acquire()
    vault.close()
    vault.close()

    with pytest.raises(InvariantError, match="was closed"), vault.write():
        raise AssertionError("never entered")


def test_two_threads_write_one_after_the_other(vault):
    """Forty transactions from two threads keep one gapless chain."""

    def write_twenty(actor):
        for number in range(20):
            with vault.write() as uow:
                uow.audit.append(at=AT, actor=actor, kind="k", subject="s", body={"n": number})

    threads = [threading.Thread(target=write_twenty, args=(actor,)) for actor in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with vault.read() as uow:
        entries = uow.audit.entries()
    assert [entry.sequence for entry in entries] == list(range(1, 41))
    assert sorted(entry.actor for entry in entries) == ["ann"] * 20 + ["bob"] * 20
    assert [anchor.sequence for anchor in read_anchors(vault.anchor_path)] == list(range(41))


def test_two_threads_claim_a_trigger_once(vault):
    """(trigger, due) is unique, whoever asks."""
    won = []

    def claim(number):
        for _ in range(10):
            with vault.write() as uow:
                if uow.triggers.claim("month_end", AT, RUN, AT):
                    won.append(number)

    threads = [threading.Thread(target=claim, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    with vault.read() as uow:
        assert uow.triggers.last_due("month_end") == AT
        assert uow.triggers.last_due("other") is None


def test_a_locked_database_is_told_and_the_next_write_works(new_sqlite_url, tmp_path, clock):
    url = new_sqlite_url()
    vault = SqlVault(url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")
    vault.acquire()
    other = open_engine(url)
    with vault._writer.connect() as connection:
        connection.connection.dbapi_connection.execute("pragma busy_timeout = 1")

    with other.begin(), pytest.raises(StorageUnavailableError, match="locked"), vault.write():
        raise AssertionError("never entered")
    with vault.write() as uow:
        uow.runs.add(a_run())

    with vault.read() as uow:
        assert uow.runs.get(RUN) is not None
    other.dispose()
    vault.close()


def test_a_full_disk_loses_the_whole_transaction_and_nothing_else(new_sqlite_url, tmp_path, clock):
    """SQLite rolls back by itself then; what follows in the block must not commit alone."""
    vault = SqlVault(new_sqlite_url(), clock=clock, holder="a", anchor_path=tmp_path / "anchor")
    vault.acquire()
    with vault._writer.connect() as connection:
        driver = connection.connection.dbapi_connection
        pages = driver.execute("pragma page_count").fetchone()[0]
        driver.execute(f"pragma max_page_count = {pages + 4}")

    with pytest.raises(TryAgainError), vault.write() as uow:  # noqa: PT012 - the block is what raises
        uow.runs.add(a_run())
        with pytest.raises(TryAgainError), uow.savepoint():
            uow.audit.append(at=AT, actor="a", kind="k", subject="s", body={"x": "x" * 1_000_000})
        uow.kills.set(a_kill())

    with vault.read() as uow:
        assert uow.runs.get(RUN) is None
        assert uow.kills.active() == ()
    with vault.write() as uow:
        uow.kills.set(a_kill())
    vault.close()


def test_a_restarted_postgres_is_told_and_the_vault_recovers(
    postgres_server, migrated_postgres, tmp_path, clock
):
    migrated_postgres.empty()
    url = migrated_postgres.url
    vault = SqlVault(url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")

    with pytest.raises(StorageUnavailableError), vault.write() as uow:  # noqa: PT012 - the block is what raises
        uow.runs.add(a_run())
        postgres_server.kill()
        uow.kills.set(a_kill())
    with pytest.raises(StorageUnavailableError), vault.write():
        raise AssertionError("never entered")
    postgres_server.start()
    with vault.write() as uow:
        assert uow.runs.get(RUN) is None
        uow.kills.set(a_kill())

    with vault.read() as uow:
        assert uow.kills.active() == (a_kill(),)
    vault.close()
