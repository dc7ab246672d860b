"""Who accompanies the transactions adds to them, and hears in any case how they went."""

import pytest

from domain.errors import TryAgainError
from tests.vault_storage.values import AT


@pytest.fixture
def told(vault):
    """Each transaction gets an entry more; what is said of it is kept."""
    told = []
    vault.acquire()

    def note(uow):
        uow.audit.append(at=AT, actor="ann", kind="run_started", subject="beside", body={})
        return told.append

    vault.accompany(note)
    return told


def write(vault) -> None:
    with vault.write() as uow:
        uow.audit.append(at=AT, actor="ann", kind="run_started", subject="first", body={})


def subjects(vault) -> list[str]:
    with vault.read() as view:
        return [entry.subject for entry in view.audit.entries()]


def test_what_is_added_stands_with_the_rest(vault, told):
    write(vault)

    assert subjects(vault) == ["first", "beside"]
    assert told == [True]


def test_a_transaction_that_raises_is_never_asked(vault, told):
    with pytest.raises(ZeroDivisionError), vault.write():
        raise ZeroDivisionError

    assert told == []


def test_a_commit_that_fails_is_told(vault, told, monkeypatch):
    def locked(_connection):
        raise TryAgainError("database is locked")

    monkeypatch.setattr(vault._writer.dialect, "do_commit", locked)
    with pytest.raises(TryAgainError):
        write(vault)
    monkeypatch.undo()

    assert subjects(vault) == []
    assert told == [False]


def test_an_anchor_that_cannot_be_written_is_told(vault, told, monkeypatch):
    def full(_upto):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault._anchoring, "settle", full)
    with pytest.raises(TryAgainError):
        write(vault)

    assert told == [False]
