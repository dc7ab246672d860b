"""A writing process is killed without warning: nothing that it acknowledged is lost."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.vault_storage.values import AT
from vault import SqlVault
from vault import anchor as anchor_module
from vault.anchor import read_anchors
from vault.export import verify_audit
from vault.faults import StorageUnavailableError
from vault.rebuild import check_projections

WRITER = """
import sys
from decimal import Decimal
from tests.vault_storage.conftest import StandingClock
from tests.vault_storage.values import AT, a_trade
from vault import SqlVault
from vault import anchor as anchor_module

url, anchor = sys.argv[1:]
vault = SqlVault(url, clock=StandingClock(), holder="victim", anchor_path=anchor)
with vault.read() as uow:
    number = len(uow.ledger.all())
while True:
    number += 1
    with vault.write() as uow:
        uow.ledger.append(a_trade(f"T{number}", 1, "190.25"))
        uow.audit.append(at=AT, actor="w", kind="booked", subject=f"T{number}", body={})
    print(number, flush=True)  # The acknowledgement.
"""
ROOT = Path(__file__).parents[2]


def wait_until_gone(url):
    """PostgreSQL ends a dead client's session when it next looks; SQLite's lock is the kernel's."""
    if url.startswith("sqlite"):
        return
    query = "select count(*) from pg_stat_activity where datname = current_database()"
    deadline = time.monotonic() + 30
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(query).fetchone() != (1,):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize("kills", [3])
def test_no_acknowledged_write_is_lost_when_the_writer_is_killed(
    database_url, tmp_path, clock, kills
):
    """Each next writer starts at once: a dead holder's lease does not keep it out."""
    anchor = tmp_path / "anchor"
    acknowledged = 0
    for kill in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, database_url, str(anchor)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for _ in range(7 + 5 * kill):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            acknowledged = int(line)
        os.kill(process.pid, signal.SIGKILL)
        rest, _errors = process.communicate()
        acknowledged = int(rest.split()[-1]) if rest.split() else acknowledged
        wait_until_gone(database_url)

    vault = SqlVault(database_url, clock=clock, holder="judge", anchor_path=anchor)
    vault.acquire()
    with vault.read() as uow:
        booked = [transaction.transaction_id for transaction in uow.ledger.all()]
        audited = [entry.subject for entry in uow.audit.entries()]
    assert len(booked) >= acknowledged >= 7 * kills
    assert booked == audited == [f"T{number}" for number in range(1, len(booked) + 1)]
    assert check_projections(vault) == ()
    assert verify_audit(vault) is None
    assert read_anchors(anchor)[-1].sequence == len(booked)
    vault.close()


def _stop_outside_a_transaction(process, vault):
    """One that sleeps within a transaction holds a lock of ours: let it go on a little."""
    for _ in range(20):
        os.kill(process.pid, signal.SIGSTOP)
        try:
            with vault.anchor_path.open("rb") as anchor:
                fcntl.flock(anchor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            vault.acquire()
        except (BlockingIOError, StorageUnavailableError):
            os.kill(process.pid, signal.SIGCONT)
            assert process.stdout.readline(), process.stderr.read()
        else:
            return
    pytest.fail("it was always within a transaction")


def test_a_writer_that_was_stopped_with_the_anchor_in_its_hand_stops_nobody_for_ever(
    open_vault, tmp_path, monkeypatch
):
    monkeypatch.setattr(anchor_module, "_PATIENCE_SECONDS", 0.05)
    vault = open_vault()

    def audit():
        with vault.write() as uow:
            uow.audit.append(at=AT, actor="w", kind="booked", subject="T1", body={})

    audit()
    with (tmp_path / "anchor.jsonl").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StorageUnavailableError, match="holds it, perhaps stopped"):
            audit()
    audit()
    assert verify_audit(vault) is None


def test_a_stopped_writer_is_fenced_when_it_wakes(database_url, tmp_path, clock):
    """SIGSTOP for longer than the lease: another takes over, and the sleeper writes no more."""
    anchor = tmp_path / "anchor"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url, str(anchor)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    vault = SqlVault(database_url, clock=clock, holder="other", anchor_path=anchor)
    for _ in range(3):
        assert process.stdout.readline(), process.stderr.read()
    clock.pass_by(3600)
    _stop_outside_a_transaction(process, vault)
    with vault.write() as uow:
        count = len(uow.ledger.all())
        uow.audit.append(at=AT, actor="other", kind="took_over", subject="lease", body={})

    os.kill(process.pid, signal.SIGCONT)
    _rest, errors = process.communicate(timeout=60)

    assert process.returncode != 0
    assert "FencedError: other took over" in errors
    with vault.read() as uow:
        assert len(uow.ledger.all()) == count
    assert verify_audit(vault) is None
    vault.close()
