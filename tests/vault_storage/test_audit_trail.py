"""Any edit, deletion, swap or truncation of the audit trail is found, in place and in an export."""

import json
import shutil
import sqlite3

import pytest

from domain.audit import Anchor
from domain.codec import encode
from domain.errors import BadInputError, InvariantError
from tests.vault_storage.values import AT
from vault import SqlVault, append_only
from vault.anchor import append_anchors, last_anchor, read_anchors
from vault.export import check_newest, verify_audit, verify_export
from vault.faults import StorageUnavailableError
from vault.preflight import problems


def write_entries(vault, count=5):
    for number in range(count):
        with vault.write() as uow:
            uow.audit.append(
                at=AT, actor="ann", kind="run_approved", subject=f"run-{number}", body={"n": number}
            )


def tamper(vault, *statements):
    """What a person with the database's password can do: drop the triggers first."""
    with vault.write() as uow:
        append_only.remove(uow.connection, "audit_entry")
        for statement in statements:
            uow.connection.exec_driver_sql(statement)
        append_only.install(uow.connection, "audit_entry")


def exported(vault):
    with vault.read() as uow:
        return [encode(entry) for entry in uow.audit.entries()]


@pytest.fixture
def written(vault):
    write_entries(vault)
    return vault


def test_an_untouched_trail_verifies(written):
    assert verify_audit(written) is None
    assert problems(written.url, anchor_path=written.anchor_path) == ()


def test_entries_are_found_by_subject(written):
    with written.read() as uow:
        found = uow.audit.about("run-3")
        assert [entry.sequence for entry in found] == [4]
        assert found[0] in uow.audit.entries()


@pytest.mark.parametrize(
    ("statements", "sequence", "says"),
    [
        (["update audit_entry set body = '{\"n\":9}' where sequence = 2"], 2, "was edited"),
        (["update audit_entry set actor = 'bob' where sequence = 5"], 5, "was edited"),
        (["update audit_entry set at = at + 1 where sequence = 1"], 1, "was edited"),
        (["delete from audit_entry where sequence = 3"], 3, "is missing"),
        (["delete from audit_entry where sequence = 1"], 1, "is missing"),
        (["delete from audit_entry where sequence >= 4"], 5, "cut off"),
        (["delete from audit_entry"], 5, "cut off"),
        (
            [
                "update audit_entry set sequence = 99 where sequence = 2",
                "update audit_entry set sequence = 2 where sequence = 3",
                "update audit_entry set sequence = 3 where sequence = 99",
            ],
            2,
            "does not follow",
        ),
    ],
)
def test_tampering_is_found_where_it_is(written, statements, sequence, says):
    tamper(written, *statements)

    found = verify_audit(written)

    assert found.sequence == sequence
    assert says in found.message
    assert any(
        found.message in reason for reason in problems(written.url, anchor_path=written.anchor_path)
    )


def test_a_chain_that_was_written_anew_is_found_by_the_anchor(written, open_vault):
    """All hashes fit, but the head is not the one that stood outside the database."""
    tamper(written, "delete from audit_entry")
    written.close()
    forger = open_vault("forger", anchor="forged.jsonl")
    with forger.write() as uow:
        for number in range(5):
            uow.audit.append(at=AT, actor="eve", kind="k", subject="s", body={"n": number})
    assert verify_audit(forger) is None

    found = verify_export(exported(forger), read_anchors(written.anchor_path))

    assert found.message == "entry 1 differs from the anchor"


def test_an_export_proves_itself_without_the_database(written):
    lines = exported(written)
    anchors = read_anchors(written.anchor_path)

    assert [json.loads(line)["sequence"] for line in lines] == [1, 2, 3, 4, 5]
    assert verify_export(lines, anchors) is None


def test_an_edited_or_shortened_export_does_not_verify(written):
    lines = exported(written)
    anchors = read_anchors(written.anchor_path)
    edited = [
        line.replace("ann", "bob") if number == 2 else line for number, line in enumerate(lines)
    ]

    assert verify_export(edited, anchors).sequence == 3
    assert verify_export(lines[:2] + lines[3:], anchors).sequence == 3
    assert "cut off" in verify_export(lines[:-1], anchors).message
    assert verify_export(lines[:-1], ()) is None  # Which is why there are anchors.
    with pytest.raises(BadInputError, match="line 2"):
        verify_export([lines[0], "{}"], anchors)


def test_a_writer_does_not_start_on_an_old_copy(new_sqlite_url, tmp_path, clock):
    """A backup put back has every hash right; only the anchor knows that more had happened."""
    url = new_sqlite_url()
    path = url.removeprefix("sqlite:///")
    vault = SqlVault(url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")
    write_entries(vault, 2)
    vault.close()
    shutil.copyfile(path, tmp_path / "backup")
    vault = SqlVault(url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")
    write_entries(vault, 2)
    vault.close()

    shutil.copyfile(tmp_path / "backup", path)

    restored = SqlVault(url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")
    with pytest.raises(InvariantError, match="old copy"), restored.write():
        raise AssertionError("never entered")
    assert "cut off" in problems(url, anchor_path=tmp_path / "anchor")[0]
    restored.close()


def test_a_commit_whose_anchor_was_lost_in_a_crash_is_anchored_at_the_next_start(
    open_vault, tmp_path
):
    first = open_vault("first")
    write_entries(first, 3)
    first.close()
    anchors = read_anchors(first.anchor_path)
    lines = first.anchor_path.read_bytes().splitlines(keepends=True)
    first.anchor_path.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])  # Torn in the middle.
    assert read_anchors(first.anchor_path) == anchors[:-1]

    open_vault("second").acquire()

    assert read_anchors(first.anchor_path) == anchors


def test_a_head_that_cannot_be_anchored_stops_the_writer(open_vault, tmp_path):
    """The disk of the anchor file is full: the caller hears it, the next write catches up."""
    place, away = tmp_path / "elsewhere", tmp_path / "away"
    place.mkdir()
    vault = open_vault(anchor="elsewhere/anchor.jsonl")
    write_entries(vault, 1)

    place.rename(away)
    with pytest.raises(StorageUnavailableError, match="nothing may be sent"):
        write_entries(vault, 1)
    away.rename(place)
    write_entries(vault, 1)

    assert [found.sequence for found in read_anchors(place / "anchor.jsonl")] == [0, 1, 2, 3]
    assert verify_audit(vault) is None


@pytest.mark.parametrize("count", [0, 1, 39, 200])
def test_the_last_anchor_is_found_from_the_end(tmp_path, count):
    for number in range(1, count + 1):
        append_anchors(tmp_path / "anchor", [Anchor(number, f"{number:064x}")])

    assert last_anchor(tmp_path / "anchor") == (read_anchors(tmp_path / "anchor") or (None,))[-1]


def test_a_damaged_anchor_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "anchor"
    append_anchors(path, [Anchor(1, "a" * 64)])
    path.write_bytes(b"garbage\n" + path.read_bytes())

    with pytest.raises(InvariantError, match=f"{path}:1 is not an anchor"):
        read_anchors(path)


def test_preflight_names_a_lost_trigger(written):
    with written.write() as uow:
        append_only.remove(uow.connection, "ledger_leg")

    assert problems(written.url, anchor_path=written.anchor_path) == (
        "table ledger_leg has lost the triggers that make it append-only: restore the database",
    )


def test_preflight_names_a_wrong_schema_and_a_missing_file(empty_database_url, tmp_path):
    if empty_database_url.startswith("sqlite"):
        (reason,) = problems(empty_database_url, anchor_path=tmp_path / "anchor")
        assert "there is no database" in reason
    else:
        (reason,) = problems(empty_database_url, anchor_path=tmp_path / "anchor")
        assert "at schema none" in reason


def test_preflight_finds_a_flipped_bit_in_the_file(new_sqlite_url, tmp_path, clock):
    url = new_sqlite_url()
    vault = SqlVault(url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")
    write_entries(vault, 50)
    vault.close()
    path = tmp_path / url.rpartition("/")[2]
    assert problems(url, anchor_path=tmp_path / "anchor") == ()
    path.write_bytes(path.read_bytes().replace(b'{"n":25}', b'{"n":24}'))

    (found,) = problems(url, anchor_path=tmp_path / "anchor")
    assert "entry 26 was edited" in found


def test_the_system_sqlite_can_read_what_is_there(new_sqlite_url, tmp_path, clock):
    """An auditor needs no program of ours: plain tables, plain JSON."""
    url = new_sqlite_url()
    vault = SqlVault(url, clock=clock, holder="a", anchor_path=tmp_path / "anchor")
    write_entries(vault, 1)
    vault.close()

    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    found = connection.execute("select sequence, body from audit_entry").fetchall()
    connection.close()

    assert found == [(1, '{"n":0}')]


def newest(vault, count):
    with vault.read() as uow:
        return check_newest(uow.audit, vault.anchor_path, count)


@pytest.mark.parametrize("count", [1, 30, 59, 60, 1000])
def test_the_newest_entries_of_an_untouched_trail_verify(vault, count):
    write_entries(vault, 60)

    assert newest(vault, count) is None


def test_a_start_looks_at_the_newest_entries_and_a_verification_at_all(vault):
    write_entries(vault, 60)  # More anchors than are read at once.
    tamper(vault, "update audit_entry set actor = 'bob' where sequence = 10")

    assert newest(vault, 30) is None
    assert newest(vault, 51).sequence == 10
    assert verify_audit(vault).sequence == 10


def test_what_the_newest_entries_follow_is_said_by_the_anchor_and_not_by_the_database(vault):
    """Everything before them was replaced, with hashes that agree among themselves."""
    write_entries(vault, 60)
    tamper(vault, f"update audit_entry set previous_hash = '{'1' * 64}' where sequence = 41")

    found = newest(vault, 20)

    assert (found.sequence, found.message) == (41, "entry 41 does not follow the one before it")
