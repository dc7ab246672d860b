"""Guests of a transaction: short ones that end in the commit of a longer one."""

import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from domain.errors import InvariantError
from vault import export
from vault.anchor import last_anchor
from vault.faults import StorageUnavailableError

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PATIENCE_SECONDS = 30


def note(uow, subject):
    uow.audit.append(at=NOW, actor="test", kind="noted", subject=subject, body={})


def subjects(vault):
    with vault.read() as view:
        return [entry.subject for entry in view.audit.entries()]


class Visitor(threading.Thread):
    """Asks to be let in, and keeps what came of it."""

    def __init__(self, vault, act):
        super().__init__(daemon=True)
        self.vault, self.act, self.error = vault, act, None

    def run(self):
        try:
            with self.vault.join() as uow:
                self.act(uow)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error


def come(vault, *acts):
    """Visitors who wait in this order; for who has the writer's turn."""
    visitors = [Visitor(vault, act) for act in acts]
    for waiting, visitor in enumerate(visitors, start=1):
        visitor.start()
        while len(vault._turns._waiting) < waiting:
            pass
    return visitors


def errors(visitors):
    """What came of them, once all have left."""
    for visitor in visitors:
        visitor.join(PATIENCE_SECONDS)
        assert not visitor.is_alive()
    return [visitor.error for visitor in visitors]


def guest(uow):
    note(uow, "guest")


@pytest.fixture(autouse=True)
def is_opened(vault):
    """The lease is taken, and the anchor of the empty chain written."""
    vault.acquire()


def commits_of(vault):
    heads = []
    add = vault._anchoring.add

    def counted(head, entries=()):
        heads.append(head)
        add(head, entries)

    vault._anchoring.add = counted
    return heads


def test_who_waits_ends_in_the_commit_of_who_takes_along(vault):
    heads = commits_of(vault)

    with vault.write(takes_along=True) as uow:
        visitors = come(vault, guest, lambda uow: note(uow, "second"))
        note(uow, "host")

    assert errors(visitors) == [None, None]
    assert subjects(vault) == ["host", "guest", "second"]
    assert len(heads) == 1
    assert export.verify_audit(vault) is None
    assert last_anchor(vault.anchor_path) == heads[0]


def test_nobody_is_taken_along_by_who_does_not_say_so(vault):
    heads = commits_of(vault)

    with vault.write() as uow:
        visitors = come(vault, guest)
        note(uow, "host")

    assert errors(visitors) == [None]
    assert subjects(vault) == ["host", "guest"]
    assert len(heads) == 2


def test_who_wants_a_transaction_of_its_own_waits_for_it(vault):
    heads, done = commits_of(vault), []

    def write():
        with vault.write() as uow:
            note(uow, "own")
        done.append(True)

    other = threading.Thread(target=write)
    with vault.write(takes_along=True) as uow:
        other.start()
        while not vault.is_awaited():
            pass
        note(uow, "host")
    other.join(PATIENCE_SECONDS)

    assert subjects(vault) == ["host", "own"]
    assert len(heads) == 2


def test_what_fails_inside_a_guest_is_undone_by_itself(vault):
    def fail(uow):
        note(uow, "never")
        raise ZeroDivisionError

    with vault.write(takes_along=True) as uow:
        visitors = come(vault, fail, guest)
        note(uow, "host")

    failed, went_well = errors(visitors)
    assert isinstance(failed, ZeroDivisionError)
    assert went_well is None
    assert subjects(vault) == ["host", "guest"]
    assert export.verify_audit(vault) is None


def test_a_guest_hears_of_a_commit_that_failed(vault, monkeypatch):
    def refuse(*_):
        raise InvariantError("planted")

    visitors = []

    def host():
        with vault.write(takes_along=True) as uow:
            visitors.extend(come(vault, guest))
            note(uow, "host")
            monkeypatch.setattr(uow._writes, "flush", refuse)

    with pytest.raises(InvariantError, match="planted"):
        host()

    assert isinstance(*errors(visitors), StorageUnavailableError)
    assert subjects(vault) == []


def test_a_host_that_fails_lets_nobody_in(vault):
    with suppress(ZeroDivisionError), vault.write(takes_along=True) as uow:
        visitors = come(vault, guest)
        note(uow, "host")
        raise ZeroDivisionError

    assert errors(visitors) == [None]
    assert subjects(vault) == ["guest"]


def test_a_guest_that_writes_inside_its_write_is_told_at_once(vault):
    def nest(_uow):
        with vault.write():
            pass

    with vault.write(takes_along=True) as uow:
        visitors = come(vault, nest)
        note(uow, "host")

    assert isinstance(*errors(visitors), InvariantError)
    assert subjects(vault) == ["host"]


def test_what_guests_queue_is_claimed_once_and_told_when_it_is_anchored(vault):
    told = []
    vault.accompany(lambda uow: (note(uow, "claimed"), told.append)[1])

    with vault.write(takes_along=True) as uow:
        visitors = come(vault, guest)
        note(uow, "host")

    assert errors(visitors) == [None]
    assert subjects(vault) == ["host", "guest", "claimed"]
    assert told == [True]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_what_was_acknowledged_stands_once_and_what_failed_does_not(vault, threads):
    """Some wait as guests and some fail, beside one that takes along all the time."""
    acknowledged, is_over = [], threading.Event()

    def work(number):
        for turn in range(8):
            name, fails = f"{number}-{turn}", (number + turn) % 3 == 0
            with suppress(ZeroDivisionError), vault.join() as uow:
                note(uow, name)
                if fails:
                    raise ZeroDivisionError
            if not fails:
                acknowledged.append(name)

    def take_along():
        while not is_over.is_set():
            with vault.write(takes_along=True) as uow:
                note(uow, "host")

    host = threading.Thread(target=take_along)
    workers = [threading.Thread(target=work, args=(one,)) for one in range(threads)]
    host.start()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE_SECONDS)
    is_over.set()
    host.join(PATIENCE_SECONDS)

    assert sorted(s for s in subjects(vault) if s != "host") == sorted(acknowledged)
    assert export.verify_audit(vault) is None
