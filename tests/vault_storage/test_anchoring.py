"""Anchoring beside the next transaction: acknowledged only behind the anchor, told in order."""

import threading

import pytest

from domain.audit import Anchor
from tests.vault_storage.values import AT
from vault import anchoring
from vault.anchor import read_anchors
from vault.anchoring import Anchoring
from vault.faults import StorageUnavailableError

SECONDS = 20


def head(number):
    return Anchor(number, f"{number:064x}")


class SlowDisk:
    """Holds the first sync until it is let go."""

    def __init__(self, monkeypatch):
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        self.groups = []
        self._really = anchoring.append_anchors
        monkeypatch.setattr(anchoring, "append_anchors", self._append)

    def _append(self, path, anchors):
        self.groups.append([anchor.sequence for anchor in anchors])
        self.has_begun.set()
        assert self.may_end.wait(SECONDS)
        self._really(path, anchors)


def append(vault, subject):
    with vault.write() as uow:
        uow.audit.append(at=AT, actor="anna", kind="done", subject=subject, body={})


def audit_length(vault):
    with vault.read() as view:
        return len(view.audit.entries())


@pytest.fixture
def running():
    """Starts threads, and joins them in the end."""
    threads = []

    def start(act, *arguments):
        threads.append(threading.Thread(target=act, args=arguments))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_the_next_transaction_begins_while_an_anchor_is_synced(vault, running, monkeypatch):
    vault.acquire()
    disk = SlowDisk(monkeypatch)
    first = running(append, vault, "first")
    assert disk.has_begun.wait(SECONDS)
    inside = threading.Event()

    def second():
        with vault.write():
            inside.set()

    waiting = running(second)

    assert inside.wait(SECONDS)
    assert first.is_alive()
    assert waiting.is_alive()  # It has nothing to anchor, but what it stands on is not anchored.
    disk.may_end.set()


def test_what_waits_is_anchored_at_once_line_by_line(vault, running, monkeypatch):
    vault.acquire()
    disk = SlowDisk(monkeypatch)
    running(append, vault, "1")
    assert disk.has_begun.wait(SECONDS)
    others = [running(append, vault, str(number)) for number in (2, 3, 4)]
    while audit_length(vault) < 4:
        assert all(other.is_alive() for other in others)
    disk.may_end.set()
    for other in others:
        other.join(SECONDS)

    assert [anchor.sequence for anchor in read_anchors(vault.anchor_path)] == [0, 1, 2, 3, 4]
    assert disk.groups == [[1], [2, 3, 4]]


def test_commits_are_told_in_their_order_whoever_anchors_them(tmp_path, running):
    told = []
    heads = Anchoring(tmp_path / "anchor", told.extend)
    numbers = range(1, 101)
    lock = threading.Lock()
    left = iter(numbers)

    def commit():
        while True:
            with lock:
                number = next(left, None)
                if number is None:
                    return
                heads.add(head(number), [number])
                behind_us = heads.added
            heads.settle(behind_us)
            assert number in told

    for thread in [running(commit) for _ in range(4)]:
        thread.join(SECONDS)

    assert told == list(numbers)
    assert [anchor.sequence for anchor in read_anchors(tmp_path / "anchor")] == told


def test_a_head_that_could_not_be_written_keeps_back_whoever_stands_on_it(open_vault, tmp_path):
    place, away = tmp_path / "elsewhere", tmp_path / "away"
    place.mkdir()
    vault = open_vault(anchor="elsewhere/anchor.jsonl")
    append(vault, "1")
    place.rename(away)
    with pytest.raises(StorageUnavailableError, match="nothing may be sent"):
        append(vault, "2")

    with pytest.raises(StorageUnavailableError, match="nothing may be sent"), vault.write():
        pass
    away.rename(place)
    with vault.write():
        pass

    found = read_anchors(place / "anchor.jsonl")
    assert [anchor.sequence for anchor in found] == [0, 1, 2]
