"""An audit trail whose anchor file is gone proves nothing, and is not quietly anchored anew."""

from datetime import UTC, datetime

import pytest

from domain.errors import InvariantError
from vault.anchor import last_anchor, read_anchors
from vault.export import verify_audit
from vault.preflight import problems
from vault.store import SqlVault

NOW = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def open_vault(url, anchor) -> SqlVault:
    return SqlVault(url, clock=RealClock(), holder="test", anchor_path=anchor)


def append(vault, count):
    for number in range(count):
        with vault.write() as uow:
            uow.audit.append(at=NOW, actor="anna", kind="done", subject=str(number), body={})


@pytest.fixture
def place(new_sqlite_url, tmp_path):
    """A database with nine entries and their anchors: its url and the anchor file."""
    url, anchor = new_sqlite_url(), tmp_path / "anchor"
    vault = open_vault(url, anchor)
    append(vault, 9)
    vault.close()
    return url, anchor


@pytest.mark.parametrize("empty", [False, True])
def test_a_lost_anchor_is_found_by_verify_and_before_start(place, empty):
    url, anchor = place
    anchor.unlink()
    if empty:
        anchor.touch()

    vault = open_vault(url, anchor)
    tampering = verify_audit(vault)
    vault.close()

    assert tampering is not None
    assert f"9 entries and no anchor in {anchor}" in tampering.message
    assert any("put the file back" in problem for problem in problems(url, anchor_path=anchor))


def test_no_writer_anchors_a_trail_anew(place):
    url, anchor = place
    anchor.unlink()
    vault = open_vault(url, anchor)

    with pytest.raises(InvariantError, match="cannot be trusted"):
        append(vault, 1)
    vault.close()

    assert not anchor.exists()


def test_a_crash_before_the_very_first_anchor_is_forgiven(new_sqlite_url, tmp_path):
    url, anchor = new_sqlite_url(), tmp_path / "anchor"
    vault = open_vault(url, anchor)
    append(vault, 1)
    vault.close()
    anchor.unlink()

    again = open_vault(url, anchor)
    append(again, 1)

    assert verify_audit(again) is None
    again.close()


def test_a_crash_before_the_anchor_of_a_long_first_transaction_is_forgiven(
    new_sqlite_url, tmp_path, monkeypatch
):
    """Killed between the very first commit and its anchor: the beginning was anchored before."""
    url, anchor = new_sqlite_url(), tmp_path / "anchor"
    vault = open_vault(url, anchor)
    vault.acquire()
    with monkeypatch.context() as patched:
        patched.setattr("vault.anchoring.append_anchors", interrupted)
        with pytest.raises(KeyboardInterrupt):
            append_at_once(vault, 9)
    vault.close()
    assert len(read_anchors(anchor)) == 1

    assert problems(url, anchor_path=anchor) == ()
    again = open_vault(url, anchor)
    append(again, 1)

    assert verify_audit(again) is None
    assert last_anchor(anchor).sequence == 10
    again.close()


def append_at_once(vault, count):
    with vault.write() as uow:
        for number in range(count):
            uow.audit.append(at=NOW, actor="anna", kind="done", subject=str(number), body={})


def interrupted(_path, _anchor):
    raise KeyboardInterrupt
