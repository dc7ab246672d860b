"""Anchors: the audit chain's head, written outside the database after each commit.

Whoever edits, cuts off or restores an old copy of the database cannot make its
chain end where this file says. One canonical JSON line per anchor, synced to disk.
"""

import json
import os
from pathlib import Path

from domain.audit import Anchor
from domain.codec import decode, encode
from domain.errors import InvariantError


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """Every anchor in the file, oldest first; none when there is no file yet.

    A last line without its end is the trace of a crash while writing and is left
    out; any other line that is not an anchor raises `InvariantError`.
    """
    if not path.exists():
        return ()
    whole, _, _torn = path.read_bytes().rpartition(b"\n")
    anchors = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            anchors.append(decode(Anchor, line.decode("ascii")))
        except (ValueError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise InvariantError(
                f"{path}:{number} is not an anchor of the audit chain: {line[:60]!r};"
                " restore the file from a copy before anything is sent"
            ) from error
    return tuple(anchors)


def append_anchor(path: Path, anchor: Anchor) -> None:
    """Add one anchor and wait until it is on disk; a torn last line is cut off first."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = _end_of_whole_lines(descriptor)
        os.ftruncate(descriptor, end)
        os.pwrite(descriptor, encode(anchor).encode() + b"\n", end)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if end == 0:
        _sync_directory(path.parent)


def _end_of_whole_lines(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    tail_start = max(0, size - 4096)
    tail = os.pread(descriptor, size - tail_start, tail_start)
    return tail_start + tail.rfind(b"\n") + 1


def _sync_directory(path: Path) -> None:
    """A new file's name survives a power cut only when its directory is synced."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
