"""Anchors: the audit chain's head, written outside the database after each commit.

Whoever edits, cuts off or restores an old copy of the database cannot make its
chain end where this file says. One canonical JSON line per anchor, synced to disk.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterable
from pathlib import Path

from domain.audit import Anchor
from domain.codec import decode, encode
from domain.errors import InvariantError

_PATIENCE_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.005
_TAIL_BYTES = 4096
_FIRST_COMMIT = 4  # Entries: no more can stand without an anchor, when a crash prevented the first.


def lost_anchor(path: Path, anchor: Anchor | None, length: int) -> str | None:
    """What is wrong when a chain of `length` entries has no anchor at all; None when nothing is."""
    if anchor is not None or length <= _FIRST_COMMIT:
        return None
    return (
        f"there are {length} entries and no anchor in {path}: whether the end was cut off"
        " cannot be told; put the file back from its copy"
    )


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """Every anchor in the file, oldest first; none when there is no file yet.

    A last line without its end is the trace of a crash while writing and is left
    out; any other line that is not an anchor raises `InvariantError`.
    """
    if not path.exists():
        return ()
    whole, _, _torn = path.read_bytes().rpartition(b"\n")
    lines = enumerate(whole.splitlines(), start=1)
    return tuple(_anchor(line, f"{path}:{number}") for number, line in lines)


def newest_anchors(path: Path, since: int) -> tuple[Anchor, ...]:
    """The newest anchors, back to one of entry `since` or before it; all, when none is as old."""
    size = path.stat().st_size if path.exists() else 0
    tail = _TAIL_BYTES
    while tail < size:
        found = _tail(path, tail)
        if found and min(anchor.sequence for anchor in found) <= since:
            return tuple(found)
        tail *= 2
    return read_anchors(path)


def last_anchor(path: Path) -> Anchor | None:
    """The furthest of the newest anchors, without reading the whole file."""
    if not path.exists():
        return None
    return max(_tail(path, _TAIL_BYTES), key=lambda anchor: anchor.sequence, default=None)


def _tail(path: Path, size: int) -> list[Anchor]:
    """The anchors that are whole in the file's last `size` bytes."""
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - size)
        file.seek(start)
        whole, _, _torn = file.read().rpartition(b"\n")
    lines = whole.splitlines()[1 if start else 0 :]  # The first may be cut where the tail begins.
    return [_anchor(line, f"{path}, near its end,") for line in lines]


def append_anchors(path: Path, anchors: Iterable[Anchor]) -> None:
    """Add anchors and wait until they are on disk; a torn last line is cut off first.

    Raises `OSError`, also when another process has the file for too long: one that was
    stopped in the middle of this would hold us for ever.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        end = _end_of_whole_lines(descriptor)
        if os.fstat(descriptor).st_size > end:
            os.ftruncate(descriptor, end)
        lines = "".join(f"{encode(anchor)}\n" for anchor in anchors)
        os.pwrite(descriptor, lines.encode(), end)
        os.fdatasync(descriptor)  # With the new size, which is needed to read it again.
    finally:
        os.close(descriptor)
    if end == 0:
        _sync_directory(path.parent)


def _lock(descriptor: int) -> None:
    """A fenced writer may wake up in the middle of this, so one at a time."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise OSError(errno.EBUSY, "another process holds it, perhaps stopped") from None
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _end_of_whole_lines(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    tail_start = max(0, size - _TAIL_BYTES)
    tail = os.pread(descriptor, size - tail_start, tail_start)
    return tail_start + tail.rfind(b"\n") + 1


def _anchor(line: bytes, place: str) -> Anchor:
    try:
        return decode(Anchor, line.decode("ascii"))
    except (ValueError, TypeError, AttributeError) as error:
        raise InvariantError(
            f"{place} is not an anchor of the audit chain: {line[:60]!r};"
            " restore the file from a copy before anything is sent"
        ) from error


def _sync_directory(path: Path) -> None:
    """A new file's name survives a power cut only when its directory is synced."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
