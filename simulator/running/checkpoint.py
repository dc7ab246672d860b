"""Checkpoints: the house and the lengths of all files, at the beginning of a journal's segment.

They are pickles, which only the owner of the directory may write (0700), and which only the
program that made one can read: a checkpoint has the fingerprints of program and configuration.
"""

import hashlib
import json
import os
import pickle
import zlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from simulator.running.growing import sync_directory
from simulator.running.house import House
from simulator.running.memory import Memory, SessionLengths

_MAGIC = b"venues-checkpoint-2"
_NAME = "{:06d}.checkpoint"
_KEPT = 2


class Plain(NamedTuple):
    """What any program can read of a checkpoint, and a new house may begin with."""

    segment: int  # The journal goes on from its beginning.
    now: str  # Of the last turn, in ISO; empty before the first.
    sessions: dict[str, SessionLengths]
    executions: dict[str, dict[str, int]]
    standing: dict[str, dict[str, int]]


class Checkpoint(NamedTuple):
    """Everything at one instant."""

    plain: Plain
    house: House | None  # None where another program, or another configuration, made it.


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
    plain = Plain(
        segment=segment,
        now="" if house.now is None else house.now.isoformat(),
        sessions={name: one.lengths() for name, one in memory.sessions.items()},
        executions={venue: one.lengths() for venue, one in memory.executions.items()},
        standing=house.standing(),
    )
    body = pickle.dumps(house, protocol=pickle.HIGHEST_PROTOCOL)
    text = json.dumps(plain).encode()
    header = b"%b %b %b %08x %d %d\n" % (
        _MAGIC,
        program_fingerprint().encode(),
        settings.encode(),
        zlib.crc32(body, zlib.crc32(text)),
        len(text),
        len(body),
    )
    path = directory / _NAME.format(segment)
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        file.write(header + text)
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(directory)
    for old in _paths(directory)[_KEPT:]:
        old.unlink()
    return path


def newest(directory: Path, settings: str) -> Checkpoint | None:
    """The newest whole checkpoint, if there is one."""
    for path in _paths(directory):
        header, _, rest = path.read_bytes().partition(b"\n")
        words = header.split(b" ")
        if len(words) != 6 or words[0] != _MAGIC or len(rest) != int(words[4]) + int(words[5]):
            continue
        if zlib.crc32(rest) != int(words[3], 16):
            continue
        text, body = rest[: int(words[4])], rest[int(words[4]) :]
        is_ours = words[1].decode() == program_fingerprint() and words[2].decode() == settings
        house = pickle.loads(body) if is_ours else None  # noqa: S301  Ours: see the module's docstring.
        assert house is None or isinstance(house, House)
        return Checkpoint(_plain(text), house)
    return None


def _plain(text: bytes) -> Plain:
    segment, now, sessions, executions, standing = json.loads(text)
    lengths = {name: SessionLengths(*one) for name, one in sessions.items()}
    return Plain(segment, now, lengths, executions, standing)


def _paths(directory: Path) -> list[Path]:
    return sorted(directory.glob("[0-9]*.checkpoint"), reverse=True)
