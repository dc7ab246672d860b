"""Checkpoints: the house and the lengths of all files, at the beginning of a journal's segment.

They are pickles, which only the owner of the directory may write (0700), and which only the
program that made one can read: a checkpoint has the fingerprints of program and configuration.
"""

import hashlib
import os
import pickle
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from simulator.running.growing import sync_directory
from simulator.running.house import House
from simulator.running.memory import Memory, SessionLengths

_MAGIC = b"venues-checkpoint-1"
_NAME = "{:06d}.checkpoint"
_KEPT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything at one instant."""

    segment: int  # The journal goes on from its beginning.
    settings: str  # Fingerprint of what the house was made from.
    house: House
    sessions: Mapping[str, SessionLengths]
    executions: Mapping[str, Mapping[str, int]]


@cache
def program_fingerprint() -> str:
    """Of the program's source: another version may understand a pickle otherwise."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def save(directory: Path, memory: Memory, house: House, settings: str) -> Path:
    """Begin a segment and write a checkpoint of its beginning; older ones go but for one."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    segment = memory.journal.begin_segment()
    checkpoint = Checkpoint(
        segment=segment,
        settings=settings,
        house=house,
        sessions={name: one.lengths() for name, one in memory.sessions.items()},
        executions={venue: one.lengths() for venue, one in memory.executions.items()},
    )
    body = pickle.dumps(checkpoint, protocol=pickle.HIGHEST_PROTOCOL)
    header = b"%b %b %08x %d\n" % (
        _MAGIC,
        program_fingerprint().encode(),
        zlib.crc32(body),
        len(body),
    )
    path = directory / _NAME.format(segment)
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        file.write(header)
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(directory)
    for old in _paths(directory)[_KEPT:]:
        old.unlink()
    return path


def newest(directory: Path, settings: str) -> Checkpoint | None:
    """The newest whole checkpoint of this very program and configuration, if there is one."""
    for path in _paths(directory):
        header, _, body = path.read_bytes().partition(b"\n")
        words = header.split(b" ")
        if len(words) != 4 or words[0] != _MAGIC or len(body) != int(words[3]):
            continue
        if words[1].decode() != program_fingerprint() or zlib.crc32(body) != int(words[2], 16):
            continue
        checkpoint = pickle.loads(body)  # noqa: S301  Ours alone: see the module's docstring.
        assert isinstance(checkpoint, Checkpoint)
        if checkpoint.settings == settings:
            return checkpoint
    return None


def _paths(directory: Path) -> list[Path]:
    return sorted(directory.glob("[0-9]*.checkpoint"), reverse=True)
